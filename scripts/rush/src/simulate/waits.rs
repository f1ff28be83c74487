//! What fans were told of their wait, and how long it was. One fan in so many polls as the edge asks for it, with the real
//! standing; whoever is served can be compared.

use serde::Serialize;
use stanchion_shared::{
    identity::{Draw, Place, Tag},
    schedule::Stops,
    standing::{Snapshot, Standing},
    timestamp::UnixMillis,
};

/// Fans who poll, at the most.
const POLLING: u32 = 10_000;
/// An estimate is judged if the turn is at least so far away, in ms.
pub(super) const JUDGED_FROM_MS: u64 = 5 * 60_000;
/// Where waits are told apart, in minutes left.
const BRACKETS_MIN: [u64; 5] = [5, 10, 20, 40, 80];

/// What was told at one poll.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: UnixMillis,
    wait_seconds: Option<u64>,
}

/// A fan who polls.
struct Watcher {
    draw: Draw,
    place: Place,
    tag: Tag,
    /// Stops asking then if the turn has not come.
    gone_at: Option<UnixMillis>,
    asks_at: UnixMillis,
    told: Vec<Told>,
}

/// All fans who poll.
pub(super) struct Watchers {
    /// One fan in so many.
    one_in: u32,
    waiting: Vec<Watcher>,
    errors: Vec<(u64, f64)>,
    pub(super) polls: u64,
}

/// How far the told waits were from the real ones: |told - real| / real.
#[derive(Clone, Debug, Serialize)]
pub(super) struct WaitErrors {
    /// From so many minutes left; the next bracket begins where this ends.
    pub(super) from_min: u64,
    /// Estimates compared; one that was not given counts as wrong by any measure.
    pub(super) count: usize,
    pub(super) not_given: usize,
    pub(super) p10: f64,
    pub(super) p25: f64,
    pub(super) median: f64,
    pub(super) p75: f64,
    pub(super) p90: f64,
    /// Told too long, of those given.
    pub(super) too_long_share: f64,
}

impl Watchers {
    pub(super) fn of(fans: u32) -> Watchers {
        Watchers {
            one_in: fans.div_ceil(POLLING),
            waiting: Vec::new(),
            errors: Vec::new(),
            polls: 0,
        }
    }

    /// Whether this fan is one of them.
    pub(super) fn watch(&self, fan: u32) -> bool {
        fan.is_multiple_of(self.one_in)
    }

    /// A fan has a place and begins to poll.
    pub(super) fn add(&mut self, draw: Draw, place: Place, tag: Tag, gone_at: Option<UnixMillis>, now: UnixMillis) {
        self.waiting.push(Watcher {
            draw,
            place,
            tag,
            gone_at,
            asks_at: now,
            told: Vec::new(),
        });
    }

    /// Whoever is to ask before `until` asks.
    pub(super) fn poll(&mut self, snapshot: &Snapshot, until: UnixMillis) {
        for watcher in &mut self.waiting {
            while watcher.asks_at < until && watcher.gone_at.is_none_or(|gone_at| watcher.asks_at < gone_at) {
                let at = watcher.asks_at;
                let standing = snapshot.standing(watcher.draw, Some(watcher.place), at);
                if let Standing::Waiting { wait_seconds, .. } = standing {
                    watcher.told.push(Told { at, wait_seconds });
                }
                watcher.asks_at = at.plus(snapshot.poll_after_ms(standing, watcher.tag, at));
                self.polls += 1;
            }
        }
    }

    /// Compares what was told to those who are served by `now`, and forgets them.
    pub(super) fn settle(&mut self, served: u64, turn_at: impl Fn(Place) -> UnixMillis, stops: &Stops) {
        let errors = &mut self.errors;
        self.waiting.retain(|watcher| {
            if watcher.place.0 > served {
                return true;
            }
            let turn_at = turn_at(watcher.place);
            for told in &watcher.told {
                let left_ms = turn_at.since(told.at);
                let stopped = stops
                    .as_slice()
                    .iter()
                    .any(|stop| stop.to_ms > told.at.0 && stop.from_ms < turn_at.0);
                if left_ms >= JUDGED_FROM_MS && !stopped {
                    let real = left_ms as f64 / 1000.0;
                    let error = told
                        .wait_seconds
                        .map_or(f64::INFINITY, |told| (told as f64 - real) / real);
                    errors.push((left_ms, error));
                }
            }
            false
        });
    }

    /// Over all that were compared, and by how long was left.
    pub(super) fn errors(&self) -> (Option<WaitErrors>, Vec<WaitErrors>) {
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
