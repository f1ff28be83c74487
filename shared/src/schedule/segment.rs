//! Segments: the straight pieces of the curve.

use serde::{Deserialize, Serialize};

use super::{Rate, SecondLine};
use crate::timestamp::UnixMillis;

/// Millionths of a place served. Ten million places are 10^13 of them; u64 ends at 10^19.
pub type MicroPlaces = u64;

pub(super) const MICRO: u64 = 1_000_000;

/// One straight piece of the curve, valid until the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Start of the segment, in ms since 1970.
    pub from_ms: u64,
    /// Served at the start, in millionths of a place.
    pub served_before_micro: MicroPlaces,
    /// The slope.
    pub rate_per_second: Rate,
    /// How long a turn that begins in this segment can be claimed, in ms.
    pub turn_ms: u64,
    /// How long a shopping session lasts whose turn begins in this segment, with all its renewals,
    /// in ms.
    pub session_ms: u64,
    /// The curve does not rise above this place: the last one of the last draw that was closed when
    /// the segment was made, or of the people of the second line who have moved up behind it.
    pub last_place: u64,
    /// It stands for several former ones, see [`Schedule::live_part`](super::Schedule::live_part).
    /// Each of its turns counts as if it had come in the last millisecond.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_summary: bool,
    /// How the second line goes on in this line; absent before anybody was in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_line: Option<SecondLine>,
}

impl Segment {
    /// How long the curve rises in this segment, in ms: until it has reached the last place.
    pub(super) fn moving_ms(&self) -> u64 {
        let ceiling = self.last_place.saturating_mul(MICRO);
        match ceiling.saturating_sub(self.served_before_micro) {
            0 => 0,
            left => left.checked_div(self.rate_per_second.milli()).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn served_at(&self, instant: UnixMillis) -> MicroPlaces {
        let elapsed = instant.0.saturating_sub(self.from_ms);
        let climbed = self.rate_per_second.milli().saturating_mul(elapsed);
        // The maximum, because a curve never falls, not even to a ceiling below it.
        let ceiling = (self.last_place.saturating_mul(MICRO)).max(self.served_before_micro);
        self.served_before_micro.saturating_add(climbed).min(ceiling)
    }
}
