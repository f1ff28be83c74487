//! What the one coordinator of an event decides: what a put changes and what it may not ([`fixed`]), what closing a draw does ([`closing`]). Pure: the runtime's store
//! brings the event, the clock and what shards said, and keeps what has changed, all or nothing.

mod closing;
mod fixed;
mod lease;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::membership::Windows,
    identity::{Bytes32, Draw, EventId, EventKey},
    lives::Lives,
    schedule::{Change, EFFECT_DELAY_MS, Rate, Schedule},
    score::counts::ScoreCounts,
    standing::{FrozenTickets, Snapshot},
    timestamp::UnixMillis,
    wire::{PutAccepted, PutEvent, PutRelease},
};

pub(crate) use closing::{AwaitedRound, FrozenDraw, has_tickets};
use lease::Keeper;

use crate::platform::PutOutcome;

/// Marks one operation. The sending side repeats an operation whose answer was lost with the same mark, and the store then
/// answers as it did, instead of refusing what it has done already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Attempt(pub(crate) u64);

/// What the first put fixed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fixed {
    pub(crate) event_id: EventId,
    /// The queue opened with the first put.
    pub(crate) opened_at: UnixMillis,
    pub(crate) key: EventKey,
    pub(crate) commitment: Bytes32,
}

/// What the last put of the event said.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Put {
    pub(crate) put: PutEvent,
    /// The longest there ever was: windows of that length may still run.
    pub(crate) longest_shopping_ms: u64,
}

/// What every accepted put writes, and every answer of a site that is asked for its health.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pulse {
    pub(crate) version: u64,
    /// The operation that brought this version, and what it was answered.
    pub(crate) attempt: Option<Attempt>,
    pub(crate) effective_at: UnixMillis,
    pub(crate) lease_until: Option<UnixMillis>,
    pub(crate) paused: bool,
    pub(crate) sold_out: bool,
    /// When a site that is asked for its health last said that it is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) site_well_at: Option<UnixMillis>,
}

/// How far draws are closed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Draws up to this one are being closed: nothing is announced up to it any more.
    pub(crate) closing: Option<Draw>,
    /// Everything up to this draw is closed, draws without tickets included.
    pub(crate) closed_through: Option<Draw>,
    /// The last draw that has a record.
    pub(crate) last_closed: Option<Draw>,
    pub(crate) draws_closed: u32,
    pub(crate) last_place: u64,
    /// Hash of the last record, zeros before the first.
    pub(crate) last_hash: Bytes32,
    /// The draw whose shards are frozen and whose beacon's round is not out yet.
    #[serde(default)]
    pub(crate) frozen: Option<FrozenTickets>,
    /// Every shard is frozen in all that was announced up to this draw, and need not be asked to again. Noted only where
    /// draws wait for a beacon and a store cannot keep it with each shard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) frozen_through: Option<Draw>,
}

impl Progress {
    const START: Progress = Progress {
        closing: None,
        closed_through: None,
        last_closed: None,
        draws_closed: 0,
        last_place: 0,
        last_hash: Bytes32([0; 32]),
        frozen: None,
        frozen_through: None,
    };
}

/// The event, but for what shards told of themselves.
#[derive(Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) fixed: Fixed,
    pub(crate) put: Put,
    pub(crate) pulse: Pulse,
    pub(crate) progress: Progress,
    pub(crate) schedule: Schedule,
}

/// What shards last said of themselves, together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reported {
    /// Tickets given.
    pub(crate) joined: u64,
    pub(crate) scores: ScoreCounts,
    /// Scored joins a second, see [`joins_per_second`].
    pub(crate) joins_per_second: u64,
}

/// How many joined a second between two counts; over less than a second it is not told apart from a second.
pub(crate) fn joins_per_second(earlier: (u64, UnixMillis), now: (u64, UnixMillis)) -> u64 {
    let elapsed_ms = now.1.since(earlier.1).max(1_000);
    now.0.saturating_sub(earlier.0).saturating_mul(1_000) / elapsed_ms
}

/// The arrival windows that a put describes.
pub(crate) fn windows(put: &PutEvent) -> Windows {
    Windows {
        on_sale_time: put.on_sale_time,
        draw_window_ms: put.draw_window_ms,
    }
}

/// What a put of the event says of the curve. Its rate is the origin's meter's to say, unless the event has a fixed one.
fn curve_of(put: &PutEvent) -> Change {
    let fixed = put.policy.release.as_ref();
    let rate = fixed.map(|release| release.rate(put.turn_ms, put.longest_session_ms()));
    Change {
        turn_ms: Some(put.turn_ms),
        rate,
        ..Change::default()
    }
}

/// Whether somebody may hold a ticket in a draw that is not closed: a shard has announced one, or what was announced is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// Nobody holds a ticket, unless of a closed draw.
    Nobody,
    /// Somebody may.
    Somebody,
}

