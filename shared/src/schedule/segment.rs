use serde::{Deserialize, Serialize};

use super::Rate;
use crate::timestamp::UnixMillis;

/// Millionths of a place served. Ten million places are 10^13 of them; u64 ends at 10^19.
pub type MicroPlaces = u64;

pub(super) const MICRO: u64 = 1_000_000;

/// One straight piece of the curve, valid from `from_ms` until the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Begins here, ms since 1970.
    pub from_ms: u64,
    /// Served when it begins, in millionths of a place.
    pub served_before_micro: MicroPlaces,
    /// Slope.
    pub rate_per_second: Rate,
    /// How long a turn that begins in this segment waits to be claimed, in ms.
    pub turn_ms: u64,
    /// The curve does not pass this place: the last one of the last draw closed when the segment was made.
    pub last_place: u64,
}

impl Segment {
    /// For how long somebody waits in it, in ms: until the curve has come to the last place.
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
        // max: a curve never falls, not even to a ceiling below it.
        let ceiling = (self.last_place.saturating_mul(MICRO)).max(self.served_before_micro);
        self.served_before_micro.saturating_add(climbed).min(ceiling)
    }
}
