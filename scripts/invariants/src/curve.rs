//! When each place was served, how fast the queue was allowed to go, and how far it had come, all from the public schedule.
//! Written from the design and not from `shared/`, so that one checks the other.

use stanchion_shared::{schedule::Segment, timestamp::UnixMillis};
use stanchion_verify::PublicSchedule;

/// Millionths in one place.
const MICRO: u128 = 1_000_000;

/// A published schedule.
pub(crate) struct Curve {
    segments: Vec<Segment>,
    /// Flat from here.
    lease_ms: u64,
}

impl Curve {
    pub(crate) fn new(schedule: PublicSchedule) -> Curve {
        Curve {
            lease_ms: schedule.lease_until.map_or(u64::MAX, |until| until.0),
            segments: schedule.segments,
        }
    }

    /// When segment `index` ends: where the next begins, or where the lease ends.
    fn end_of(&self, index: usize) -> u64 {
        let next = self.segments.get(index + 1).map_or(u64::MAX, |next| next.from_ms);
        next.min(self.lease_ms)
    }

    /// Millionths of a place served at the end of `until` within segment `index`.
    fn climbed(&self, index: usize, until: u64) -> u128 {
        let segment = &self.segments[index];
        let start = u128::from(segment.served_before_micro);
        let elapsed = u128::from(until.saturating_sub(segment.from_ms));
        // Thousandths of a place per second times milliseconds are millionths of a place.
        let climbed = start + u128::from(segment.rate_per_second.milli()) * elapsed;
        climbed.min((u128::from(segment.last_place) * MICRO).max(start))
    }

    /// Millionths of a place served at `at`.
    pub(crate) fn served_micro(&self, at: UnixMillis) -> u64 {
        let at = at.0.min(self.lease_ms);
        let begun = self.segments.iter().take_while(|segment| segment.from_ms <= at).count();
        let served = begun.checked_sub(1).map_or(0, |index| self.climbed(index, at));
        u64::try_from(served).unwrap_or(u64::MAX)
    }

    /// Instants at which places 1, 2, 3, … were served, as far as they were by `until`. Ascending.
    pub(crate) fn turns(&self, until: UnixMillis) -> Vec<u64> {
        let mut turns = Vec::new();
        for index in 0..self.segments.len() {
            let segment = &self.segments[index];
            let end = self.end_of(index).min(until.0);
            if segment.from_ms > end {
                break;
            }
            let reached = self.climbed(index, end);
            let rate = u128::from(segment.rate_per_second.milli());
            let start = u128::from(segment.served_before_micro);
            while (turns.len() as u128 + 1) * MICRO <= reached {
                let wanted = (turns.len() as u128 + 1) * MICRO;
                // Only a broken schedule has a place that was served before this segment began.
                let missing = wanted.saturating_sub(start);
                let wait = if missing == 0 { 0 } else { missing.div_ceil(rate) };
                turns.push(segment.from_ms + u64::try_from(wait).unwrap_or(u64::MAX));
            }
        }
        turns
    }

    /// The highest rate, in thousandths per second, in force at any time from `from` to `to`.
    pub(crate) fn highest_rate(&self, from: u64, to: u64) -> u64 {
        let overlaps = |index: &usize| self.segments[*index].from_ms <= to && self.end_of(*index) >= from;
        (0..self.segments.len())
            .filter(overlaps)
            .map(|index| self.segments[index].rate_per_second.milli())
            .max()
            .unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::{
        ids::Place,
        schedule::{Rate, Schedule, ScheduleChange},
    };

    fn published(schedule: &Schedule) -> Curve {
        Curve::new(PublicSchedule {
            segments: schedule.segments().to_vec(),
            lease_until: schedule.lease_until(),
        })
    }

    /// A schedule that went through rates, draws and a stop.
    fn eventful() -> Schedule {
        let mut schedule = Schedule::default();
        let change = |rate, last_place| ScheduleChange {
            rate: Some(Rate::from_milli(rate)),
            turn_ms: Some(60_000),
            session_ms: Some(60_000),
            last_place: Some(last_place),
            second_line: None,
        };
        let mut now = UnixMillis(1_000_000);
        for (step, rate) in [3_300, 150_000, 0, 7_777, 90_001, 12]
            .into_iter()
            .cycle()
            .take(40)
            .enumerate()
        {
            schedule.renew(5_000, now);
            schedule.change(change(rate, 20 + step as u64 * 9), now);
            // Every seventh pause is longer than the lease: a stop.
            now = now.plus(if step % 7 == 6 { 9_000 } else { 700 + step as u64 * 13 });
        }
        schedule.renew(5_000, now);
        schedule
    }

    #[test]
    fn it_says_what_the_rules_in_shared_say() {
        let schedule = eventful();
        let curve = published(&schedule);
        let end = UnixMillis(schedule.lease_until().unwrap().0);
        let turns = curve.turns(end);
        assert!(turns.len() > 100, "{}", turns.len());
        assert!(!schedule.stops().as_slice().is_empty());
        for (index, turn) in turns.iter().enumerate() {
            assert_eq!(
                schedule.turn_at(Place(index as u64 + 1)),
                Some(UnixMillis(*turn)),
                "place {}",
                index + 1
            );
        }
        assert_eq!(
            schedule
                .turn_at(Place(turns.len() as u64 + 1))
                .filter(|turn| *turn <= end),
            None
        );
        for at in (1_000_000..end.0 + 5_000).step_by(317) {
            assert_eq!(
                curve.served_micro(UnixMillis(at)),
                schedule.served_micro(UnixMillis(at)),
                "{at}"
            );
        }
    }

    #[test]
    fn the_highest_rate_is_that_of_every_segment_touched() {
        let curve = published(&eventful());
        assert_eq!(curve.highest_rate(0, u64::MAX), 150_000);
        assert_eq!(curve.highest_rate(0, 10), 0);
    }
}
