//! The snapshot: what an edge knows of an event at one instant.
//!
//! Edges take it from the coordinator and keep it for a short time. What it means for one queue
//! ticket is decided in [`crate::queue_status`] and [`crate::polling`].

use serde::{Deserialize, Serialize};

use crate::{
    draw::{announcement::Announcement, membership::Windows, record::Line},
    epochs::Epochs,
    event_settings::EventSettings,
    ids::{Bytes32, Draw, EventId, Place, Shard, ShardCount},
    meter::SiteMeterReport,
    policy::Pinned,
    queue_ticket::DrawnPlace,
    schedule::{EFFECT_DELAY_MS, Schedule},
    score::counts::ScoreCounts,
    sessions::{NewestEnded, SessionTotals},
    timestamp::UnixMillis,
};

/// The state of an event as an edge knows it. It is the same for every fan, of bounded size, and
/// comes from the coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The clock of the coordinator when the snapshot was taken.
    pub as_of: UnixMillis,
    /// The event.
    pub event_id: EventId,
    /// As the origin put them last.
    pub settings: EventSettings,
    /// The last version that the coordinator accepted, of the settings or of a release.
    pub version: u64,
    /// SHA-256 of the first secret.
    pub commitment: Bytes32,
    /// Queue tickets issued; some seconds behind.
    pub joined: u64,
    /// Number of draws that are closed.
    pub draws_closed: u32,
    /// The last draw that is closed. Its record is public.
    pub last_closed: Option<Draw>,
    /// The last place of the line: of the last draw that is closed, or of the suspects who have moved
    /// up behind it.
    pub last_place: u64,
    /// Suspects of closed draws who have no place in the line, see [`Schedule::place_in_line`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_second_line: u64,
    /// The part of the schedule that can still matter, see [`Schedule::live_part`].
    pub schedule: Schedule,
    /// An admin stopped admission.
    pub paused: bool,
    /// Nothing is left.
    pub sold_out: bool,
    /// Which queue tickets and places a restored store has lost.
    #[serde(default, skip_serializing_if = "Epochs::is_only_epoch")]
    pub epochs: Epochs,
    /// How joins were scored; some seconds behind.
    #[serde(default, skip_serializing_if = "ScoreCounts::is_empty")]
    pub scores: ScoreCounts,
    /// Scored joins per second, over the last seconds.
    #[serde(default)]
    pub joins_per_second: u64,
    /// The draw that waits for its beacon, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<FrozenTickets>,
    /// Shards that missed a draw and have not come back, by shard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingShard>,
    /// What the meter of a protected site decided last; `None` before it did, and where there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<SiteMeterReport>,
    /// How many shopping sessions began and are over; up to two seconds behind.
    #[serde(default, skip_serializing_if = "SessionTotals::is_empty")]
    pub sessions: SessionTotals,
    /// The last of the sessions that ended before their shop tokens do.
    #[serde(default, skip_serializing_if = "NewestEnded::is_empty")]
    pub ended: NewestEnded,
    /// Most shopping sessions at once, as the origin put it last
    /// ([`crate::wire::PutRelease::at_once`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The phase of an event's queue as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the on-sale.
    PreQueue,
    /// Draw 0 is being closed.
    Drawing,
    /// Fans get their turns.
    OnSale,
    /// An admin stopped admission.
    Paused,
    /// The origin or the protected site does not answer, or an admin lets nobody in. Admission
    /// waits and nobody loses time by it.
    Stopped,
    /// Nothing is left.
    SoldOut,
}

/// The digest of all tickets of a draw, shown before the round of its beacon is out. A fan who
/// notes it can see in the record that nobody was added once the round could be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenTickets {
    /// The draw.
    pub draw: Draw,
    /// See [`crate::draw::digest::tickets_digest`].
    pub tickets_digest: Bytes32,
    /// See [`crate::draw::record::DrawRecord::pinned_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<UnixMillis>,
}

/// A shard that had not answered when a draw was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingShard {
    /// Which.
    pub shard: Shard,
    /// When it was last heard of; the close of the draw if it never was.
    pub since: UnixMillis,
}

impl Snapshot {
    /// The arrival windows.
    #[must_use]
    pub fn windows(&self) -> Windows {
        self.settings.windows()
    }

    /// What the event announced; receipts contain its digest.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        Announcement {
            event_id: self.event_id.clone(),
            commitment: self.commitment,
            shards: self.shards(),
            on_sale_time: self.settings.on_sale_time,
            draw_window_ms: self.settings.draw_window_ms,
            beacon: self.settings.policy.beacon.clone(),
        }
    }

    /// When `draw` can be drawn: when it closes or, with a beacon, when its round is out.
    #[must_use]
    pub fn drawn_at(&self, draw: Draw) -> UnixMillis {
        let pinned = self.pinned(draw);
        let beacon = self.settings.policy.beacon.as_ref();
        beacon.map_or(pinned.closed_at, |beacon| {
            beacon.time_of(beacon.round_of_pinned(pinned))
        })
    }

    /// From which instant the round of a beacon follows for `draw`.
    #[must_use]
    pub fn pinned(&self, draw: Draw) -> Pinned {
        let frozen = self.frozen.filter(|frozen| frozen.draw == draw);
        Pinned {
            closed_at: self.windows().closed_at(draw),
            late_at: frozen.and_then(|frozen| frozen.pinned_at),
        }
    }

    /// Whether a shard missed a draw and has not come back.
    #[must_use]
    pub fn misses(&self, shard: Shard) -> bool {
        self.missing
            .binary_search_by_key(&shard, |missing| missing.shard)
            .is_ok()
    }

    /// Whether the record of `draw` is public.
    #[must_use]
    pub fn is_closed(&self, draw: Draw) -> bool {
        self.last_closed.is_some_and(|last| draw <= last)
    }

    /// The place in the line that the curve goes by: see [`Schedule::place_in_line`] for the second
    /// line. `None` if its turn is long past.
    #[must_use]
    pub fn place_in_line(&self, drawn: DrawnPlace) -> Option<Place> {
        match drawn.line {
            Line::First => Some(drawn.place),
            Line::Second => self.schedule.place_in_line(drawn.place.0),
        }
    }

    /// The instant for which this snapshot says where fans stand, when a clock shows `now`: `now`,
    /// but not before it was taken, and not later than what it says of the curve is certain. So an
    /// old snapshot repeats what it last said, and a clock that is wrong makes no turn come early.
    #[must_use]
    pub fn answers_for(&self, now: UnixMillis) -> UnixMillis {
        now.clamp(self.as_of, self.as_of.plus(EFFECT_DELAY_MS))
    }

    /// The phase of the whole queue at `now`.
    #[must_use]
    pub fn phase(&self, now: UnixMillis) -> Phase {
        if self.sold_out {
            Phase::SoldOut
        } else if self.paused {
            Phase::Paused
        } else if now < self.settings.on_sale_time {
            Phase::PreQueue
        } else if self.schedule.stopped(now) {
            Phase::Stopped
        } else if self.last_closed.is_none() && self.joined > 0 {
            Phase::Drawing
        } else {
            Phase::OnSale
        }
    }

    /// The number of shards.
    #[must_use]
    pub fn shards(&self) -> ShardCount {
        self.settings.shards
    }
}
