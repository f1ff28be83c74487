//! How an event's queue treats people: what an admin decides beyond numbers. One value, told to the edge with the event, and
//! part of its snapshot: so it is small, and holds no secret.
//!
//! Each part has a file, defaults that suit most events, and its limits in a `check`.

mod bots;

use serde::{Deserialize, Serialize};

pub use bots::{ACCOUNTS_PER_ADDRESS, ACCOUNTS_PER_FINGERPRINT, BotPolicy};

/// See the module. What is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueuePolicy {
    /// What speaks against a person.
    pub bots: BotPolicy,
}

impl QueuePolicy {
    /// Says which field is out of its limits.
    ///
    /// # Errors
    /// A sentence that names the field and its limits.
    pub fn check(&self) -> Result<(), String> {
        self.bots.check()
    }

    /// Says what of it would change that never changes after an event's first put.
    #[must_use]
    pub fn fixed_by(&self, _before: &QueuePolicy) -> Option<String> {
        None
    }

    /// Nothing was decided.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == QueuePolicy::default()
    }
}
