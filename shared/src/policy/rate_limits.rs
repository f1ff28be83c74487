//! The rate limits: how often one account and one address may try to join, and how often one ticket
//! may be polled.

use serde::{Deserialize, Serialize};

/// Largest limit that can be set.
pub const MAX_A_MINUTE: u32 = 10_000_000;

/// The rate limits of one event. A challenge counts like a join. Each instance of the edge counts
/// for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitPolicy {
    /// Joins of one account: this many at once, and as many again within each minute.
    pub joins_per_account_a_minute: u32,
    /// Joins from one address (in IPv6, one network of 64 bits), counted in the same way. Thousands
    /// of people share the address of a mobile carrier.
    pub joins_per_address_a_minute: u32,
    /// Polls of one ticket, spread evenly, and a sixth of them at once for tabs, reloads and a
    /// network that was away. `poll_after_ms` never asks for more than 60 a minute.
    pub polls_per_ticket_a_minute: u32,
}

impl Default for RateLimitPolicy {
    fn default() -> RateLimitPolicy {
        RateLimitPolicy {
            joins_per_account_a_minute: 30,
            joins_per_address_a_minute: 3_000,
            polls_per_ticket_a_minute: 60,
        }
    }
}

impl RateLimitPolicy {
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
