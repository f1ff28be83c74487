//! Which poll law the simulated edge has: the one in `shared/`, or the one before it, to compare.

use clap::ValueEnum;
use serde::Serialize;
use stanchion_shared::{
    ids::{Draw, Place, Tag},
    polling::{POLLS_PER_SECOND, UNKNOWN_POLL_MS, shortest_turn_ms, spread_ms},
    queue_status::Standing,
    schedule::Pace,
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

/// Longest interval of the former law, in ms.
const FORMER_LONGEST_MS: u64 = 60_000;
/// Shortest interval of the former law, in ms.
const FORMER_SHORTEST_MS: u64 = 1_000;

/// A poll law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PollLaw {
    /// `shared/src/polling/`.
    Present,
    /// As it was up to November 2026: cut off at a minute after the jitter, not enforced, with a curve that begins two
    /// seconds after the draw, and fans who count as gone ten seconds after their turn.
    Former,
}

impl PollLaw {
    /// Where a fan stands who asks at `at`.
    pub(crate) fn standing(
        self,
        snapshot: &Snapshot,
        (draw, place, tag): (Draw, Option<Place>, Tag),
        at: UnixMillis,
        pace: &impl Fn(UnixMillis) -> Pace,
    ) -> Standing {
        match (self, place) {
            (PollLaw::Former, Some(place)) => former_standing(snapshot, place, at, pace),
            _ => snapshot.standing_by_pace(draw, place, tag, at, pace),
        }
    }

    /// What the fan is told.
    pub(crate) fn poll_after_ms(self, snapshot: &Snapshot, standing: Standing, tag: Tag, at: UnixMillis) -> u64 {
        match self {
            PollLaw::Present => snapshot.poll_after_ms(standing, tag, at),
            PollLaw::Former => former_poll_after_ms(snapshot, standing, tag, at),
        }
    }

    /// How long the curve waits for the fans of a draw.
    pub(crate) fn hold_ms(self, last_place: u64) -> u64 {
        match self {
            PollLaw::Present => spread_ms(last_place),
            PollLaw::Former => 0,
        }
    }

    /// The shortest turn with so many fans.
    pub(crate) fn shortest_turn_ms(self, last_place: u64) -> u64 {
        match self {
            PollLaw::Present => shortest_turn_ms(last_place),
            PollLaw::Former => 0,
        }
    }

    /// The last place whose fan counts as called.
    pub(crate) fn called(self, snapshot: &Snapshot, now: UnixMillis, pace: &impl Fn(UnixMillis) -> Pace) -> u64 {
        match self {
            PollLaw::Present => snapshot.called_by_pace(now, pace),
            PollLaw::Former => snapshot.schedule.served(now),
        }
    }

    /// Whether answers after the end of the sale still name an instant.
    pub(crate) fn asks_after_the_end(self) -> bool {
        self == PollLaw::Former
    }

    /// How often the page of a shopper asks.
    pub(crate) fn shopping_interval_ms(self, joined: u64) -> u64 {
        match self {
            PollLaw::Present => spread_ms(joined).max(UNKNOWN_POLL_MS),
            PollLaw::Former => 5_500,
        }
    }
}

fn former_standing(snapshot: &Snapshot, place: Place, at: UnixMillis, pace: &impl Fn(UnixMillis) -> Pace) -> Standing {
    let schedule = &snapshot.schedule;
    let turn_at = schedule.turn_at(place);
    if let Some(turn_at) = turn_at.filter(|turn_at| *turn_at <= at) {
        let claim_before = schedule.claim_before(turn_at, at);
        return match at < claim_before {
            true => Standing::Turn { turn_at, claim_before },
            false => Standing::TurnEnded { turn_at },
        };
    }
    let wait_ms = match turn_at {
        Some(turn_at) => Some(turn_at.since(at)),
        None if snapshot.paused || schedule.stopped(at) => None,
        None => pace(at).wait_ms(place),
    };
    Standing::Waiting {
        ahead: (place.0 - 1).saturating_sub(schedule.served(at)),
        wait_seconds: wait_ms.map(|ms| ms.div_ceil(1000)),
        poll_at: at,
    }
}

fn former_poll_after_ms(snapshot: &Snapshot, standing: Standing, tag: Tag, at: UnixMillis) -> u64 {
    let salt = u64::from_be_bytes(tag.0[8..].try_into().expect("8 of 16 bytes")).wrapping_add(at.0 / 1000);
    let share = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let spread = |ms: u64| ms * (share % 1000) / 1000;
    let crowd_ms = (snapshot.joined * 1000 / POLLS_PER_SECOND).max(FORMER_SHORTEST_MS);
    let wait = match standing {
        Standing::PreQueue => match snapshot.settings.on_sale_time.since(at) {
            remaining if remaining > FORMER_LONGEST_MS => 30_000 + spread(30_000),
            remaining => remaining + spread(crowd_ms),
        },
        Standing::Drawing { drawn_at } => drawn_at.since(at) + FORMER_SHORTEST_MS + spread(crowd_ms),
        Standing::Waiting {
            wait_seconds: Some(seconds),
            ..
        } => {
            let third = (seconds.saturating_mul(1000) / 3).max(FORMER_SHORTEST_MS);
            third / 2 + spread(third)
        }
        Standing::Waiting { wait_seconds: None, .. } => 5_000 + spread(5_000),
        Standing::Turn { .. } | Standing::TurnEnded { .. } => 5_000 + spread(1_000),
        Standing::Expired => FORMER_LONGEST_MS,
    };
    let longest = match standing {
        Standing::Waiting { .. } => FORMER_LONGEST_MS.min(snapshot.settings.turn_ms / 2),
        _ => FORMER_LONGEST_MS + crowd_ms.min(FORMER_LONGEST_MS),
    };
    wait.clamp(FORMER_SHORTEST_MS, longest)
}
