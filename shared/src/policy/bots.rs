//! The bot policy: what an admin decides of the bot score. The thresholds between human, suspect
//! and refusal are the same for every event: [`crate::score::HUMAN_FROM`] and
//! [`crate::score::SUSPECT_FROM`].

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// Accounts that may join from one network before that speaks against them. It is generous:
/// thousands of people share the address of a carrier. Beyond it new accounts are suspects where far
/// fewer accounts are known than elsewhere ([`crate::score::sharing`]); known accounts never are for
/// it.
pub const ACCOUNTS_PER_ADDRESS: Limits = Limits {
    default: 200,
    least: 1,
    most: 1_000,
};
/// Accounts that may join with one fingerprint before that speaks against them.
pub const ACCOUNTS_PER_FINGERPRINT: Limits = Limits {
    default: 20,
    least: 1,
    most: 1_000,
};

/// What a fingerprint distinguishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FingerprintScope {
    /// Kinds of devices, as the page's fingerprint does: thousands of phones have the same. Only
    /// accounts at one address are counted together.
    #[default]
    AtOneAddress,
    /// Single devices, as an app's fingerprint may: all accounts of the event are counted together.
    Everywhere,
}

/// The policy of the bot score, see [`crate::score`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BotPolicy {
    /// See [`ACCOUNTS_PER_ADDRESS`].
    pub accounts_per_address: u16,
    /// See [`ACCOUNTS_PER_FINGERPRINT`].
    pub accounts_per_fingerprint: u16,
    /// What fingerprints distinguish in this event.
    pub fingerprint_counts: FingerprintScope,
    /// Whether people join with apps. Their signals may be odd, so odd signals weigh less there. To
    /// send none costs nothing in any event.
    pub apps_without_signals: bool,
}

impl Default for BotPolicy {
    fn default() -> Self {
        BotPolicy {
            accounts_per_address: ACCOUNTS_PER_ADDRESS.default as u16,
            accounts_per_fingerprint: ACCOUNTS_PER_FINGERPRINT.default as u16,
            fingerprint_counts: FingerprintScope::default(),
            apps_without_signals: false,
        }
    }
}

impl BotPolicy {
    /// # Errors
    /// A sentence that names the field and its limits.
    pub(super) fn check(&self) -> Result<(), String> {
        let numbers = [
            (
                "bots.accounts_per_address",
                self.accounts_per_address,
                ACCOUNTS_PER_ADDRESS,
            ),
            (
                "bots.accounts_per_fingerprint",
                self.accounts_per_fingerprint,
                ACCOUNTS_PER_FINGERPRINT,
            ),
        ];
        for (name, value, limits) in numbers {
            if !limits.allow(u64::from(value)) {
                return Err(format!("{name} must be {} to {}", limits.least, limits.most));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_both_its_limits() {
        type Set = fn(&mut BotPolicy, u16);
        let limited: [(Limits, Set); 2] = [
            (ACCOUNTS_PER_ADDRESS, |policy, value| {
                policy.accounts_per_address = value
            }),
            (ACCOUNTS_PER_FINGERPRINT, |policy, value| {
                policy.accounts_per_fingerprint = value
            }),
        ];
        for (limits, set) in limited {
            let allowed = |value: u64| {
                let mut policy = BotPolicy::default();
                set(&mut policy, value as u16);
                policy.check().is_ok()
            };
            assert!(allowed(limits.least) && allowed(limits.most));
            assert!(!allowed(limits.least - 1) && !allowed(limits.most + 1));
        }
    }
}
