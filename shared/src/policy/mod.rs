//! How an event's queue treats people: what an admin decides beyond numbers. One value, told to the edge with the event, and
//! part of its snapshot: so it is small, and holds no secret.
//!
//! Each part has a file, defaults that suit most events, and its limits in a `check`.

mod beacon;
mod bots;
mod captcha;
pub mod gate;
mod identity;
mod limits;
mod release;

use serde::{Deserialize, Serialize};

pub use beacon::{BeaconKey, BeaconPolicy, BeaconScheme, FREEZE_MS, GENESIS_S, PERIOD_S};
pub use bots::{ACCOUNTS_PER_ADDRESS, ACCOUNTS_PER_FINGERPRINT, BotPolicy};
pub use captcha::{CaptchaPolicy, CaptchaProvider, HARDEST, MAX_SITE_KEY_LENGTH, RAISE_ABOVE_PER_SECOND};
pub use identity::IdentityPolicy;
pub use limits::{LimitPolicy, MAX_A_MINUTE};
pub use release::{
    FixedRelease, HEALTH_EVERY_MS, HEALTH_LEASE_MS, MAX_AT_ONCE, MAX_HEALTH_PATH_LENGTH, MAX_PER_MINUTE,
};

/// See the module. What is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueuePolicy {
    /// What speaks against a person.
    pub bots: BotPolicy,
    /// How one proves to be human.
    pub captcha: CaptchaPolicy,
    /// The randomness beacon that every draw waits for; `None`: the draws use none. Fixed from the first put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beacon: Option<BeaconPolicy>,
    /// Who passes the gate.
    pub gate: gate::GatePolicy,
    /// Who may join.
    pub identity: IdentityPolicy,
    /// How often one may try to join.
    pub limits: LimitPolicy,
    /// Fixed limits in place of an origin's meter.
    pub release: Option<FixedRelease>,
}

impl QueuePolicy {
    /// Says which field is out of its limits.
    ///
    /// # Errors
    /// A sentence that names the field and its limits.
    pub fn check(&self) -> Result<(), String> {
        self.bots.check()?;
        self.captcha.check()?;
        self.beacon.as_ref().map_or(Ok(()), BeaconPolicy::check)?;
        self.gate.check()?;
        self.identity.check()?;
        self.limits.check()?;
        self.release.as_ref().map_or(Ok(()), FixedRelease::check)
    }

    /// Says what of it would change that never changes after an event's first put.
    #[must_use]
    pub fn fixed_by(&self, before: &QueuePolicy) -> Option<String> {
        if self.beacon != before.beacon {
            return Some("The first put fixed the beacon: it was announced to those who joined.".to_owned());
        }
        (self.release.is_some() != before.release.is_some())
            .then(|| "The first put fixed whether releases are fixed or an origin's meter decides.".to_owned())
    }

    /// Nothing was decided.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == QueuePolicy::default()
    }
}
