//! Who used what in an event, as shards are asked and told.

use serde::{Deserialize, Serialize};
use stanchion_shared::{identity::Tag, score::sighting::Sighted};

/// How long it is remembered who used something, after the last of them was noted, in ms: a week.
pub const SIGHTINGS_KEPT_MS: u64 = 7 * 24 * 3_600_000;

/// Somebody used something: a fingerprint, an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// What.
    pub sighted: Sighted,
    /// Who.
    pub tag: Tag,
    /// So many people are told apart.
    pub most: u16,
}

/// Who used something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightedBy {
    /// How many, the one who asks included; `most` if there are more.
    pub people: u16,
    /// The one who asks is not noted, and there is room: a join that gives a number has to [note](super::QueueStore::note) it.
    pub is_new: bool,
}

impl SightedBy {
    /// `others`: how many are noted besides the one who asks, who is `noted` too or not.
    pub(crate) fn of(others: u16, noted: bool, most: u16) -> SightedBy {
        SightedBy {
            people: others.saturating_add(1).min(most),
            is_new: !noted && others < most,
        }
    }
}
