use serde::{Deserialize, Serialize};

use super::{EFFECT_DELAY_MS, MicroPlaces, PACE_WINDOW_MS, Rate, Segment, Stop, Stops, segment::MICRO};
use crate::{identity::Place, timestamp::UnixMillis};

/// What changes the curve. `None` leaves a part as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// New slope.
    pub rate: Option<Rate>,
    /// New time to claim a turn, in ms.
    pub turn_ms: Option<u64>,
    /// A draw closed: the curve may go up to its last place, and starts no higher than the last place before it.
    pub last_place: Option<u64>,
}

/// The whole curve: segments, stops, and how long the origin's lease runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    segments: Vec<Segment>,
    stops: Stops,
    /// The curve is flat from here unless the lease is renewed; null until the origin first spoke.
    lease_until_ms: Option<u64>,
}

impl Schedule {
    /// The segments, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The stops, in order.
    #[must_use]
    pub fn stops(&self) -> &Stops {
        &self.stops
    }

    /// When the lease ends; `None` until the origin first spoke.
    #[must_use]
    pub fn lease_until(&self) -> Option<UnixMillis> {
        self.lease_until_ms.map(UnixMillis)
    }

    /// Rebuilds a schedule from stored parts.
    #[must_use]
    pub fn from_parts(segments: Vec<Segment>, stops: Vec<Stop>, lease_until: Option<UnixMillis>) -> Schedule {
        let mut kept = Stops::default();
        stops.into_iter().for_each(|stop| kept.push(stop));
        Schedule {
            segments,
            stops: kept,
            lease_until_ms: lease_until.map(|until| until.0),
        }
    }

    /// Whether the origin's lease has run out at `now` (false before the origin first spoke).
    #[must_use]
    pub fn stopped(&self, now: UnixMillis) -> bool {
        self.lease_until_ms.is_some_and(|until| now.0 >= until)
    }

    /// `now`, or the end of the lease if that is earlier: beyond it the curve is flat.
    pub(super) fn leased(&self, now: UnixMillis) -> UnixMillis {
        self.lease_until_ms.map_or(now, |until| UnixMillis(now.0.min(until)))
    }

    fn segment_at(&self, instant: UnixMillis) -> Option<&Segment> {
        let count = self.segments.partition_point(|segment| segment.from_ms <= instant.0);
        count.checked_sub(1).map(|index| &self.segments[index])
    }

    /// Millionths of a place served by `now`.
    #[must_use]
    pub fn served_micro(&self, now: UnixMillis) -> MicroPlaces {
        let instant = self.leased(now);
        self.segment_at(instant).map_or(0, |segment| segment.served_at(instant))
    }

    /// Whole places served by `now`.
    #[must_use]
    pub fn served(&self, now: UnixMillis) -> u64 {
        self.served_micro(now) / MICRO
    }

    /// The slope at `now`: 0 before the first segment and while stopped.
    #[must_use]
    pub fn rate(&self, now: UnixMillis) -> Rate {
        if self.stopped(now) {
            return Rate::ZERO;
        }
        self.segment_at(now)
            .map_or(Rate::ZERO, |segment| segment.rate_per_second)
    }

    /// When `place` is served, as far as the curve is decided: the first instant at which [`Schedule::served`] reaches it,
    /// if that is not beyond the end of the lease. It may lie in the future.
    #[must_use]
    pub fn turn_at(&self, place: Place) -> Option<UnixMillis> {
        let target = place.0.checked_mul(MICRO)?;
        // The crossing is in the last segment that begins below the target.
        let index = self
            .segments
            .partition_point(|segment| segment.served_before_micro < target)
            .checked_sub(1)?;
        let segment = &self.segments[index];
        let rate = segment.rate_per_second.milli();
        if rate == 0 || place.0 > segment.last_place {
            return None;
        }
        let instant = segment
            .from_ms
            .checked_add((target - segment.served_before_micro).div_ceil(rate))?;
        let segment_end = self.segments.get(index + 1).map_or(u64::MAX, |next| next.from_ms);
        let lease_end = self.lease_until_ms.unwrap_or(u64::MAX);
        (instant <= segment_end && instant <= lease_end).then_some(UnixMillis(instant))
    }

    /// Until when a turn that began at `turn_at` may be claimed, as known at `now`. Stops do not count, a stop that goes on
    /// now included.
    #[must_use]
    pub fn claim_before(&self, turn_at: UnixMillis, now: UnixMillis) -> UnixMillis {
        let turn_ms = self.segment_at(turn_at).map_or(0, |segment| segment.turn_ms);
        self.end_of(turn_at, turn_ms, now)
    }

    /// When `duration_ms` of unstopped time have passed since `start`, as known at `now`.
    #[must_use]
    pub fn end_of(&self, start: UnixMillis, duration_ms: u64, now: UnixMillis) -> UnixMillis {
        match self.lease_until_ms {
            Some(until) if now.0 > until => {
                let mut stops = self.stops.clone();
                stops.push(Stop {
                    from_ms: until,
                    to_ms: now.0,
                });
                stops.end_of(start, duration_ms)
            }
            _ => self.stops.end_of(start, duration_ms),
        }
    }

