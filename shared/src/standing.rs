//! Where a fan stands: a pure function of ticket, draw record, schedule and clock.

use serde::{Deserialize, Serialize};

use crate::{
    draw::{announcement::Announcement, membership::Windows},
    identity::{Bytes32, Draw, EventId, Place, ShardCount, Tag},
    lives::Lives,
    schedule::Schedule,
    score::counts::ScoreCounts,
    timestamp::UnixMillis,
    wire::{Phase, PutEvent},
};

/// A poll is asked for at the least this often near the turn, in ms.
pub const SHORTEST_POLL_MS: u64 = 1_000;
/// A poll is asked for at the most this seldom, in ms.
pub const LONGEST_POLL_MS: u64 = 60_000;
/// How many polls a second the edge is asked to take when everybody waits for the same instant.
pub const POLLS_PER_SECOND: u64 = 200_000;

/// What an edge knows of an event at one instant: small, the same for every fan, taken from the coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The coordinator's clock when it was taken.
    pub as_of: UnixMillis,
    /// The event.
    pub event_id: EventId,
    /// As the origin put it.
    pub config: PutEvent,
    /// Last version accepted, of the event or of a release.
    pub version: u64,
    /// SHA-256 of the first secret.
    pub commitment: Bytes32,
    /// Tickets given (behind by some seconds).
    pub joined: u64,
    /// Draws closed.
    pub draws_closed: u32,
    /// The last draw that is closed; its record is public.
    pub last_closed: Option<Draw>,
    /// Last place of the last closed draw.
    pub last_place: u64,
    /// The part of the curve that can still matter.
    pub schedule: Schedule,
    /// An admin stopped admission.
    pub paused: bool,
    /// Nothing is left.
    pub sold_out: bool,
    /// Which tickets and places a restored store has lost.
    #[serde(default, skip_serializing_if = "Lives::is_only_life")]
    pub lives: Lives,
    /// How joins were scored (behind by some seconds).
    #[serde(default, skip_serializing_if = "ScoreCounts::is_empty")]
    pub scores: ScoreCounts,
    /// Scored joins a second, over the last seconds.
    #[serde(default)]
    pub joins_per_second: u64,
    /// The draw that waits for its beacon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<FrozenTickets>,
}

/// All tickets of a draw, before its beacon's round is out. Whoever has noted it can see in the record that nobody was added
/// once the round could be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenTickets {
    /// The draw.
    pub draw: Draw,
    /// See [`crate::draw::digest::tickets_digest`].
    pub tickets_digest: Bytes32,
}

/// Where a ticket stands at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The ticket's draw is still open.
    PreQueue,
    /// The ticket's draw is over or a window after the on-sale; its place is known soon after `drawn_at`.
    Drawing {
        /// See [`Snapshot::drawn_at`].
        drawn_at: UnixMillis,
    },
    /// In the line.
    Waiting {
        /// Places before this one not served yet.
        ahead: u64,
        /// Seconds until the turn, rounded up: exact where the curve has come to the place already, else at the pace of the
        /// last minutes ([`Schedule::wait_at_pace`]). `None` while admission is paused or stopped, or nobody is admitted.
        wait_seconds: Option<u64>,
    },
    /// The turn came and may be claimed.
    Turn {
        /// When it came.
        turn_at: UnixMillis,
        /// When it is over if nobody claims it.
        claim_before: UnixMillis,
    },
    /// The time to claim is over; whoever claimed in time may still be shopping.
    OnlyIfClaimed {
        /// When the turn came.
        turn_at: UnixMillis,
    },
    /// Over for good.
    Expired,
}

impl Snapshot {
    /// The arrival windows.
    #[must_use]
    pub fn windows(&self) -> Windows {
        Windows {
            on_sale_time: self.config.on_sale_time,
            draw_window_ms: self.config.draw_window_ms,
        }
    }

