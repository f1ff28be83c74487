//! What the meter remembers of an event from one second to the next: places served and rates put.
//!
//! It answers one question: how many fans are on their way? These are fans who were or will soon be
//! admitted, but whom the shop or site has not seen yet.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    schedule::{EFFECT_DELAY_MS, Rate},
    timestamp::UnixMillis,
};

/// From the last instant at which a fan who keeps the poll law asks, to the fan's first request to
/// the shop, in ms. A fan who has not come by then holds up nobody.
pub const ON_THEIR_WAY_MS: u64 = 10_000;

/// How far the line was at one instant, as the edge tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineReading {
    /// Places served.
    pub served: u64,
    /// The last place whose fan, and every fan before, could have asked since the turn came:
    /// [`crate::snapshot::Snapshot::called`].
    pub called: u64,
}

/// The recent past of one event. An origin loses it with its process; the new process assumes the
/// rate that was last in force. Of a time that nobody watched, the safe side is assumed: the fans
/// who were called in it may still come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeterHistory {
    /// The line at each instant, oldest first. One sample that is older than the
    /// others may be is kept as their edge.
    line: VecDeque<(UnixMillis, LineReading)>,
    /// Rates put, oldest first. The first one was in force before the others.
    rates: VecDeque<(UnixMillis, Rate)>,
    /// The rate in force before the first sample, put by the process before this one.
    rate_before: Rate,
}

impl MeterHistory {
    /// Starts with the rate that the process before this one left in force.
    #[must_use]
    pub fn new(rate_before: Rate) -> MeterHistory {
        MeterHistory {
            line: VecDeque::new(),
            rates: VecDeque::new(),
            rate_before,
        }
    }

    /// Notes how far the edge is by `now`.
    pub fn saw(&mut self, now: UnixMillis, line: LineReading) {
        self.line.push_back((now, line));
        let edge = now.minus(ON_THEIR_WAY_MS);
        while self.line.get(1).is_some_and(|(at, _)| *at <= edge) {
            self.line.pop_front();
        }
    }

    /// Notes that the edge has accepted `rate` at `now`.
    pub fn put_rate(&mut self, now: UnixMillis, rate: Rate) {
        self.rates.push_back((now, rate));
        let edge = now.minus(EFFECT_DELAY_MS);
        while self.rates.get(1).is_some_and(|(at, _)| *at <= edge) {
            self.rates.pop_front();
        }
    }

    /// The last place that was called more than [`ON_THEIR_WAY_MS`] ago. Fans with later places may
    /// be on their way. After a restart a part of that time was not watched; for it the rate before
    /// the restart is assumed.
    #[must_use]
    pub fn long_called(&self, now: UnixMillis) -> u64 {
        let Some((first_at, first)) = self.line.front() else {
            return 0;
        };
        let unwatched = ON_THEIR_WAY_MS.saturating_sub(now.since(*first_at));
        let since_then = (self.rate_before.milli() * unwatched).div_ceil(1_000_000);
        first.called.saturating_sub(since_then)
    }

    /// The number of fans on their way.
    ///
    /// These are the fans who were served and not [called long ago](MeterHistory::long_called),
    /// without the `seen` ones among them, and the fans who are certain to be admitted within
    /// [`EFFECT_DELAY_MS`]. `seen` counts fans whose place is after
    /// [`MeterHistory::long_called`]. `waiting` is the number of places left to serve, because
    /// nobody comes from an empty queue.
    #[must_use]
    pub fn on_their_way(&self, now: UnixMillis, seen: u32, waiting: u64) -> u32 {
        let served = self.line.back().map_or(0, |(_, line)| line.served);
        let unseen = served
            .saturating_sub(self.long_called(now))
            .saturating_sub(u64::from(seen));
        u32::try_from(unseen + self.coming(now).min(waiting)).unwrap_or(u32::MAX)
    }

    /// Places that the rates put within the last [`EFFECT_DELAY_MS`] will serve within the next
    /// [`EFFECT_DELAY_MS`].
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
mod tests;