    /// Accepts a change at `now` and says from when it holds: [`EFFECT_DELAY_MS`] later, or right after a change that was
    /// accepted just before. A change that changes nothing makes no segment.
    pub fn change(&mut self, change: Change, now: UnixMillis) -> UnixMillis {
        let last = self.segments.last().copied();
        let earliest = now.plus(EFFECT_DELAY_MS);
        let from = last.map_or(earliest, |segment| earliest.max(UnixMillis(segment.from_ms + 1)));
        let base = last.unwrap_or(Segment {
            from_ms: from.0,
            served_before_micro: 0,
            rate_per_second: Rate::ZERO,
            turn_ms: 0,
            last_place: 0,
        });
        let served = base.served_at(self.leased(from));
        // A new draw's places are not served by what the curve could have run while it had nobody to serve: it starts at
        // the last place before them at the most. (`served_at` has that ceiling already.)
        let next = Segment {
            from_ms: from.0,
            served_before_micro: served,
            rate_per_second: change.rate.unwrap_or(base.rate_per_second),
            turn_ms: change.turn_ms.unwrap_or(base.turn_ms),
            last_place: change
                .last_place
                .map_or(base.last_place, |place| place.max(base.last_place)),
        };
        let same = Segment {
            from_ms: base.from_ms,
            served_before_micro: base.served_before_micro,
            ..next
        } == base;
        if last.is_none() || !same {
            // What begins after the lease has ended takes no effect before the stop is recorded, and then only the last of it
            // does: however long the stop is, it is one segment.
            let without_effect = |segment: Segment| self.lease_until_ms.is_some_and(|until| segment.from_ms > until);
            if last.is_some_and(without_effect) {
                self.segments.pop();
            }
            self.segments.push(next);
        }
        from
    }

    /// From [`EFFECT_DELAY_MS`] after `now` on the curve is flat, as when a lease ends, until [`Schedule::renew`] or
    /// [`Schedule::go_on`]. A lease that ends sooner ends sooner.
    pub fn end_lease(&mut self, now: UnixMillis) {
        let end = now.plus(EFFECT_DELAY_MS).0;
        self.lease_until_ms = Some(self.lease_until_ms.map_or(end, |until| until.min(end)));
    }

    /// Goes on at `now` without a lease: the stop that there was is recorded, as in [`Schedule::renew`].
    pub fn go_on(&mut self, now: UnixMillis) {
        self.end_stop(now);
        self.lease_until_ms = None;
    }

    /// Renews the origin's lease at `now` for `lease_ms`. If it had run out, or would before a renewal can reach every edge,
    /// the stop is recorded: the curve stayed flat from the end of the lease and goes on [`EFFECT_DELAY_MS`] from now.
    pub fn renew(&mut self, lease_ms: u64, now: UnixMillis) {
        let reaches_all = self.end_stop(now);
        self.lease_until_ms = Some(reaches_all.max(now.plus(lease_ms)).0);
    }

    /// The lease has run out, or will before the end of that can reach every edge: that is a stop, until it has. When it has.
    fn end_stop(&mut self, now: UnixMillis) -> UnixMillis {
        let reaches_all = now.plus(EFFECT_DELAY_MS);
        if let Some(until) = self.lease_until_ms.filter(|&until| until < reaches_all.0) {
            self.record_stop(until, reaches_all.0);
        }
        reaches_all
    }

    fn record_stop(&mut self, from_ms: u64, to_ms: u64) {
        let served = self.served_micro(UnixMillis(from_ms));
        let Some(last) = self.segments.last().copied() else {
            return;
        };
        // What was accepted but begins after the lease never took effect; its rate and limits hold after the stop.
        self.segments.retain(|segment| segment.from_ms < from_ms);
        let flat = Segment {
            from_ms,
            served_before_micro: served,
            rate_per_second: Rate::ZERO,
            ..last
        };
        self.segments.push(flat);
        self.segments.push(Segment {
            from_ms: to_ms,
            rate_per_second: last.rate_per_second,
            ..flat
        });
        self.stops.push(Stop { from_ms, to_ms });
    }

    /// The part that a poll at `now` can still need: segments whose turns, and the shopping windows after them, have not
    /// all ended, and those from which the wait is worked out ([`PACE_WINDOW_MS`]). `shopping_ms` is the longest window.
    #[must_use]
    pub fn live_part(&self, now: UnixMillis, shopping_ms: u64) -> Schedule {
        let ended = |index: usize| {
            let segment = &self.segments[index];
            let Some(next) = self.segments.get(index + 1) else {
                return false;
            };
            let needed_ms = (segment.turn_ms + shopping_ms).max(PACE_WINDOW_MS);
            let end = self.end_of(UnixMillis(next.from_ms), needed_ms, now);
            end.plus(EFFECT_DELAY_MS) < now
        };
        let dropped = (0..self.segments.len()).take_while(|&index| ended(index)).count();
        let segments = self.segments[dropped..].to_vec();
        let mut stops = self.stops.clone();
        if let Some(first) = segments.first() {
            stops.drop_until(UnixMillis(first.from_ms));
        }
        Schedule {
            segments,
            stops,
            lease_until_ms: self.lease_until_ms,
        }
    }

    /// Whether `place` was served by a segment that [`Schedule::live_part`] has dropped: its turn is over for good.
    #[must_use]
    pub fn long_past(&self, place: Place) -> bool {
        self.segments
            .first()
            .is_some_and(|first| place.0.saturating_mul(MICRO) <= first.served_before_micro)
    }
}
