//! The live part: what of a schedule a poll can still need. It travels with every snapshot, so it
//! is bounded in size, however often the meter changes its mind.
//!
//! The newest segments are as they are. Older ones are summarised: the time that matters is divided
//! into parts of fixed length, aligned to the clock, and the segments that lie within one part become
//! one straight piece. A summary is rounded in favour of fans only: each of its turns counts as if it
//! had come at its end, which is less than one part later. Where a part begins depends on
//! the clock only, so stores that summarised at different instants agree.

use super::{EFFECT_DELAY_MS, ESTIMATE_SPAN_MS, Rate, Schedule, Segment, Stop, Stops};
use crate::{polling::LONGEST_POLL_MS, timestamp::UnixMillis};

/// The newest segments, which are never summarised: more than a meter that moves each second makes
/// in the time on which the wait estimate is based.
pub const EXACT_SEGMENTS: usize = 480;
/// The newest stops, which are never summarised.
pub const EXACT_STOPS: usize = 64;
/// Into so many parts the time that matters is divided: a turn and the longest shopping session. A
/// part is the next power of two in ms, so that a longer one is made of whole shorter ones.
pub const SUMMARY_PARTS: u64 = 128;
/// The shortest part, in ms.
const SHORTEST_PART_MS: u64 = 1_024;

/// What leaves a schedule when only its live part is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Oldest first.
    pub segments: Vec<Segment>,
    /// Oldest first.
    pub stops: Vec<Stop>,
}

impl Schedule {
    /// The part of the schedule that a poll at `now` can still need, in bounded size. It has the
    /// segments whose turns and shopping sessions have not all ended, and those on which the wait
    /// estimate is based ([`ESTIMATE_SPAN_MS`]); old ones are summarised. `shopping_ms` is the
    /// longest shopping session.
    #[must_use]
    pub fn live_part(&self, now: UnixMillis, shopping_ms: u64) -> Schedule {
        let dropped = self.long_ended(now, shopping_ms);
        let segments = &self.segments[dropped..];
        let needed = segments.iter().map(|segment| needed_ms(segment, shopping_ms)).max();
        let part_ms = part_ms(needed.unwrap_or_default());
        let first = segments.first().map_or(0, |segment| segment.from_ms);
        let stops: Vec<Stop> = self.stops.as_slice().to_vec();
        let begun_before = stops.iter().take_while(|stop| stop.to_ms <= first).count();
        let (stops, archived_stops) = summarised_stops(&stops[begun_before..], part_ms);
        // How many are exact: no segment that has not ended is summarised.
        let ended = segments
            .partition_point(|segment| segment.from_ms <= now.0)
            .saturating_sub(1);
        let summarised = segments.len().saturating_sub(EXACT_SEGMENTS).min(ended);
        let mut kept: Vec<Segment> = Vec::new();
        for (index, segment) in segments[..summarised].iter().enumerate() {
            let next = &segments[index + 1];
            match kept
                .last_mut()
                .filter(|last| joins(last, segment, next, &stops, part_ms))
            {
                Some(last) => *last = summary(last, segment, next),
                None => kept.push(*segment),
            }
        }
        let archived = kept.len();
        kept.extend_from_slice(&segments[summarised..]);
        Schedule {
            segments: kept,
            stops: Stops(stops),
            lease_until_ms: self.lease_until_ms,
            archived,
            archived_stops,
        }
    }

    /// What is in this schedule and, by itself, not in `live`, its live part: what an archive has to
    /// take over.
    #[must_use]
    pub fn archive(&self, live: &Schedule) -> Archive {
        let exact = live.segments.len() - live.archived;
        let exact_stops = live.stops.0.len() - live.archived_stops;
        let stops = self.stops.as_slice();
        Archive {
            segments: self.segments[self.archived..self.segments.len() - exact].to_vec(),
            stops: stops[self.archived_stops..stops.len() - exact_stops].to_vec(),
        }
    }

    /// What no archive has: the end of the whole schedule.
    #[must_use]
    pub fn not_archived(&self) -> Archive {
        Archive {
            segments: self.segments[self.archived..].to_vec(),
            stops: self.stops.as_slice()[self.archived_stops..].to_vec(),
        }
    }

    /// How many of the first segments nobody can need any more.
    fn long_ended(&self, now: UnixMillis, shopping_ms: u64) -> usize {
        let stops = self.stops_until(now);
        let ended = |index: usize| {
            let Some(next) = self.segments.get(index + 1) else {
                return false;
            };
            let needed_ms = needed_ms(&self.segments[index], shopping_ms);
            stops.end_of(UnixMillis(next.from_ms), needed_ms).plus(EFFECT_DELAY_MS) < now
        };
        (0..self.segments.len()).take_while(|&index| ended(index)).count()
    }
}

fn needed_ms(segment: &Segment, shopping_ms: u64) -> u64 {
    // A poll looks at the pace of the longest interval ago.
    (segment.turn_ms + shopping_ms).max(ESTIMATE_SPAN_MS + LONGEST_POLL_MS)
}

fn part_ms(needed_ms: u64) -> u64 {
    needed_ms
        .div_ceil(SUMMARY_PARTS)
        .next_power_of_two()
        .max(SHORTEST_PART_MS)
}

/// Whether `segment`, which ends where `next` begins, becomes one piece with the one before it: both
/// lie within one part, and both or neither of them are in a stop.
fn joins(before: &Segment, segment: &Segment, next: &Segment, stops: &[Stop], part_ms: u64) -> bool {
    let stopped = |at: u64| stops.iter().any(|stop| (stop.from_ms..stop.to_ms).contains(&at));
    before.from_ms / part_ms == (next.from_ms - 1) / part_ms && stopped(before.from_ms) == stopped(segment.from_ms)
}

/// One straight piece from the beginning of `first` to that of `next`. It reaches every place that
/// was served by then, so its rate is rounded up.
fn summary(first: &Segment, last: &Segment, next: &Segment) -> Segment {
    let served = next.served_before_micro - first.served_before_micro;
    Segment {
        from_ms: first.from_ms,
        served_before_micro: first.served_before_micro,
        rate_per_second: Rate::from_milli(served.div_ceil(next.from_ms - first.from_ms)),
        turn_ms: first.turn_ms.max(last.turn_ms),
        session_ms: first.session_ms.max(last.session_ms),
        last_place: last.last_place.min(next.served_before_micro / super::segment::MICRO),
        is_summary: true,
        // Whoever moved up by a later one of them has a place in the same summary by this one, too.
        second_line: first.second_line,
    }
}

/// The stops, old ones of one part as one, and how many of them are not exact. The time between two
/// that become one counts as stopped, too: in favour of fans.
fn summarised_stops(stops: &[Stop], part_ms: u64) -> (Vec<Stop>, usize) {
    let old = stops.len().saturating_sub(EXACT_STOPS);
    let mut kept: Vec<Stop> = Vec::new();
    for stop in &stops[..old] {
        match kept
            .last_mut()
            .filter(|last| last.from_ms / part_ms == (stop.to_ms - 1) / part_ms)
        {
            Some(last) => last.to_ms = stop.to_ms,
            None => kept.push(*stop),
        }
    }
    let archived = kept.len();
    kept.extend_from_slice(&stops[old..]);
    (kept, archived)
}
