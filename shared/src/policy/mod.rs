//! How an event's queue treats people: what an admin decides beyond numbers. One value, told to the edge with the event, and
//! part of its snapshot: so it is small, and holds no secret.
//!
//! Each part has a file, defaults that suit most events, and its limits in a `check`.

mod beacon;

use serde::{Deserialize, Serialize};

pub use beacon::{BeaconKey, BeaconPolicy, BeaconScheme, FREEZE_MS, GENESIS_S, PERIOD_S};

/// See the module. What is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueuePolicy {
    /// The randomness beacon that every draw waits for; `None`: the draws use none. Fixed from the first put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beacon: Option<BeaconPolicy>,
}

impl QueuePolicy {
    /// Says which field is out of its limits.
    ///
    /// # Errors
    /// A sentence that names the field and its limits.
    pub fn check(&self) -> Result<(), String> {
        self.beacon.as_ref().map_or(Ok(()), BeaconPolicy::check)
    }

    /// Says what of it would change that never changes after an event's first put.
    #[must_use]
    pub fn fixed_by(&self, before: &QueuePolicy) -> Option<String> {
        (self.beacon != before.beacon)
            .then(|| "The first put fixed the beacon: it was announced to those who joined.".to_owned())
    }

    /// Nothing was decided.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == QueuePolicy::default()
    }
}
