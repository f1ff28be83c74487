//! The poll times of a fan who waits: which of them count, and when a turn opens.
//!
//! A fan who is told to come back in 8 s has no poll time that counts in those 8 s. A poll in
//! between gets the earlier answer again: what was known at the interval's beginning. A fan is told
//! an interval if at its beginning the turn was at least three such intervals away. Whether it was
//! follows from the curve alone, which is never rewritten. So every edge decides the same later on
//! and stores nothing.
//!
//! The pace is that of the whole second in which the interval began, so that it can be remembered.

use super::{
    EARLY_POLL_MS, LONGEST_POLL_MS, SHORTEST_POLL_MS, SPREADS_IN_TURN, UNKNOWN_POLL_MS, interval_within,
    near_interval_ms, poll_times::PollTimes,
};
use crate::{
    ids::{Place, Tag},
    schedule::Pace,
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

/// The second in which an instant is.
pub(crate) fn whole_second(instant: UnixMillis) -> UnixMillis {
    UnixMillis(instant.floor_seconds() * 1000)
}

/// Between two poll times that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollInterval {
    /// The poll time at which it began: what the fan knows is of this instant.
    pub since: UnixMillis,
    /// The poll time at which the fan asks next.
    pub until: UnixMillis,
}

impl Snapshot {
    /// The interval in which a fan is who waits with `place` and asks at `now`. `pace` says how
    /// fast the line moved at a whole second, as [`crate::schedule::Schedule::pace`].
    pub fn poll_interval(
        &self,
        place: Place,
        tag: Tag,
        now: UnixMillis,
        pace: &impl Fn(UnixMillis) -> Pace,
    ) -> PollInterval {
        let poll_times = PollTimes::of(tag);
        // Who comes a little early is at the poll time.
        let asked_at = now.plus(EARLY_POLL_MS);
        let mut interval_ms = self.longest_interval_ms(now);
        while interval_ms > SHORTEST_POLL_MS {
            let since = poll_times.at_or_before(asked_at, interval_ms);
            if self.told_interval_ms(place, &pace(whole_second(since))) >= interval_ms {
                break;
            }
            interval_ms /= 2;
        }
        let since = poll_times.at_or_before(asked_at, interval_ms);
        PollInterval {
            since,
            until: since.plus(interval_ms),
        }
    }

    /// The longest interval of a fan who waits. The turn has the last word: whatever the budget
    /// says, a fan asks twice in half a turn.
    fn longest_interval_ms(&self, now: UnixMillis) -> u64 {
        let turn_ms = match self.schedule.turn_ms(now) {
            0 => self.settings.turn_ms,
            turn_ms => turn_ms,
        };
        interval_within(LONGEST_POLL_MS.max(self.spread_ms()).min(turn_ms / SPREADS_IN_TURN))
    }

    /// How long a fan is told to wait at an instant with this pace, at the most.
    fn told_interval_ms(&self, place: Place, pace: &Pace) -> u64 {
        match pace.wait_ms(place) {
            Some(wait_ms) => (wait_ms / 3).max(near_interval_ms(self.spread_ms(), pace.milli_per_second())),
            None => self.spread_ms().max(UNKNOWN_POLL_MS),
        }
    }

    /// The last place whose fan, and every fan before, could have asked since the turn came. The
    /// fans of later places that are served may still be on their way, however punctual they are.
    #[must_use]
    pub fn called(&self, now: UnixMillis) -> u64 {
        self.called_by_pace(now, &|second| self.schedule.pace(second))
    }

    /// The same, for whoever remembers the pace at past seconds.
    pub fn called_by_pace(&self, now: UnixMillis, pace: &impl Fn(UnixMillis) -> Pace) -> u64 {
        /// The curve is looked at in so many steps.
        const STEPS: u64 = 64;
        let longest_ms = self.longest_interval_ms(now);
        let first = now.minus(longest_ms);
        let mut called = self.schedule.served(first);
        for step in 1..=STEPS {
            let instant = first.plus(longest_ms * step / STEPS);
            let served = self.schedule.served(instant);
            if served > called && instant.plus(self.longest_delay_ms(Place(served), instant, pace)) > now {
                break;
            }
            called = served;
        }
        called
    }

    /// The longest time from the turn of `place`, which came at `turn_at`, to its fan's next
    /// poll time that counts, in ms: the longest interval that may have been told just before.
    fn longest_delay_ms(&self, place: Place, turn_at: UnixMillis, pace: &impl Fn(UnixMillis) -> Pace) -> u64 {
        let mut interval_ms = self.longest_interval_ms(turn_at);
        while interval_ms > SHORTEST_POLL_MS {
            let since = whole_second(turn_at.minus(interval_ms));
            if self.told_interval_ms(place, &pace(since)) >= interval_ms {
                break;
            }
            interval_ms /= 2;
        }
        interval_ms
    }
}
