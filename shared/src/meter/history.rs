//! What the meter remembers of an event from one second to the next: places served, and rates put. Pure.
//!
//! It answers one question: how many fans are on their way, that is, admitted or about to be, but not seen yet?

use std::collections::VecDeque;

use crate::{
    schedule::{EFFECT_DELAY_MS, Rate},
    timestamp::UnixMillis,
};

/// A place served this long ago and not seen since is a fan who stays away, in milliseconds: it holds up nobody any more.
pub const ON_THEIR_WAY_MS: u64 = 10_000;

/// One event's past; lost with the process, made up for by assuming the rate last in force.
pub struct History {
    /// Places served by then, oldest first; one sample older than the window is kept as its edge.
    served: VecDeque<(UnixMillis, u64)>,
    /// Rates put, oldest first; the first one was in force before the others.
    rates: VecDeque<(UnixMillis, Rate)>,
    /// In force before the first sample: the process's predecessor put it.
    rate_before: Rate,
}

impl History {
    /// Starts with what the predecessor left in force.
    #[must_use]
    pub fn new(rate_before: Rate) -> History {
        History {
            served: VecDeque::new(),
            rates: VecDeque::new(),
            rate_before,
        }
    }

    /// The edge has served `served` places by `now`.
    pub fn saw_served(&mut self, now: UnixMillis, served: u64) {
        self.served.push_back((now, served));
        let edge = now.minus(ON_THEIR_WAY_MS);
        while self.served.get(1).is_some_and(|(at, _)| *at <= edge) {
            self.served.pop_front();
        }
    }

    /// The edge has accepted `rate` at `now`.
    pub fn put_rate(&mut self, now: UnixMillis, rate: Rate) {
        self.rates.push_back((now, rate));
        let edge = now.minus(EFFECT_DELAY_MS);
        while self.rates.get(1).is_some_and(|(at, _)| *at <= edge) {
            self.rates.pop_front();
        }
    }

    /// The last place that was served before the last [`ON_THEIR_WAY_MS`]; fans with later ones may be on their way. For
    /// the part of that time nobody watched, after a restart, the rate before it is assumed.
    #[must_use]
    pub fn long_served(&self, now: UnixMillis) -> u64 {
        let Some((first_at, first)) = self.served.front() else {
            return 0;
        };
        let unwatched = ON_THEIR_WAY_MS.saturating_sub(now.since(*first_at));
        first.saturating_sub((self.rate_before.milli() * unwatched).div_ceil(1_000_000))
    }

    /// Fans admitted within the last [`ON_THEIR_WAY_MS`], less the `seen` ones among them (whose place is after
    /// [`History::long_served`]), and those certain to be admitted within [`EFFECT_DELAY_MS`]. `waiting` is how many places
    /// are left to serve: nobody comes from an empty queue.
    #[must_use]
    pub fn on_their_way(&self, now: UnixMillis, seen: u32, waiting: u64) -> u32 {
        let served = self.served.back().map_or(0, |(_, served)| *served);
        let unseen = served
            .saturating_sub(self.long_served(now))
            .saturating_sub(u64::from(seen));
        u32::try_from(unseen + self.coming(now).min(waiting)).unwrap_or(u32::MAX)
    }

