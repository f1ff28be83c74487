//! The poll law: when a client asks for its status again, in every phase of an event.
//!
//! Each fan has [poll times](poll_times::PollTimes): instants that follow from the fan's tag, one
//! in every second. A poll is told to come at a poll time, and between two of them nothing new is
//! told. So nobody gains by asking more often than told, and fans do not ask together, whatever
//! happens to all of them at once.
//!
//! The law has one budget for the whole event, [`POLLS_PER_SECOND`]. A fan who waits for nothing in
//! particular uses one poll time in each [spread](spread_ms), which is as long as all fans together
//! need.
//! Fans near their turn use more, which costs little because they are few: with a line that serves
//! `r` places a second, `3 r` fans are between three and six seconds away from their turn, for each
//! second of an interval. [`NEAR_POLLS_PERCENT`] of the budget are for them.
//!
//! The interval of a fan who waits is at most a third of the wait, so that an estimate that was too
//! long is noticed in time, and at most a quarter of a turn. A turn lasts four spreads at least
//! ([`shortest_turn_ms`]). So whoever asks as told has three quarters of the turn left, and budget
//! and turn are never in conflict.

pub mod poll_times;
mod waiting;

use crate::{ids::Tag, queue_status::Standing, snapshot::Snapshot, timestamp::UnixMillis};
use poll_times::PollTimes;
pub use waiting::PollInterval;
pub(crate) use waiting::whole_second;

/// Polls per second that one event may ask of the edge, in every phase.
pub const POLLS_PER_SECOND: u64 = 200_000;
/// The part of [`POLLS_PER_SECOND`] that is kept for fans near their turn, in percent.
pub const NEAR_POLLS_PERCENT: u64 = 20;
/// Shortest interval between two polls, in ms: the interval of a fan's poll times.
pub const SHORTEST_POLL_MS: u64 = 1_000;
/// The interval while nobody can say what comes next, in ms: in a standstill without a pace, or in
/// a turn that waits to be claimed.
pub const UNKNOWN_POLL_MS: u64 = 4_000;
/// Longest interval of a fan who waits, in ms, unless the spread is longer.
pub const LONGEST_POLL_MS: u64 = 64_000;
/// Longest interval before the on-sale, in ms, unless the spread is longer.
pub const LONGEST_EARLY_POLL_MS: u64 = 256_000;
/// Longest spread, in ms. It is enough for 163,840,000 fans. More than those pass the budget.
pub const LONGEST_SPREAD_MS: u64 = 1_024_000;
/// A poll may come so much before its poll time, in ms: clients round.
pub const EARLY_POLL_MS: u64 = 100;
/// A turn lasts at least so many spreads.
pub const SPREADS_IN_TURN: u64 = 4;

/// The interval between two polls at which `joined` fans together stay within their part of
/// [`POLLS_PER_SECOND`], in ms: the shortest of [`SHORTEST_POLL_MS`], its double, and so on that
/// does. Few fans have the shortest.
#[must_use]
pub fn spread_ms(joined: u64) -> u64 {
    let polls_per_second = POLLS_PER_SECOND * (100 - NEAR_POLLS_PERCENT) / 100;
    let needed_ms = joined.saturating_mul(1000).div_ceil(polls_per_second);
    let mut spread_ms = SHORTEST_POLL_MS;
    while spread_ms < needed_ms && spread_ms < LONGEST_SPREAD_MS {
        spread_ms *= 2;
    }
    spread_ms
}

/// The shortest turn that an event with `joined` fans can have, in ms. A shorter one could be over
/// before its fan may ask.
#[must_use]
pub fn shortest_turn_ms(joined: u64) -> u64 {
    SPREADS_IN_TURN * spread_ms(joined)
}

/// The interval of fans whose turn is next, in ms, with this spread and a line that serves so many
/// thousandths of a place a second. It is shorter than the spread by as many halvings as
/// [`NEAR_POLLS_PERCENT`] of the budget can pay. Each costs three polls for each place that is
/// served, and the last one three more.
#[must_use]
pub fn near_interval_ms(spread_ms: u64, milli_per_second: u64) -> u64 {
    let near_polls = POLLS_PER_SECOND * NEAR_POLLS_PERCENT / 100;
    let per_halving = 3 * milli_per_second.div_ceil(1000);
    let halvings = near_polls
        .checked_div(per_halving)
        .unwrap_or(u64::MAX)
        .saturating_sub(1);
    let shift = u32::try_from(halvings.min(63)).expect("63 at most");
    (spread_ms >> shift).max(SHORTEST_POLL_MS)
}

/// The longest of the intervals [`SHORTEST_POLL_MS`], its double, and so on that is not longer than
/// `ms`; the shortest one if none is.
fn interval_within(ms: u64) -> u64 {
    let mut interval_ms = SHORTEST_POLL_MS;
    while interval_ms * 2 <= ms && interval_ms < LONGEST_SPREAD_MS {
        interval_ms *= 2;
    }
    interval_ms
}

impl Snapshot {
    /// See [`spread_ms`].
    #[must_use]
    pub fn spread_ms(&self) -> u64 {
        spread_ms(self.joined)
    }

    /// The time until the next poll of a fan with this standing, in ms: always more than
    /// [`EARLY_POLL_MS`], and as long as the module says.
    #[must_use]
    pub fn poll_after_ms(&self, standing: Standing, tag: Tag, now: UnixMillis) -> u64 {
        let poll_times = PollTimes::of(tag);
        let (spread_ms, soon) = (self.spread_ms(), now.plus(EARLY_POLL_MS));
        let idle_ms = spread_ms.max(UNKNOWN_POLL_MS);
        let at = match standing {
            Standing::PreQueue => self.early_poll_at(poll_times, now),
            Standing::Drawing { drawn_at } => poll_times.after(drawn_at.minus(1).max(soon), spread_ms),
            Standing::Waiting { poll_at, .. } => poll_at,
            Standing::Turn { claim_before, .. } => {
                let half_ms = (claim_before.since(now) / 2).max(SHORTEST_POLL_MS);
                poll_times.after(soon, idle_ms).min(now.plus(half_ms))
            }
            Standing::TurnEnded { .. } | Standing::Expired => poll_times.after(soon, idle_ms),
        };
        at.since(now)
    }

    /// The time until the next poll of a fan of whom nothing new can be said at `now`, in ms: the
    /// snapshot is old, and a newer one cannot be had.
    #[must_use]
    pub fn idle_poll_after_ms(&self, tag: Tag, now: UnixMillis) -> u64 {
        let idle_ms = self.spread_ms().max(UNKNOWN_POLL_MS);
        PollTimes::of(tag).after(now.plus(EARLY_POLL_MS), idle_ms).since(now)
    }

    /// Before the on-sale nothing changes but the countdown: a third of what remains is early
    /// enough. The last poll before the draw is the first one after the on-sale.
    fn early_poll_at(&self, poll_times: PollTimes, now: UnixMillis) -> UnixMillis {
        let spread_ms = self.spread_ms();
        let on_sale_time = self.settings.on_sale_time;
        let third_ms = on_sale_time.since(now) / 3;
        if third_ms < spread_ms {
            return poll_times.after(on_sale_time.minus(1).max(now.plus(EARLY_POLL_MS)), spread_ms);
        }
        let interval_ms = interval_within(third_ms.min(LONGEST_EARLY_POLL_MS)).max(spread_ms);
        // A poll time that is just ahead is left out: nothing would be new.
        poll_times.after(now.plus(interval_ms / 2), interval_ms)
    }
}

#[cfg(test)]
mod tests;
