//! The factors: what can be found, what it weighs, and how it is called.

use serde::{Deserialize, Serialize};

/// A share from 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millionths(pub u32);

impl Millionths {
    /// The whole.
    pub const ONE: Millionths = Millionths(1_000_000);

    /// The product, rounded down.
    #[must_use]
    pub fn times(self, other: Millionths) -> Millionths {
        let product = u64::from(self.0) * u64::from(other.0) / u64::from(Millionths::ONE.0);
        Millionths(u32::try_from(product).unwrap_or(u32::MAX))
    }
}

/// A fingerprint that tells kinds of devices apart, used by many accounts at one address: a farm, or a school.
pub(super) const KIND_OF_DEVICE_REUSED: Millionths = Millionths(500_000);
/// A fingerprint that tells single devices apart, used by many accounts.
pub(super) const DEVICE_REUSED: Millionths = Millionths(300_000);

/// Something found that speaks against a person, or a sign that something could not be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorName {
    /// The address belongs to a datacentre.
    Datacentre,
    /// The address is an exit of a VPN.
    Vpn,
    /// The address is known for abuse.
    Abuse,
    /// The fingerprint is on the list of bad ones.
    FingerprintKnownBad,
    /// Many accounts have the fingerprint.
    FingerprintReused,
    /// Many accounts have the address.
    AddressShared,
    /// The client sent no signals.
    SignalsAbsent,
    /// The page saw no input of any kind.
    NoInput,
    /// The input came as regularly as a clock.
    TooRegular,
    /// The browser says that a program steers it.
    HeadlessBrowser,
    /// The challenge was solved faster than the work can be done.
    InstantCaptcha,
    /// Weighs nothing: who else used the same things could not be asked.
    SightingsUnavailable,
    /// Weighs nothing, but nobody comes to the front: the captcha's provider did not answer.
    CaptchaUnavailable,
}

impl FactorName {
    /// All of them.
    pub const ALL: [FactorName; 13] = [
        FactorName::Datacentre,
        FactorName::Vpn,
        FactorName::Abuse,
        FactorName::FingerprintKnownBad,
        FactorName::FingerprintReused,
        FactorName::AddressShared,
        FactorName::SignalsAbsent,
        FactorName::NoInput,
        FactorName::TooRegular,
        FactorName::HeadlessBrowser,
        FactorName::InstantCaptcha,
        FactorName::SightingsUnavailable,
        FactorName::CaptchaUnavailable,
    ];

    /// The name in JSON and in stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FactorName::Datacentre => "datacentre",
            FactorName::Vpn => "vpn",
            FactorName::Abuse => "abuse",
            FactorName::FingerprintKnownBad => "fingerprint_known_bad",
            FactorName::FingerprintReused => "fingerprint_reused",
            FactorName::AddressShared => "address_shared",
            FactorName::SignalsAbsent => "signals_absent",
            FactorName::NoInput => "no_input",
            FactorName::TooRegular => "too_regular",
            FactorName::HeadlessBrowser => "headless_browser",
            FactorName::InstantCaptcha => "instant_captcha",
            FactorName::SightingsUnavailable => "sightings_unavailable",
            FactorName::CaptchaUnavailable => "captcha_unavailable",
        }
    }

    /// What it multiplies the score with. [`FactorName::FingerprintReused`] weighs more where fingerprints tell single devices.
    #[must_use]
    pub fn value(self) -> Millionths {
        Millionths(match self {
            FactorName::Datacentre | FactorName::FingerprintKnownBad | FactorName::HeadlessBrowser => 100_000,
            FactorName::Abuse | FactorName::TooRegular | FactorName::InstantCaptcha => 200_000,
            FactorName::NoInput => 300_000,
            FactorName::Vpn | FactorName::AddressShared | FactorName::SignalsAbsent => 500_000,
            FactorName::FingerprintReused => return KIND_OF_DEVICE_REUSED,
            FactorName::SightingsUnavailable | FactorName::CaptchaUnavailable => return Millionths::ONE,
        })
    }

    /// The reason as part of a sentence for people; `None` where it is no reason.
    #[must_use]
    pub fn words(self) -> Option<&'static str> {
        Some(match self {
            FactorName::Datacentre => "its network address belongs to a datacentre",
            FactorName::Vpn => "its network address belongs to a VPN",
            FactorName::Abuse => "its network address is known for abuse",
            FactorName::FingerprintKnownBad => "its device is known for abuse",
            FactorName::FingerprintReused => "many accounts join from the same device",
            FactorName::AddressShared => "many accounts join from the same network address",
            FactorName::SignalsAbsent => "it did not come from the page",
            FactorName::NoInput => "nobody touched, pointed or typed on the page",
            FactorName::TooRegular => "the page was used with the regularity of a clock",
            FactorName::HeadlessBrowser => "the browser says that a program steers it",
            FactorName::InstantCaptcha => "the puzzle was solved faster than a device can do it",
            FactorName::SightingsUnavailable | FactorName::CaptchaUnavailable => return None,
        })
    }
}
