//! The wait estimate: how long a place waits if the line moves as it did in the last minutes.
//!
//! The rate of this moment is a bad estimate, because a full shop admits in bursts and stands still
//! in between. How long a span it looks back was chosen with `stanchion-simulator`. While the
//! limits of an admin stay as they are, a longer span is a little better. Where a small shop admits
//! a fan every two seconds, the median error over four seeds was 10 to 13 % with three minutes, 7
//! to 11 % with five and 5 to 8 % with ten, against 28 to 35 % with the rate of the moment. After a
//! change of the limits a shorter span is right sooner.

use super::{MicroPlaces, Rate, Schedule};
use crate::{ids::Place, timestamp::UnixMillis};

/// The estimate is based on the last milliseconds in which the line could move, up to this many.
pub const ESTIMATE_SPAN_MS: u64 = 300_000;

/// At most this many milliseconds of a standstill count. A longer standstill was a pause, or the
/// seats of the shop were all held. It says nothing of how fast the line moves otherwise.
pub const STANDSTILL_COUNTS_MS: u64 = 60_000;

/// How far the curve rose in how much time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RecentProgress {
    served_micro: MicroPlaces,
    /// At most [`ESTIMATE_SPAN_MS`].
    over_ms: u64,
}

impl RecentProgress {
    /// Adds the time before it, as far as it is within the span.
    fn add(&mut self, rate: Rate, ms: u64) {
        let ms = ms.min(ESTIMATE_SPAN_MS - self.over_ms);
        self.served_micro += rate.milli() * ms;
        self.over_ms += ms;
    }
}

/// How fast the line moves at one instant, as far as it is known then: enough to estimate every
/// wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Millionths of a place served by then.
    served_micro: MicroPlaces,
    /// Millionths of a place that would be served in [`ESTIMATE_SPAN_MS`].
    in_span_micro: u128,
    /// The last place that the curve may reach at the instant, in millionths.
    ceiling_micro: MicroPlaces,
    /// The places that open later: in how many ms, and up to which place. Mostly empty.
    opening: Vec<(u64, Place)>,
}

impl Pace {
    /// Places per second, in thousandths, rounded up.
    #[must_use]
    pub fn milli_per_second(&self) -> u64 {
        let milli = self.in_span_micro.div_ceil(u128::from(ESTIMATE_SPAN_MS));
        u64::try_from(milli).unwrap_or(u64::MAX)
    }

    /// The time until the curve reaches `place` at this pace, in ms. `None` if nobody was admitted
    /// for so long; 0 if the place is served.
    #[must_use]
    pub fn wait_ms(&self, place: Place) -> Option<u64> {
        let target = u128::from(place.0) * u128::from(super::segment::MICRO);
        let ceiling = u128::from(self.ceiling_micro.max(self.served_micro));
        let until_ceiling = self.ms_for(target.min(ceiling).saturating_sub(u128::from(self.served_micro)))?;
        if target <= ceiling {
            return Some(until_ceiling);
        }
        let opens_in = self
            .opening
            .iter()
            .find(|(_, last)| place <= *last)
            .map_or(0, |(ms, _)| *ms);
        Some(
            until_ceiling
                .max(opens_in)
                .saturating_add(self.ms_for(target - ceiling)?),
        )
    }

    /// The time in which so many millionths of a place are served, in ms.
    fn ms_for(&self, micro: u128) -> Option<u64> {
        if micro == 0 {
            return Some(0);
        }
        if self.in_span_micro == 0 {
            return None;
        }
        let product = micro.saturating_mul(u128::from(ESTIMATE_SPAN_MS));
        // Up to sixty million places 64 bits are enough, and many times as fast. Every poll asks.
        if let (Ok(product), Ok(in_window)) = (u64::try_from(product), u64::try_from(self.in_span_micro)) {
            return Some(product.div_ceil(in_window));
        }
        Some(u64::try_from(product.div_ceil(self.in_span_micro)).unwrap_or(u64::MAX))
    }
}

impl Schedule {
    /// The pace at `now`. It depends on nothing that happens later, so it can be asked for an
    /// instant in the past, and is what it was then.
    ///
    /// Stops, long standstills and times when nobody waited do not count. Soon after the on-sale a
    /// part of the span is missing; the rate of the moment stands in for it, or the average so
    /// far if that is faster. Fans who have walked away are served like all others, so they are
    /// part of the estimate.
    #[must_use]
    pub fn pace(&self, now: UnixMillis) -> Pace {
        let progress = self.recent_progress(now);
        let missing_ms = u128::from(ESTIMATE_SPAN_MS - progress.over_ms);
        let missing = u128::from(self.rate(now).milli()) * missing_ms;
        // The rate of a small shop is 0 every other second. The estimate must not treat it as if it
        // stayed 0.
        let so_far = (u128::from(progress.served_micro) * missing_ms).checked_div(u128::from(progress.over_ms));
        let begun = self.segments().partition_point(|segment| segment.from_ms <= now.0);
        let ceiling = begun
            .checked_sub(1)
            .map_or(0, |index| self.segments()[index].last_place);
        let later = self.segments()[begun..].iter();
        Pace {
            served_micro: self.served_micro(now),
            in_span_micro: u128::from(progress.served_micro) + missing.max(so_far.unwrap_or_default()),
            ceiling_micro: ceiling.saturating_mul(super::segment::MICRO),
            opening: later
                .filter(|segment| segment.last_place > ceiling)
                .map(|segment| (UnixMillis(segment.from_ms).since(now), Place(segment.last_place)))
                .collect(),
        }
    }

    /// The time from `now` until the curve reaches `place`, in ms, if it goes on rising as in the
    /// last [`ESTIMATE_SPAN_MS`]. `None` if nobody was admitted for so long; 0 if the place is
    /// served.
    #[must_use]
    pub fn wait_estimate_ms(&self, place: Place, now: UnixMillis) -> Option<u64> {
        self.pace(now).wait_ms(place)
    }

    fn recent_progress(&self, now: UnixMillis) -> RecentProgress {
        let mut progress = RecentProgress::default();
        // How much of the curve was looked at, and how much of the present standstill has counted.
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
                    progress.add(segment.rate_per_second, moving_ms);
                } else {
                    let counts_ms = moving_ms.min(STANDSTILL_COUNTS_MS - still_ms);
                    still_ms += counts_ms;
                    progress.add(Rate::ZERO, counts_ms);
                }
            }
            until = from;
            if progress.over_ms == ESTIMATE_SPAN_MS {
                break;
            }
            if progress.served_micro == 0 && looked_ms >= ESTIMATE_SPAN_MS {
                return RecentProgress {
                    over_ms: ESTIMATE_SPAN_MS,
                    ..progress
                };
            }
        }
        progress
    }
}