    /// What receipts bind.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        Announcement {
            event_id: self.event_id.clone(),
            commitment: self.commitment,
            shards: self.shards(),
            on_sale_time: self.config.on_sale_time,
            draw_window_ms: self.config.draw_window_ms,
            beacon: self.config.policy.beacon.clone(),
        }
    }

    /// When `draw` can be drawn: when it closes, or when its beacon's round is out.
    #[must_use]
    pub fn drawn_at(&self, draw: Draw) -> UnixMillis {
        let closed_at = self.windows().closed_at(draw);
        let beacon = self.config.policy.beacon.as_ref();
        beacon.map_or(closed_at, |beacon| beacon.drawn_at(closed_at))
    }

    /// Whether the record of `draw` is public.
    #[must_use]
    pub fn is_closed(&self, draw: Draw) -> bool {
        self.last_closed.is_some_and(|last| draw <= last)
    }

    /// What the queue as a whole does at `now`.
    #[must_use]
    pub fn phase(&self, now: UnixMillis) -> Phase {
        if self.sold_out {
            Phase::SoldOut
        } else if self.paused {
            Phase::Paused
        } else if now < self.config.on_sale_time {
            Phase::PreQueue
        } else if self.schedule.stopped(now) {
            Phase::Stopped
        } else if self.last_closed.is_none() && self.joined > 0 {
            Phase::Drawing
        } else {
            Phase::OnSale
        }
    }

    /// The shards of the event.
    #[must_use]
    pub fn shards(&self) -> ShardCount {
        self.config.shards
    }

    /// Where a ticket of `draw` stands at `now`; `place` is known once the draw is closed.
    #[must_use]
    pub fn standing(&self, draw: Draw, place: Option<Place>, now: UnixMillis) -> Standing {
        let Some(place) = place else {
            let before_on_sale = draw == Draw::PRE_QUEUE && now < self.windows().closed_at(draw);
            return if before_on_sale {
                Standing::PreQueue
            } else {
                let drawn_at = self.drawn_at(draw);
                Standing::Drawing { drawn_at }
            };
        };
        if self.schedule.long_past(place) {
            return Standing::Expired;
        }
        match self.schedule.turn_at(place).filter(|&turn_at| turn_at <= now) {
            None => self.waiting(place, now),
            Some(turn_at) => {
                let claim_before = self.schedule.claim_before(turn_at, now);
                if now < claim_before {
                    Standing::Turn { turn_at, claim_before }
                } else if now
                    < self
                        .schedule
                        .end_of(claim_before, self.config.longest_session_ms(), now)
                {
                    Standing::OnlyIfClaimed { turn_at }
                } else {
                    Standing::Expired
                }
            }
        }
    }

    fn waiting(&self, place: Place, now: UnixMillis) -> Standing {
        let ahead = (place.0 - 1).saturating_sub(self.schedule.served(now));
        let wait_ms = match self.schedule.turn_at(place) {
            Some(turn_at) => Some(turn_at.since(now)),
            // How long a pause or a stop lasts nobody knows.
            None if self.paused || self.schedule.stopped(now) => None,
            None => self.schedule.wait_at_pace(place, now),
        };
        Standing::Waiting {
            ahead,
            wait_seconds: wait_ms.map(|ms| ms.div_ceil(1000)),
        }
    }

    /// When a fan standing so should ask again, in ms: seldom when far back, often near the turn, spread by the fan's tag so
    /// that ten million do not come in the same instant.
    #[must_use]
    pub fn poll_after_ms(&self, standing: Standing, tag: Tag, now: UnixMillis) -> u64 {
        // A share from 0 to 999 that differs per fan and per poll, without a random number.
        let salt = u64::from_be_bytes(tag.0[8..].try_into().expect("8 of 16 bytes")).wrapping_add(now.0 / 1000);
        let share = salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let spread = |ms: u64| ms * (share % 1000) / 1000;
        let crowd_ms = (self.joined * 1000 / POLLS_PER_SECOND).max(SHORTEST_POLL_MS);
        let wait = match standing {
            Standing::PreQueue => {
                let remaining = self.config.on_sale_time.since(now);
                if remaining > LONGEST_POLL_MS {
                    30_000 + spread(30_000)
                } else {
                    remaining + spread(crowd_ms)
                }
            }
            Standing::Drawing { drawn_at } => drawn_at.since(now) + SHORTEST_POLL_MS + spread(crowd_ms),
            Standing::Waiting {
                wait_seconds: Some(seconds),
                ..
            } => {
                // A third of the wait: an estimate that was too long is noticed in time.
                let third = (seconds.saturating_mul(1000) / 3).max(SHORTEST_POLL_MS);
                third / 2 + spread(third)
            }
            Standing::Waiting { wait_seconds: None, .. } => 5_000 + spread(5_000),
            Standing::Turn { .. } | Standing::OnlyIfClaimed { .. } => 5_000 + spread(1_000),
            Standing::Expired => LONGEST_POLL_MS,
        };
        // An estimate can be too long (the rate rose): whoever asks twice in the length of a turn cannot miss theirs.
        let longest = match standing {
            Standing::Waiting { .. } => LONGEST_POLL_MS.min(self.config.turn_ms / 2),
            _ => LONGEST_POLL_MS + crowd_ms.min(LONGEST_POLL_MS),
        };
        wait.clamp(SHORTEST_POLL_MS, longest)
    }
}
