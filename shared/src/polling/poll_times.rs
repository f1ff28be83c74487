//! Poll times: the instants at which one fan may ask.
//!
//! They are cut as in time-division multiple access: every fan has one poll time in every interval,
//! at an offset of their own. The offset is a part of the tag, which is an HMAC, so offsets are
//! spread evenly, and nobody chooses one. Longer intervals are made of shorter ones, so each poll
//! time of a long interval is one of the short ones, too.

use super::{LONGEST_SPREAD_MS, SHORTEST_POLL_MS};
use crate::{ids::Tag, timestamp::UnixMillis};

/// The poll times of one fan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollTimes {
    /// Below [`LONGEST_SPREAD_MS`].
    offset_ms: u64,
}

impl PollTimes {
    /// The poll times of the fan with this tag.
    #[must_use]
    pub fn of(tag: Tag) -> PollTimes {
        let last = tag.0[8..].try_into().expect("8 of 16 bytes");
        PollTimes {
            offset_ms: u64::from_be_bytes(last) % LONGEST_SPREAD_MS,
        }
    }

    /// The last poll time at or before `instant`. `interval_ms` is [`SHORTEST_POLL_MS`] times a
    /// power of two, up to [`LONGEST_SPREAD_MS`].
    #[must_use]
    pub fn at_or_before(self, instant: UnixMillis, interval_ms: u64) -> UnixMillis {
        debug_assert!(LONGEST_SPREAD_MS.is_multiple_of(interval_ms) && interval_ms.is_multiple_of(SHORTEST_POLL_MS));
        instant.minus((instant.0 + LONGEST_SPREAD_MS - self.offset_ms) % interval_ms)
    }

    /// The first poll time after `instant`.
    #[must_use]
    pub fn after(self, instant: UnixMillis, interval_ms: u64) -> UnixMillis {
        self.at_or_before(instant, interval_ms).plus(interval_ms)
    }
}
