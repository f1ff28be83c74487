//! Counts that all instances of the edge share: how often something was done lately.

use serde::{Deserialize, Serialize};

/// What is counted, as a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CountKey(pub [u8; 16]);

impl CountKey {
    /// The key as hex digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }
}

/// Counts one more of each key. All keys of one message are counted in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountOneMore {
    /// Names the place. Messages that share a key must have the same.
    pub place: CountKey,
    /// What is counted.
    pub keys: Vec<CountKey>,
    /// A count begins anew so long after its first one, in ms.
    #[serde(rename = "window_ms")]
    pub interval_ms: u64,
}

/// How often something was done in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntervalCount {
    /// The count, with the one that the message added.
    pub count: u32,
    /// When the interval ends, from now, in ms.
    pub ends_in_ms: u64,
}
