//! The factors: what can be found of a join, what it weighs, and its name.

use serde::{Deserialize, Serialize};

use crate::policy::{BotPolicy, FingerprintScope};

/// A share from 0 to 1, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millionths(pub u32);

impl Millionths {
    /// The whole: 1.
    pub const ONE: Millionths = Millionths(1_000_000);

    /// The product, rounded down.
    #[must_use]
    pub fn times(self, other: Millionths) -> Millionths {
        let product = u64::from(self.0) * u64::from(other.0) / u64::from(Millionths::ONE.0);
        Millionths(u32::try_from(product).unwrap_or(u32::MAX))
    }
}

/// The weight of what is true of many people: a VPN, the address of a carrier, a kind of phone.
const TRUE_OF_MANY: Millionths = Millionths(500_000);
/// The weight of a fingerprint of a single device that many accounts use.
const DEVICE_REUSED: Millionths = Millionths(300_000);

/// A finding that speaks against a person, a sign that something could not be looked at, or what the
/// accounts of networks are compared by.
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
    /// A new account in a network with many new accounts and far fewer known ones than elsewhere;
    /// see [`super::sharing`].
    NewAccountsTogether,
    /// Weighs nothing: the client sent no signals.
    SignalsAbsent,
    /// The page saw no input of any kind.
    NoInput,
    /// The input was as regular as a clock.
    TooRegular,
    /// The browser says that a program steers it.
    HeadlessBrowser,
    /// The challenge was solved faster than a page can.
    InstantCaptcha,
    /// Weighs nothing: the reputation of the address could not be read.
    ReputationUnavailable,
    /// Weighs nothing: it could not be asked who else used the same identifiers.
    #[serde(rename = "sightings_unavailable")]
    IdentifierReuseUnavailable,
    /// Weighs nothing, but nobody is placed in front: the captcha provider did not answer.
    CaptchaUnavailable,
    /// Weighs nothing: the account is known to its issuer for long.
    AccountKnown,
    /// Weighs nothing by itself: the account is new.
    AccountNew,
}

impl FactorName {
    /// All factors.
    pub const ALL: [FactorName; 17] = [
        FactorName::Datacentre,
        FactorName::Vpn,
        FactorName::Abuse,
        FactorName::FingerprintKnownBad,
        FactorName::FingerprintReused,
        FactorName::AddressShared,
        FactorName::NewAccountsTogether,
        FactorName::SignalsAbsent,
        FactorName::NoInput,
        FactorName::TooRegular,
        FactorName::HeadlessBrowser,
        FactorName::InstantCaptcha,
        FactorName::ReputationUnavailable,
        FactorName::IdentifierReuseUnavailable,
        FactorName::CaptchaUnavailable,
        FactorName::AccountKnown,
        FactorName::AccountNew,
    ];

    /// The name in JSON and in stores. It is part of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FactorName::Datacentre => "datacentre",
            FactorName::Vpn => "vpn",
            FactorName::Abuse => "abuse",
            FactorName::FingerprintKnownBad => "fingerprint_known_bad",
            FactorName::FingerprintReused => "fingerprint_reused",
            FactorName::AddressShared => "address_shared",
            FactorName::NewAccountsTogether => "new_accounts_together",
            FactorName::SignalsAbsent => "signals_absent",
            FactorName::NoInput => "no_input",
            FactorName::TooRegular => "too_regular",
            FactorName::HeadlessBrowser => "headless_browser",
            FactorName::InstantCaptcha => "instant_captcha",
            FactorName::ReputationUnavailable => "reputation_unavailable",
            FactorName::IdentifierReuseUnavailable => "sightings_unavailable",
            FactorName::CaptchaUnavailable => "captcha_unavailable",
            FactorName::AccountKnown => "account_known",
            FactorName::AccountNew => "account_new",
        }
    }

    /// Its weight in an event with this policy. That of [`FactorName::NewAccountsTogether`] depends
    /// on the network.
    pub(super) fn weight(self, policy: &BotPolicy) -> Millionths {
        let everywhere = policy.fingerprint_counts == FingerprintScope::Everywhere;
        match self {
            FactorName::Datacentre | FactorName::FingerprintKnownBad | FactorName::HeadlessBrowser => {
                Millionths(100_000)
            }
            FactorName::Abuse | FactorName::InstantCaptcha => Millionths(200_000),
            FactorName::FingerprintReused if everywhere => DEVICE_REUSED,
            FactorName::Vpn | FactorName::AddressShared | FactorName::FingerprintReused => TRUE_OF_MANY,
            // Where people join with apps, odd signals are more often a person's.
            FactorName::NoInput | FactorName::TooRegular if policy.apps_without_signals => TRUE_OF_MANY,
            FactorName::TooRegular => Millionths(200_000),
            FactorName::NoInput => Millionths(300_000),
            // Nothing that is said may count more than silence.
            FactorName::SignalsAbsent
            | FactorName::NewAccountsTogether
            | FactorName::ReputationUnavailable
            | FactorName::IdentifierReuseUnavailable
            | FactorName::CaptchaUnavailable
            | FactorName::AccountKnown
            | FactorName::AccountNew => Millionths::ONE,
        }
    }

    /// Whether it is true of many people. Only the worst of all such factors counts: they go
    /// together for thousands of people who have nothing to do with each other, so two of them say
    /// no more than one.
    pub(super) fn is_true_of_many(self, policy: &BotPolicy) -> bool {
        match self {
            FactorName::Vpn | FactorName::AddressShared | FactorName::FingerprintReused => true,
            FactorName::NoInput | FactorName::TooRegular => policy.apps_without_signals,
            _ => false,
        }
    }
}
