//! The factors: what can be found, what it weighs, and how it is called.

use serde::{Deserialize, Serialize};

use super::sighting::FingerprintScope;
use crate::policy::BotPolicy;

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

/// What is true of many people: a VPN, a carrier's address, a kind of phone, an app that sends no signals.
const TRUE_OF_MANY: Millionths = Millionths(500_000);
/// A fingerprint that tells single devices apart, used by many accounts.
const DEVICE_REUSED: Millionths = Millionths(300_000);
/// The worst that signals of a person may look like. Who leaves them out must not fare better.
const ODDEST_OF_A_PERSON: Millionths = Millionths(200_000);

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
    /// The challenge was solved faster than a page can.
    InstantCaptcha,
    /// Weighs nothing: what is known of addresses could not be asked.
    ReputationUnavailable,
    /// Weighs nothing: who else used the same things could not be asked.
    SightingsUnavailable,
    /// Weighs nothing, but nobody comes to the front: the captcha's provider did not answer.
    CaptchaUnavailable,
}

impl FactorName {
    /// All of them.
    pub const ALL: [FactorName; 14] = [
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
        FactorName::ReputationUnavailable,
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
            FactorName::ReputationUnavailable => "reputation_unavailable",
            FactorName::SightingsUnavailable => "sightings_unavailable",
            FactorName::CaptchaUnavailable => "captcha_unavailable",
        }
    }

    /// What it weighs in an event with this policy.
    pub(super) fn weight(self, policy: &BotPolicy) -> Millionths {
        let everywhere = policy.fingerprint_counts == FingerprintScope::Everywhere;
        match self {
            FactorName::Datacentre | FactorName::FingerprintKnownBad | FactorName::HeadlessBrowser => {
                Millionths(100_000)
            }
            FactorName::Abuse | FactorName::InstantCaptcha => Millionths(200_000),
            FactorName::FingerprintReused if everywhere => DEVICE_REUSED,
            FactorName::Vpn | FactorName::AddressShared | FactorName::FingerprintReused => TRUE_OF_MANY,
            // Where apps send no signals, a program has none either: what signals say can only tell against people.
            FactorName::SignalsAbsent | FactorName::NoInput | FactorName::TooRegular if policy.apps_without_signals => {
                TRUE_OF_MANY
            }
            FactorName::SignalsAbsent | FactorName::TooRegular => ODDEST_OF_A_PERSON,
            FactorName::NoInput => Millionths(300_000),
            FactorName::ReputationUnavailable | FactorName::SightingsUnavailable | FactorName::CaptchaUnavailable => {
                Millionths::ONE
            }
        }
    }

    /// Whether it says what is true of many people, too. Of all such factors only the worst counts: they go together with
    /// thousands of people who have nothing to do with each other, so two of them say no more than one.
    pub(super) fn is_true_of_many(self, policy: &BotPolicy) -> bool {
        match self {
            FactorName::Vpn | FactorName::AddressShared | FactorName::FingerprintReused => true,
            FactorName::SignalsAbsent | FactorName::NoInput | FactorName::TooRegular => policy.apps_without_signals,
            _ => false,
        }
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
            FactorName::InstantCaptcha => "the puzzle was solved faster than a page can do it",
            FactorName::ReputationUnavailable | FactorName::SightingsUnavailable | FactorName::CaptchaUnavailable => {
                return None;
            }
        })
    }
}
