use serde::{Deserialize, Serialize};

use crate::{
    identity::{EventId, ShardCount},
    policy::{QueuePolicy, gate::RENEWED_LASTS},
    schedule::Rate,
    score::counts::ScoreCounts,
    timestamp::UnixMillis,
};

/// Length of an arrival window in ms: what an event gets, and both its limits.
pub const DRAW_WINDOW_MS: Limits = Limits {
    default: 5_000,
    least: 1_000,
    most: 60_000,
};
/// How long a turn waits to be claimed, in ms.
pub const TURN_MS: Limits = Limits {
    default: 600_000,
    least: 10_000,
    most: 3_600_000,
};
/// How long a claimed fan may shop, in ms.
pub const SHOPPING_MS: Limits = Limits {
    default: 600_000,
    least: 10_000,
    most: 3_600_000,
};
/// How long the edge goes on admitting after the origin's last word, in ms.
pub const LEASE_MS: Limits = Limits {
    default: 10_000,
    least: 3_000,
    most: 60_000,
};
/// Largest number a proof of work may hide; the work is half of it on average.
pub const CHALLENGE_MAX_NUMBER: Limits = Limits {
    default: 50_000,
    least: 1_000,
    most: 10_000_000,
};
/// `on_sale_time` and the window may not change from this long before the on-sale, nor to an on-sale that is no further ahead,
/// in ms.
pub const FIXED_BEFORE_ON_SALE_MS: u64 = 60_000;

/// A number's default and both its limits, each allowed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Used where nothing is said.
    pub default: u64,
    /// Smallest allowed.
    pub least: u64,
    /// Largest allowed.
    pub most: u64,
}

impl Limits {
    /// Whether `value` is allowed.
    #[must_use]
    pub fn allow(&self, value: u64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}

/// `PUT /api/v1/control/events/{id}`: what the edge must know of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutEvent {
    /// From PostgreSQL, grows with every put of either kind; not larger than the last one seen: 409.
    pub version: u64,
    /// Shown to fans.
    pub name: String,
    /// The pre-queue ends here.
    pub on_sale_time: UnixMillis,
    /// Never changes after the first put.
    pub shards: ShardCount,
    /// See [`DRAW_WINDOW_MS`].
    pub draw_window_ms: u64,
    /// See [`TURN_MS`].
    pub turn_ms: u64,
    /// See [`SHOPPING_MS`].
    pub shopping_ms: u64,
    /// See [`CHALLENGE_MAX_NUMBER`].
    pub challenge_max_number: u64,
    /// How the queue treats people.
    #[serde(default, skip_serializing_if = "QueuePolicy::is_default")]
    pub policy: QueuePolicy,
}

impl PutEvent {
    /// How long a session can last after its claim, renewals included, in ms; stops aside.
    #[must_use]
    pub fn longest_session_ms(&self) -> u64 {
        let times = if self.policy.gate.renew_sessions {
            RENEWED_LASTS
        } else {
            1
        };
        self.shopping_ms * times
    }

    /// Longest name in bytes.
    pub const MAX_NAME_LENGTH: usize = 200;

    /// Says which field is out of its limits.
    ///
    /// # Errors
    /// A sentence that names the field and its limits.
    pub fn check(&self) -> Result<(), String> {
        let numbers = [
            ("draw_window_ms", self.draw_window_ms, DRAW_WINDOW_MS),
            ("turn_ms", self.turn_ms, TURN_MS),
            ("shopping_ms", self.shopping_ms, SHOPPING_MS),
            ("challenge_max_number", self.challenge_max_number, CHALLENGE_MAX_NUMBER),
        ];
        for (name, value, limits) in numbers {
            if !limits.allow(value) {
                return Err(format!("{name} must be {} to {}", limits.least, limits.most));
            }
        }
        if self.name.is_empty() || self.name.len() > Self::MAX_NAME_LENGTH {
            return Err(format!("name must have 1 to {} bytes", Self::MAX_NAME_LENGTH));
        }
        // The round of the first draw would be years away.
        let genesis = self.policy.beacon.as_ref().map(|beacon| beacon.genesis);
        if genesis.is_some_and(|genesis| genesis * 1_000 > self.on_sale_time.0) {
            return Err("policy.beacon.genesis must not be after on_sale_time".to_owned());
        }
        self.policy.check()
    }
}

/// `PUT /api/v1/control/events/{id}/release`: the origin's word, once a second. Durations only: the edge stamps instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutRelease {
    /// As in [`PutEvent`].
    pub version: u64,
    /// Places per second from 2 s after the edge accepted this.
    pub rate_per_second: Rate,
    /// Admission goes flat this long after the edge accepted this, unless renewed. See [`LEASE_MS`].
    pub lease_ms: u64,
    /// An admin stopped admission; the rate is then 0.
    pub paused: bool,
    /// Nothing is left and nothing is held.
    pub sold_out: bool,
}

/// The answer to both puts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAccepted {
    /// The version now in force.
    pub version: u64,
    /// When it takes effect at every edge.
    pub effective_at: UnixMillis,
}

/// `GET /api/v1/control/events/{id}/stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeStats {
    /// The event.
    pub event_id: EventId,
    /// The coordinator's clock.
    pub as_of: UnixMillis,
    /// Last version accepted.
    pub version: u64,
    /// Tickets given, over all draws (behind by some seconds).
    pub joined: u64,
    /// Draws closed.
    pub draws_closed: u32,
    /// Last place of the last closed draw.
    pub last_place: u64,
    /// Places served by now.
    pub served: u64,
    /// How joins were scored (behind by some seconds).
    #[serde(default)]
    pub scores: ScoreCounts,
}
