//! How often one account and one address may try to join, and one ticket be asked for.

use serde::{Deserialize, Serialize};

/// Most of either that can be asked for.
pub const MAX_A_MINUTE: u32 = 10_000_000;

/// See the module. A challenge counts as a join does; each instance of the edge counts for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitPolicy {
    /// At once, and again within each minute.
    pub joins_per_account_a_minute: u32,
    /// The same for an address (IPv6: a network of 64 bits). A mobile carrier has thousands of people behind one.
    pub joins_per_address_a_minute: u32,
    /// Evenly, and a sixth of it at once: tabs, reloads, a network that was away. `poll_after_ms` never asks for more than 60.
    pub polls_per_ticket_a_minute: u32,
}

impl Default for LimitPolicy {
    fn default() -> LimitPolicy {
        LimitPolicy {
            joins_per_account_a_minute: 30,
            joins_per_address_a_minute: 3_000,
            polls_per_ticket_a_minute: 60,
        }
    }
}

impl LimitPolicy {
    /// # Errors
    /// A sentence that names the field and its limits.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, most) in [
            ("joins_per_account_a_minute", self.joins_per_account_a_minute),
            ("joins_per_address_a_minute", self.joins_per_address_a_minute),
            ("polls_per_ticket_a_minute", self.polls_per_ticket_a_minute),
        ] {
            if !(1..=MAX_A_MINUTE).contains(&most) {
                return Err(format!("limits.{name} must be 1 to {MAX_A_MINUTE}"));
            }
        }
        Ok(())
    }
}
