//! The queue policy: how the queue of an event treats people, as far as an admin decides.
//!
//! It travels to the edge with the event settings and is part of the snapshot. So it is small and
//! contains no secret. Each part has its own file, with defaults that suit most events and its
//! limits in a `check`.

mod beacon;
mod bots;
mod captcha;
pub mod gate;
mod identity;
mod rate_limits;
mod site_release;

use serde::{Deserialize, Serialize};

pub use beacon::{BeaconKey, BeaconPolicy, BeaconScheme, FREEZE_MS, GENESIS_S, PERIOD_S, PIN_BEFORE_MS, Pinned};
pub use bots::{ACCOUNTS_PER_ADDRESS, ACCOUNTS_PER_FINGERPRINT, BotPolicy, FingerprintScope};
pub use captcha::{
    CHALLENGE_MAX_NUMBER, CaptchaPolicy, CaptchaProvider, HARDEST, MAX_SITE_KEY_LENGTH, RAISE_ABOVE_PER_SECOND,
};
pub use identity::IdentityPolicy;
pub use rate_limits::{MAX_A_MINUTE, RateLimitPolicy};
pub use site_release::{
    HEALTH_EVERY_MS, HEALTH_LEASE_MS, MAX_AT_ONCE, MAX_HEALTH_PATH_LENGTH, MAX_PER_MINUTE, SiteRelease,
};

/// The policy of one event. A part that is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueuePolicy {
    /// What speaks against a person.
    pub bots: BotPolicy,
    /// How people prove to be human.
    pub captcha: CaptchaPolicy,
    /// The randomness beacon that every draw waits for; `None`: the draws use none. Fixed by the
    /// first put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beacon: Option<BeaconPolicy>,
    /// What passes the gate without waiting, and which shopping sessions are over early.
    pub gate: gate::GatePolicy,
    /// Who may join.
    pub identity: IdentityPolicy,
    /// How often one account, address or ticket may ask.
    pub limits: RateLimitPolicy,
    /// How people come into a protected site, in place of the releases of an origin.
    pub release: Option<SiteRelease>,
}

impl QueuePolicy {
    /// Checks every field against its limits.
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
        self.release.as_ref().map_or(Ok(()), SiteRelease::check)?;
        // Without the meter nobody knows how much room there is.
        let has_no_meter = self.release.as_ref().is_some_and(|release| !release.meter);
        if self.gate.mode == gate::GateMode::WhenBusy && has_no_meter {
            return Err("gate.mode when_busy needs the meter: leave release.meter out".to_owned());
        }
        Ok(())
    }

    /// Returns a sentence if this policy changes a part that is fixed by the first put.
    #[must_use]
    pub fn fixed_by(&self, before: &QueuePolicy) -> Option<String> {
        if self.beacon != before.beacon {
            return Some("The first put fixed the beacon: it was announced to those who joined.".to_owned());
        }
        (self.release.is_some() != before.release.is_some())
            .then(|| "The first put fixed whether the policy has a release or an origin sends releases.".to_owned())
    }

    /// Whether every part has its default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == QueuePolicy::default()
    }
}
