//! What the queue of one event is configured with: its times, its size and its policy.
//!
//! The origin puts the settings ([`crate::wire::PutEvent`] is their form on the wire), the
//! coordinator keeps the last ones, and every snapshot carries them. They hold no state: what
//! happens to the queue meanwhile is in the schedule and in the draws.

use serde::{Deserialize, Serialize};

use crate::{
    draw::membership::Windows,
    ids::ShardCount,
    limits::Limits,
    policy::{CHALLENGE_MAX_NUMBER, QueuePolicy, gate::RENEWED_LASTS},
    timestamp::UnixMillis,
};

/// Length of an arrival window, in ms.
pub const DRAW_WINDOW_MS: Limits = Limits {
    default: 5_000,
    least: 1_000,
    most: 60_000,
};
/// Shards that freeze a draw per second, at most, over all windows: each tells the event's one
/// coordinator.
pub const FREEZES_PER_SECOND: u64 = 512;
/// How long a turn can be claimed, in ms.
pub const TURN_MS: Limits = Limits {
    default: 600_000,
    least: 10_000,
    most: 3_600_000,
};
/// How long a fan may shop after the claim, in ms.
pub const SHOPPING_MS: Limits = Limits {
    default: 600_000,
    least: 10_000,
    most: 3_600_000,
};
/// From this long before the on-sale the on-sale time and the window are fixed, in ms. They also
/// cannot be changed to an on-sale that is no further ahead than this.
pub const FIXED_BEFORE_ON_SALE_MS: u64 = 60_000;

/// The settings of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    /// Shown to fans.
    pub name: String,
    /// The pre-queue ends and the sale starts here.
    pub on_sale_time: UnixMillis,
    /// The number of shards. Never changes after the first put.
    pub shards: ShardCount,
    /// See [`DRAW_WINDOW_MS`].
    pub draw_window_ms: u64,
    /// See [`TURN_MS`].
    pub turn_ms: u64,
    /// See [`SHOPPING_MS`].
    pub shopping_ms: u64,
    /// The usual difficulty of the proof of work. See [`CHALLENGE_MAX_NUMBER`].
    pub challenge_max_number: u64,
    /// How the queue treats people.
    #[serde(default, skip_serializing_if = "QueuePolicy::is_default")]
    pub policy: QueuePolicy,
}

impl EventSettings {
    /// Longest name in bytes.
    pub const MAX_NAME_LENGTH: usize = 200;

    /// The arrival windows.
    #[must_use]
    pub fn windows(&self) -> Windows {
        Windows {
            on_sale_time: self.on_sale_time,
            draw_window_ms: self.draw_window_ms,
        }
    }

    /// How long a shopping session can last after its claim, in ms, with all renewals and without
    /// stops.
    #[must_use]
    pub fn longest_session_ms(&self) -> u64 {
        let times = if self.policy.gate.renew_sessions {
            RENEWED_LASTS
        } else {
            1
        };
        self.shopping_ms * times
    }

    /// Checks every field against its limits.
    ///
    /// # Errors
    /// A sentence that names the first field that is out of its limits, and the limits.
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
        let freezes = u64::from(self.shards.get()) * 1_000;
        if freezes > FREEZES_PER_SECOND * self.draw_window_ms {
            let shards = self.shards.get();
            let least = freezes.div_ceil(FREEZES_PER_SECOND);
            return Err(format!("with {shards} shards draw_window_ms must be {least} or more"));
        }
        if self.name.is_empty() || self.name.len() > Self::MAX_NAME_LENGTH {
            return Err(format!("name must have 1 to {} bytes", Self::MAX_NAME_LENGTH));
        }
        // A beacon that starts later has its first round after the on-sale, possibly years after
        // it.
        let genesis = self.policy.beacon.as_ref().map(|beacon| beacon.genesis);
        if genesis.is_some_and(|genesis| genesis * 1_000 > self.on_sale_time.0) {
            return Err("policy.beacon.genesis must not be after on_sale_time".to_owned());
        }
        self.policy.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(shards: u16, draw_window_ms: u64) -> EventSettings {
        EventSettings {
            name: "An evening".to_owned(),
            on_sale_time: UnixMillis(0),
            shards: ShardCount::new(shards).unwrap(),
            draw_window_ms,
            turn_ms: TURN_MS.default,
            shopping_ms: SHOPPING_MS.default,
            challenge_max_number: CHALLENGE_MAX_NUMBER.default,
            policy: QueuePolicy::default(),
        }
    }

    #[test]
    fn many_shards_need_windows_in_which_they_can_be_frozen() {
        for (shards, draw_window_ms) in [(1, 1_000), (512, 1_000), (1_024, 2_000)] {
            assert_eq!(settings(shards, draw_window_ms).check(), Ok(()));
        }
        let refused = settings(1_024, 1_999).check().unwrap_err();
        assert_eq!(refused, "with 1024 shards draw_window_ms must be 2000 or more");
    }
}
