//! The curve: its segments, how it changes, and how it is read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{EFFECT_DELAY_MS, MicroPlaces, Rate, SecondLine, Segment, Stop, Stops, segment::MICRO};
use crate::{ids::Place, timestamp::UnixMillis};

/// A change of the curve. `None` leaves that part as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScheduleChange {
    /// The new slope.
    pub rate: Option<Rate>,
    /// The new time to claim a turn, in ms.
    pub turn_ms: Option<u64>,
    /// The new length of a shopping session, with all its renewals, in ms.
    pub session_ms: Option<u64>,
    /// The last place of a draw that was closed. The curve may rise up to it, and starts no higher
    /// than the last place before it.
    pub last_place: Option<u64>,
    /// How the second line goes on behind that place.
    pub second_line: Option<SecondLine>,
}

/// The whole curve: its segments, its stops, and the end of the lease.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub(super) segments: Vec<Segment>,
    pub(super) stops: Stops,
    /// The curve is flat from here on unless the lease is renewed; null until the origin put its
    /// first release.
    pub(super) lease_until_ms: Option<u64>,
    /// So many of the first segments are in an archive already, one by one. Only the live part of
    /// a schedule has such ones, see [`Schedule::live_part`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) archived: usize,
    /// The same of the stops.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) archived_stops: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
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

    /// When the lease ends; `None` until the origin put its first release.
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
            ..Schedule::default()
        }
    }

    /// Whether the origin's lease has run out at `now` (false before the origin first spoke).
    #[must_use]
    pub fn stopped(&self, now: UnixMillis) -> bool {
        self.lease_until_ms.is_some_and(|until| now.0 >= until)
    }

    /// `now`, or the end of the lease if that is earlier. Beyond it the curve is flat.
    pub(super) fn leased(&self, now: UnixMillis) -> UnixMillis {
        self.lease_until_ms.map_or(now, |until| UnixMillis(now.0.min(until)))
    }

    fn index_at(&self, instant: UnixMillis) -> Option<usize> {
        let begun = self.segments.partition_point(|segment| segment.from_ms <= instant.0);
        begun.checked_sub(1)
    }

    pub(super) fn segment_at(&self, instant: UnixMillis) -> Option<&Segment> {
        self.index_at(instant).map(|index| &self.segments[index])
    }

    /// Where the next segment begins, in ms since 1970.
    pub(super) fn end_of_segment(&self, index: usize) -> u64 {
        self.segments.get(index + 1).map_or(u64::MAX, |next| next.from_ms)
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

    /// The slope at `now`: 0 before the first segment and during a stop.
    #[must_use]
    pub fn rate(&self, now: UnixMillis) -> Rate {
        if self.stopped(now) {
            return Rate::ZERO;
        }
        self.segment_at(now)
            .map_or(Rate::ZERO, |segment| segment.rate_per_second)
    }

    /// When `place` is served, as far as the curve is decided: the first instant at which
    /// [`Schedule::served`] reaches it. It may lie in the future, but not beyond the end of the
    /// lease.
    #[must_use]
    pub fn turn_at(&self, place: Place) -> Option<UnixMillis> {
        let target = place.0.checked_mul(MICRO)?;
        // The curve reaches the target in the last segment that begins below it.
        let index = self
            .segments
            .partition_point(|segment| segment.served_before_micro < target)
            .checked_sub(1)?;
        let segment = &self.segments[index];
        let rate = segment.rate_per_second.milli();
        if rate == 0 || place.0 > segment.last_place {
            return None;
        }
        let segment_end = self.end_of_segment(index);
        let instant = if segment.is_summary {
            segment_end - 1
        } else {
            segment
                .from_ms
                .checked_add((target - segment.served_before_micro).div_ceil(rate))?
        };
        let lease_end = self.lease_until_ms.unwrap_or(u64::MAX);
        (instant <= segment_end && instant <= lease_end).then_some(UnixMillis(instant))
    }

    /// Until when a turn that began at `turn_at` may be claimed, as known at `now`. Stops do not
    /// count, not even one that is going on now.
    #[must_use]
    pub fn claim_before(&self, turn_at: UnixMillis, now: UnixMillis) -> UnixMillis {
        let Some(index) = self.index_at(turn_at) else {
            return self.end_of(turn_at, 0, now);
        };
        let segment = &self.segments[index];
        // Nobody loses time by a summary: each turn counts from the end of all of them.
        let counts_from = if segment.is_summary {
            UnixMillis(self.end_of_segment(index))
        } else {
            turn_at
        };
        self.end_of(counts_from, segment.turn_ms, now)
    }

    /// The length of a turn that begins at `turn_at`, in ms; 0 before the first segment.
    #[must_use]
    pub fn turn_ms(&self, turn_at: UnixMillis) -> u64 {
        self.segment_at(turn_at).map_or(0, |segment| segment.turn_ms)
    }

    /// The length of a shopping session whose turn began at `turn_at`, with all its renewals, in
    /// ms; 0 before the first segment. A later change of the settings does not move it.
    #[must_use]
    pub fn session_ms(&self, turn_at: UnixMillis) -> u64 {
        self.segment_at(turn_at).map_or(0, |segment| segment.session_ms)
    }

    /// The longest time from a turn to the end of its session, in ms, of all turns whose sessions
    /// may still run at `now`.
    #[must_use]
    pub fn longest_stay_ms(&self, now: UnixMillis) -> u64 {
        let stay_ms = |segment: &Segment| segment.turn_ms + segment.session_ms;
        let ends = self.segments.iter().skip(1).map(|next| UnixMillis(next.from_ms));
        let ended = self.segments.iter().zip(ends);
        let running = ended.filter(|(segment, end)| self.end_of(*end, stay_ms(segment), now) > now);
        let last = self.segments.last().map_or(0, stay_ms);
        running.map(|(segment, _)| stay_ms(segment)).fold(last, u64::max)
    }

    /// The instant at which `duration_ms` without stops have passed since `start`, as known at
    /// `now`.
    #[must_use]
    pub fn end_of(&self, start: UnixMillis, duration_ms: u64, now: UnixMillis) -> UnixMillis {
        self.stops_until(now).end_of(start, duration_ms)
    }

    /// The stops, with the one that is going on at `now`.
    pub(super) fn stops_until(&self, now: UnixMillis) -> Cow<'_, Stops> {
        match self.lease_until_ms {
            Some(until) if now.0 > until => {
                let mut stops = self.stops.clone();
                stops.push(Stop {
                    from_ms: until,
                    to_ms: now.0,
                });
                Cow::Owned(stops)
            }
            _ => Cow::Borrowed(&self.stops),
        }
    }

    /// Accepts a change at `now` and returns the instant at which it takes effect:
    /// [`EFFECT_DELAY_MS`] later, or right after a change that was accepted just before. A change
    /// that changes nothing makes no segment. Openings that lie ahead stay
    /// ([`Schedule::open_later`]).
    pub fn change(&mut self, change: ScheduleChange, now: UnixMillis) -> UnixMillis {
        self.beside_openings(now, |schedule| schedule.change_at(change, now))
    }

    fn change_at(&mut self, change: ScheduleChange, now: UnixMillis) -> UnixMillis {
        self.append(now, |next| {
            *next = Segment {
                rate_per_second: change.rate.unwrap_or(next.rate_per_second),
                turn_ms: change.turn_ms.unwrap_or(next.turn_ms),
                session_ms: change.session_ms.unwrap_or(next.session_ms),
                last_place: change.last_place.unwrap_or_default().max(next.last_place),
                second_line: change.second_line.or(next.second_line),
                ..*next
            }
        })
    }

    /// Appends a segment that is as the last one, but for what `alter` makes of it; nothing if that
    /// changes nothing. Returns when it begins, as [`Schedule::change`].
    pub(super) fn append(&mut self, now: UnixMillis, alter: impl FnOnce(&mut Segment)) -> UnixMillis {
        let last = self.segments.last().copied();
        let earliest = now.plus(EFFECT_DELAY_MS);
        let from = last.map_or(earliest, |segment| earliest.max(UnixMillis(segment.from_ms + 1)));
        let base = last.unwrap_or(Segment {
            from_ms: from.0,
            served_before_micro: 0,
            rate_per_second: Rate::ZERO,
            turn_ms: 0,
            session_ms: 0,
            last_place: 0,
            is_summary: false,
            second_line: None,
        });
        let served = base.served_at(self.leased(from));
        // The curve may have had nobody to serve for a while. That time does not serve the places
        // of a new draw: the curve starts at the last place before them at most, which is the
        // ceiling of `served_at`.
        let mut next = Segment {
            from_ms: from.0,
            served_before_micro: served,
            is_summary: false,
            ..base
        };
        alter(&mut next);
        let same = Segment {
            from_ms: base.from_ms,
            served_before_micro: base.served_before_micro,
            ..next
        } == base;
        if last.is_none() || !same {
            // A segment that begins after the end of the lease takes no effect before the stop is
            // recorded. Then only the last such segment does, so a stop of any length makes one
            // segment.
            let without_effect = |segment: Segment| self.lease_until_ms.is_some_and(|until| segment.from_ms > until);
            if last.is_some_and(without_effect) {
                self.segments.pop();
            }
            self.segments.push(next);
        }
        from
    }

    /// Whether `place` was served by a segment that [`Schedule::live_part`] has dropped. Its turn
    /// is over for good.
    #[must_use]
    pub fn long_past(&self, place: Place) -> bool {
        self.segments
            .first()
            .is_some_and(|first| place.0.saturating_mul(MICRO) <= first.served_before_micro)
    }
}