impl Event {
    /// By its first put. The key and the secret behind the commitment must be unpredictable.
    pub(crate) fn create(fixed: Fixed, put: PutEvent, attempt: Attempt) -> Event {
        let mut schedule = Schedule::default();
        let effective_at = schedule.change(curve_of(&put), fixed.opened_at);
        let opened_at = fixed.opened_at;
        let mut event = Event {
            fixed,
            pulse: Pulse {
                version: put.version,
                attempt: Some(attempt),
                effective_at,
                ..Pulse::default()
            },
            put: Put {
                longest_shopping_ms: put.longest_session_ms(),
                put,
            },
            progress: Progress::START,
            schedule,
        };
        event.hand_lease_over(Keeper::Nobody, opened_at);
        event
    }

    /// The same operation again gets the same answer; an older or equal version of another is refused.
    fn judge_version(&self, attempt: Attempt, version: u64) -> Option<PutOutcome> {
        if self.pulse.attempt == Some(attempt) {
            return Some(self.accepted());
        }
        (version <= self.pulse.version).then_some(PutOutcome::Stale {
            last: self.pulse.version,
        })
    }

    /// What the last put was answered.
    pub(crate) fn accepted(&self) -> PutOutcome {
        PutOutcome::Accepted(PutAccepted {
            version: self.pulse.version,
            effective_at: self.pulse.effective_at,
        })
    }

    /// A put of the event.
    pub(crate) fn put_event(
        &mut self,
        put: &PutEvent,
        attempt: Attempt,
        joined: Joined,
        now: UnixMillis,
    ) -> PutOutcome {
        if let Some(outcome) = self.judge_version(attempt, put.version) {
            return outcome;
        }
        if let Some(sentence) = fixed::judge(&self.put.put, put, joined, now) {
            return PutOutcome::Fixed(sentence);
        }
        let before = std::mem::replace(&mut self.put.put, put.clone());
        // The lease first: a stop that it ends must be in the curve before the curve goes on.
        self.hand_lease_over(Keeper::of(&before), now);
        let mut effective_at = now.plus(EFFECT_DELAY_MS);
        if curve_of(put) != curve_of(&before) {
            effective_at = self.schedule.change(curve_of(put), now);
        }
        self.put.longest_shopping_ms = self.put.longest_shopping_ms.max(put.longest_session_ms());
        self.pulse.version = put.version;
        self.pulse.attempt = Some(attempt);
        self.pulse.effective_at = effective_at;
        self.accepted()
    }

    /// A put of the release.
    pub(crate) fn put_release(&mut self, put: &PutRelease, attempt: Attempt, now: UnixMillis) -> PutOutcome {
        if let Some(outcome) = self.judge_version(attempt, put.version) {
            return outcome;
        }
        if self.put.put.policy.release.is_some() {
            return PutOutcome::Fixed("This event's releases are fixed in its policy: no meter decides.".to_owned());
        }
        let rate = if put.paused { Rate::ZERO } else { put.rate_per_second };
        let change = Change {
            rate: Some(rate),
            ..curve_of(&self.put.put)
        };
        // The lease first, as above.
        if Keeper::of(&self.put.put) == Keeper::Origin {
            self.schedule.renew(put.lease_ms, now);
        }
        let effective_at = self.schedule.change(change, now);
        self.pulse = Pulse {
            version: put.version,
            attempt: Some(attempt),
            effective_at,
            lease_until: self.schedule.lease_until(),
            paused: put.paused,
            sold_out: put.sold_out,
            site_well_at: None, // an event with releases has a meter
        };
        self.accepted()
    }

    /// The event as edges know it.
    pub(crate) fn snapshot(&self, reported: Reported, lives: Lives, now: UnixMillis) -> Snapshot {
        let progress = &self.progress;
        Snapshot {
            as_of: now,
            event_id: self.fixed.event_id.clone(),
            config: self.put.put.clone(),
            version: self.pulse.version,
            commitment: self.fixed.commitment,
            // Shards report late; what a record has counted is known at once.
            joined: reported.joined.max(progress.last_place),
            draws_closed: progress.draws_closed,
            last_closed: progress.last_closed,
            last_place: progress.last_place,
            schedule: self.schedule.live_part(now, self.put.longest_shopping_ms),
            paused: self.pulse.paused,
            sold_out: self.pulse.sold_out,
            lives,
            scores: reported.scores,
            joins_per_second: reported.joins_per_second,
            frozen: progress.frozen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_of_joins_is_counted_over_a_second_or_longer() {
        let pace = |joins, at| joins_per_second((1_000, UnixMillis(10_000)), (joins, UnixMillis(at)));
        assert_eq!(pace(9_000, 10_500), 8_000);
        assert_eq!(pace(9_000, 14_000), 2_000);
        assert_eq!(pace(900, 18_000), 0);
    }
}