    /// What the rates put within the last [`EFFECT_DELAY_MS`] will serve within the next.
    fn coming(&self, now: UnixMillis) -> u64 {
        let mut until = now;
        let mut milli_places = 0;
        let from = now.minus(EFFECT_DELAY_MS);
        for (at, rate) in self.rates.iter().rev() {
            let since = (*at).max(from);
            milli_places += rate.milli() * until.since(since);
            until = until.min(since);
        }
        milli_places += self.rate_before.milli() * until.since(from);
        milli_places.div_ceil(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meter::{MeterLimits, Observed, decide};

    const START: UnixMillis = UnixMillis(1_800_000_000_000);

    fn after(seconds: u64) -> UnixMillis {
        START.plus(seconds * 1000)
    }

    #[test]
    fn places_served_within_ten_seconds_are_on_their_way_and_older_ones_are_not() {
        let mut history = History::new(Rate::ZERO);
        for second in 0..=30 {
            history.saw_served(after(second), second * 7);
        }
        assert_eq!(history.on_their_way(after(30), 0, 0), 70);
    }

    #[test]
    fn who_has_been_seen_is_not_on_the_way_any_more() {
        let mut history = History::new(Rate::ZERO);
        history.saw_served(after(0), 0);
        history.saw_served(after(1), 50);
        assert_eq!(history.on_their_way(after(1), 20, 0), 30);
        assert_eq!(history.on_their_way(after(1), 51, 0), 0);
    }

    #[test]
    fn after_a_restart_the_last_rate_is_assumed_until_ten_seconds_were_watched() {
        let mut history = History::new(Rate::per_second(5));
        history.saw_served(after(0), 1_000);
        assert_eq!(history.on_their_way(after(0), 0, 0), 50);
        history.saw_served(after(4), 1_010);
        assert_eq!(history.on_their_way(after(4), 0, 0), 10 + 30);
        history.saw_served(after(10), 1_010);
        assert_eq!(history.on_their_way(after(10), 0, 0), 10);
    }

    #[test]
    fn what_was_decided_and_not_yet_done_counts_as_far_as_anybody_waits() {
        let mut history = History::new(Rate::ZERO);
        history.saw_served(after(0), 0);
        history.put_rate(after(0), Rate::per_second(100));
        history.put_rate(after(1), Rate::per_second(40));
        assert_eq!(history.on_their_way(after(1), 0, 10_000), 100);
        assert_eq!(history.on_their_way(after(2), 0, 10_000), 140);
        assert_eq!(history.on_their_way(after(2), 0, 3), 3);
        assert_eq!(history.on_their_way(after(9), 0, 10_000), 80);
    }

    #[test]
    fn the_past_does_not_grow_without_bound() {
        let mut history = History::new(Rate::ZERO);
        for second in 0..1_000 {
            history.saw_served(after(second), second);
            history.put_rate(after(second), Rate::per_second(second));
        }
        assert!(history.served.len() <= 12 && history.rates.len() <= 4);
    }

    /// A closed loop: the edge serves at the rates put, each from two seconds after; fans are seen three seconds after they
    /// were served, and shop for a minute. Gives how many were in the shop or on their way, second by second.
    fn simulate(limits: &MeterLimits, seconds: u64) -> Vec<u64> {
        let mut history = History::new(Rate::ZERO);
        let (mut rates, mut served_by) = (Vec::new(), vec![0]);
        let mut inside = Vec::new();
        for second in 0..seconds {
            let served_at = |back: u64| second.checked_sub(back).map_or(0, |then| served_by[then as usize]);
            let (served, seen, left) = (served_at(0), served_at(3), served_at(63));
            history.saw_served(after(second), served);
            let lately_seen = seen.saturating_sub(history.long_served(after(second)));
            let observed = Observed {
                shopping: u32::try_from(seen - left).unwrap(),
                on_their_way: history.on_their_way(after(second), u32::try_from(lately_seen).unwrap(), u64::MAX / 2),
                seats_available: 1_000_000,
                seats_locked: 0,
                paused: false,
                rate: rates.last().copied().unwrap_or(Rate::ZERO),
            };
            let rate = decide(limits, &observed).rate;
            history.put_rate(after(second), rate);
            rates.push(rate);
            let in_force = second.checked_sub(2).map_or(Rate::ZERO, |then| rates[then as usize]);
            served_by.push(served + in_force.milli().div_ceil(1000));
            inside.push(served - left);
        }
        inside
    }

    #[test]
    fn the_shop_fills_up_and_never_over_the_limit() {
        for (most_shoppers, most_per_second) in [(1_000, 1_000), (1_000, 20), (50, 1_000), (20_000, 500)] {
            let limits = MeterLimits {
                most_per_second: Rate::per_second(most_per_second),
                most_shoppers,
            };
            let inside = simulate(&limits, 300);
            let (most, last) = (inside.iter().max().unwrap(), inside.last().unwrap());
            // Rounding up to whole places in every second of the loop is all that may be too many.
            assert!(
                *most <= u64::from(most_shoppers) + 5,
                "{most} of {most_shoppers} at {most_per_second}"
            );
            let reachable = u64::from(most_shoppers).min(most_per_second * 60);
            assert!(last * 10 >= reachable * 8, "{last} of {reachable}");
        }
    }
}
