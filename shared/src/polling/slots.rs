//! Poll slots: the instants at which one fan may ask.
//!
//! They are cut as in time-division multiple access: every fan has one slot in every interval, at a
//! phase of their own. The phase is a part of the tag, which is an HMAC, so phases are spread
//! evenly, and nobody chooses one. Longer intervals are made of shorter ones, so each slot of a
//! long interval is one of the short ones, too.

use super::{LONGEST_SPREAD_MS, SHORTEST_POLL_MS};
use crate::{ids::Tag, timestamp::UnixMillis};

/// The slots of one fan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollSlots {
    /// Below [`LONGEST_SPREAD_MS`].
    phase_ms: u64,
}

impl PollSlots {
    /// The slots of the fan with this tag.
    #[must_use]
    pub fn of(tag: Tag) -> PollSlots {
        let last = tag.0[8..].try_into().expect("8 of 16 bytes");
        PollSlots {
            phase_ms: u64::from_be_bytes(last) % LONGEST_SPREAD_MS,
        }
    }

    /// The last slot at or before `instant`. `interval_ms` is [`SHORTEST_POLL_MS`] times a power of
    /// two, up to [`LONGEST_SPREAD_MS`].
    #[must_use]
    pub fn at_or_before(self, instant: UnixMillis, interval_ms: u64) -> UnixMillis {
        debug_assert!(LONGEST_SPREAD_MS.is_multiple_of(interval_ms) && interval_ms.is_multiple_of(SHORTEST_POLL_MS));
        instant.minus((instant.0 + LONGEST_SPREAD_MS - self.phase_ms) % interval_ms)
    }

    /// The first slot after `instant`.
    #[must_use]
    pub fn after(self, instant: UnixMillis, interval_ms: u64) -> UnixMillis {
        self.at_or_before(instant, interval_ms).plus(interval_ms)
    }
}
