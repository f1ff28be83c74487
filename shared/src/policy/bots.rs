//! What of the bot score an admin decides.

use serde::{Deserialize, Serialize};

use crate::{score::sighting::FingerprintScope, wire::Limits};

/// Accounts that may have joined from one address before that speaks against them. Generous: behind a carrier's address are
/// thousands of people, and the factor alone makes nobody a suspect.
pub const ACCOUNTS_PER_ADDRESS: Limits = Limits {
    default: 200,
    least: 1,
    most: 1_000,
};
/// Accounts that may have joined with one fingerprint before that speaks against them.
pub const ACCOUNTS_PER_FINGERPRINT: Limits = Limits {
    default: 20,
    least: 1,
    most: 1_000,
};

/// See [`crate::score`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BotPolicy {
    /// See [`ACCOUNTS_PER_ADDRESS`].
    pub accounts_per_address: u16,
    /// See [`ACCOUNTS_PER_FINGERPRINT`].
    pub accounts_per_fingerprint: u16,
    /// What fingerprints tell in this event.
    pub fingerprint_counts: FingerprintScope,
    /// People join with apps that send no signals. The page always sends some, so elsewhere leaving them out weighs as much
    /// as the oddest that a person may send.
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
