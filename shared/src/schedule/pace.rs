//! The pace of the last minutes, and how long a wait is at that pace.
//!
//! The rate of the moment says little: a full shop admits in bursts, and stands still in between. The window was chosen by
//! `rush simulate`. While an admin's limits stay as they are, a longer one is a little better: where a small shop admits a fan
//! every two seconds, the median error over four seeds was 10 to 13 % with three minutes, 7 to 11 % with five, 5 to 8 % with
//! ten (and 28 to 35 % with the rate of the moment). After limits were changed a shorter one is right sooner.

use super::{MicroPlaces, Rate, Schedule};
use crate::{identity::Place, timestamp::UnixMillis};

/// The wait is worked out from the last so many ms in which the line could move.
pub const PACE_WINDOW_MS: u64 = 300_000;

/// Of a standstill at most so many ms count. A longer one was a pause, or a shop whose seats were all held: it says nothing
/// of how the line moves when it does.
pub const STANDSTILL_COUNTS_MS: u64 = 60_000;

/// How far the curve came in how much time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pace {
    served_micro: MicroPlaces,
    /// At most [`PACE_WINDOW_MS`].
    over_ms: u64,
}

impl Pace {
    /// Adds what was before it, as far as it is within the window.
    fn add(&mut self, rate: Rate, ms: u64) {
        let ms = ms.min(PACE_WINDOW_MS - self.over_ms);
        self.served_micro += rate.milli() * ms;
        self.over_ms += ms;
    }
}

impl Schedule {
    /// How long from `now` until the curve reaches `place`, in ms, if it goes on as it did in the last
    /// [`PACE_WINDOW_MS`], stops, long standstills and times when nobody waited aside. For what is missing of the window, soon after the
    /// on-sale, the rate of the moment is taken, or the pace so far if that is faster. Fans who have walked away are served like all others, so they are in it.
    /// `None` if nobody was admitted for so long; 0 if the place is served.
    #[must_use]
    pub fn wait_at_pace(&self, place: Place, now: UnixMillis) -> Option<u64> {
        let target = u128::from(place.0) * u128::from(super::segment::MICRO);
        let left = target.saturating_sub(u128::from(self.served_micro(now)));
        let pace = self.pace(now);
        let missing_ms = u128::from(PACE_WINDOW_MS - pace.over_ms);
        let missing = u128::from(self.rate(now).milli()) * missing_ms;
        // A small shop's rate is 0 every other second: that must not count as if it stayed so.
        let so_far = (u128::from(pace.served_micro) * missing_ms).checked_div(u128::from(pace.over_ms));
        let served = u128::from(pace.served_micro) + missing.max(so_far.unwrap_or_default());
        if served == 0 {
            return None;
        }
        let wait_ms = (left * u128::from(PACE_WINDOW_MS)).div_ceil(served);
        Some(u64::try_from(wait_ms).unwrap_or(u64::MAX))
    }

    fn pace(&self, now: UnixMillis) -> Pace {
        let mut pace = Pace::default();
        // How much was looked at, and how much of the standstill that is being looked at has counted.
        let (mut looked_ms, mut still_ms) = (0, 0);
        let mut until = self.leased(now);
        let begun = self.segments().partition_point(|segment| segment.from_ms < until.0);
        for segment in self.segments()[..begun].iter().rev() {
            let from = UnixMillis(segment.from_ms);
            if !self.stops().contain(from) {
                let moving_ms = segment.moving_ms().min(until.since(from));
                looked_ms += moving_ms;
                if segment.rate_per_second > Rate::ZERO {
                    still_ms = 0;
                    pace.add(segment.rate_per_second, moving_ms);
                } else {
                    let counts_ms = moving_ms.min(STANDSTILL_COUNTS_MS - still_ms);
                    still_ms += counts_ms;
                    pace.add(Rate::ZERO, counts_ms);
                }
            }
            until = from;
            if pace.over_ms == PACE_WINDOW_MS {
                break;
            }
            if pace.served_micro == 0 && looked_ms >= PACE_WINDOW_MS {
                return Pace {
                    over_ms: PACE_WINDOW_MS,
                    ..pace
                };
            }
        }
        pace
    }
}
