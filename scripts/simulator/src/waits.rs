//! What fans were told of their wait at their polls, and how long it was, for one fan in so many. The wait of every fan who is
//! served can be compared.

use std::collections::HashMap;

use serde::Serialize;
use stanchion_shared::{ids::Place, schedule::Stop, timestamp::UnixMillis};

/// Fans whose waits are compared, at the most.
const POLLING: u32 = 10_000;
/// An estimate is judged if the turn is at least so far away, in ms.
pub(crate) const JUDGED_FROM_MS: u64 = 5 * 60_000;
/// Where waits are told apart, in minutes left.
const BRACKETS_MIN: [u64; 5] = [5, 10, 20, 40, 80];

/// What was told at one poll.
#[derive(Clone, Copy, Debug)]
struct ToldWait {
    at: UnixMillis,
    wait_seconds: Option<u64>,
}

/// A fan whose waits are remembered.
struct Watcher {
    fan: u32,
    place: Place,
    told: Vec<ToldWait>,
}

/// All of these fans.
pub(crate) struct Watchers {
    /// One fan in so many.
    one_in: u32,
    waiting: Vec<Watcher>,
    /// Where each of them is in `waiting`.
    positions: HashMap<u32, usize>,
    errors: Vec<(u64, f64)>,
}

/// How far the told waits were from the real ones: |told - real| / real.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WaitErrors {
    /// From so many minutes left; the next bracket begins where this ends.
    pub(crate) from_min: u64,
    /// Estimates compared; one that was not given counts as wrong by any measure.
    pub(crate) count: usize,
    pub(crate) not_given: usize,
    pub(crate) p10: f64,
    pub(crate) p25: f64,
    pub(crate) median: f64,
    pub(crate) p75: f64,
    pub(crate) p90: f64,
    /// Told too long, of those given.
    pub(crate) too_long_share: f64,
}

impl Watchers {
    pub(crate) fn of(fans: u32) -> Watchers {
        Watchers {
            one_in: fans.div_ceil(POLLING),
            waiting: Vec::new(),
            positions: HashMap::new(),
            errors: Vec::new(),
        }
    }

    /// A fan has a place. One in so many is remembered.
    pub(crate) fn drawn(&mut self, fan: u32, place: Place) {
        if fan.is_multiple_of(self.one_in) {
            self.positions.insert(fan, self.waiting.len());
            let told = Vec::new();
            self.waiting.push(Watcher { fan, place, told });
        }
    }

    /// What a fan was told at a poll.
    pub(crate) fn told(&mut self, fan: u32, at: UnixMillis, wait_seconds: Option<u64>) {
        if let Some(&position) = self.positions.get(&fan) {
            self.waiting[position].told.push(ToldWait { at, wait_seconds });
        }
    }

    /// Compares what was told to fans who are served by now, and forgets those fans. Estimates do not know of `standstills`
    /// that begin later.
    pub(crate) fn compare_served(&mut self, served: u64, turn_at: impl Fn(Place) -> UnixMillis, standstills: &[Stop]) {
        let mut position = 0;
        while position < self.waiting.len() {
            if self.waiting[position].place.0 > served {
                position += 1;
                continue;
            }
            let watcher = self.waiting.swap_remove(position);
            self.positions.remove(&watcher.fan);
            if let Some(moved) = self.waiting.get(position) {
                self.positions.insert(moved.fan, position);
            }
            let turn_at = turn_at(watcher.place);
            for told in &watcher.told {
                let left_ms = turn_at.since(told.at);
                let stood_still = standstills
                    .iter()
                    .any(|stop| stop.to_ms > told.at.0 && stop.from_ms < turn_at.0);
                if left_ms >= JUDGED_FROM_MS && !stood_still {
                    let real = left_ms as f64 / 1000.0;
                    let error = told
                        .wait_seconds
                        .map_or(f64::INFINITY, |told| (told as f64 - real) / real);
                    self.errors.push((left_ms, error));
                }
            }
        }
    }

    /// Over all that were compared, and by how long was left.
    pub(crate) fn errors(&self) -> (Option<WaitErrors>, Vec<WaitErrors>) {
        let between = |from_min: u64, to_min: u64| {
            let inside = |left_ms: u64| (from_min * 60_000..to_min.saturating_mul(60_000)).contains(&left_ms);
            let errors = self
                .errors
                .iter()
                .filter(|(left_ms, _)| inside(*left_ms))
                .map(|(_, error)| *error);
            distribution(from_min, errors.collect())
        };
        let ends = BRACKETS_MIN.iter().skip(1).copied().chain([u64::MAX]);
        let brackets = BRACKETS_MIN.iter().zip(ends);
        (
            between(BRACKETS_MIN[0], u64::MAX),
            brackets.filter_map(|(&from, to)| between(from, to)).collect(),
        )
    }
}

fn distribution(from_min: u64, errors: Vec<f64>) -> Option<WaitErrors> {
    let count = errors.len();
    let given = errors.iter().filter(|error| error.is_finite()).count();
    let too_long = errors.iter().filter(|error| error.is_finite() && **error > 0.0).count();
    let mut sizes: Vec<f64> = errors.into_iter().map(f64::abs).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| sizes.get(((count as f64 * share) as usize).min(count - 1)).copied();
    (count > 0).then_some(())?;
    Some(WaitErrors {
        from_min,
        count,
        not_given: count - given,
        p10: at(0.10)?,
        p25: at(0.25)?,
        median: at(0.50)?,
        p75: at(0.75)?,
        p90: at(0.90)?,
        too_long_share: too_long as f64 / given.max(1) as f64,
    })
}
