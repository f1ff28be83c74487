//! An event as an admin describes it. `limits` has every limit, `check` judges them.

mod check;
mod limits;
mod queue_end;
#[cfg(test)]
mod tests;

pub(crate) use check::check_most_shoppers;
pub use limits::{
    CURRENCIES, DEFAULT_PER_PERSON, LOCK_MS, MAX_MOST_SHOPPERS, MAX_NAME_LENGTH, MAX_PER_PERSON, MAX_ROWS, MAX_SEATS,
    MAX_SEATS_OF_ROW, MAX_SECTIONS,
};

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    event_settings::{DRAW_WINDOW_MS, SHOPPING_MS, TURN_MS},
    ids::{EventId, ShardCount},
    money::Minor,
    policy::{CHALLENGE_MAX_NUMBER, QueuePolicy},
    schedule::Rate,
    timestamp::UnixMillis,
};

/// The body of `POST /api/v1/admin/events`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEvent {
    pub(crate) event_id: EventId,
    pub(crate) name: String,
    pub(crate) starts_at: UnixMillis,
    pub(crate) on_sale_time: UnixMillis,
    pub(crate) currency: String,
    pub(crate) venue: NewVenue,
    pub(crate) sections: Vec<NewSection>,
    pub(crate) limits: NewLimits,
    /// The queue's policy.
    #[serde(default)]
    pub(crate) queue: QueuePolicy,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVenue {
    pub(crate) name: String,
    pub(crate) city: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSection {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) price: Minor,
    pub(crate) fee: Minor,
    pub(crate) rows: Vec<NewRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRow {
    pub(crate) label: String,
    /// Numbered from 1.
    pub(crate) seats: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLimits {
    pub(crate) most_per_second: Rate,
    pub(crate) most_shoppers: u32,
    #[serde(default = "defaults::per_person")]
    pub(crate) per_person: u32,
    #[serde(default = "defaults::lock_ms")]
    pub(crate) lock_ms: u64,
    #[serde(default = "defaults::turn_ms")]
    pub(crate) turn_ms: u64,
    #[serde(default = "defaults::shopping_ms")]
    pub(crate) shopping_ms: u64,
    #[serde(default = "defaults::draw_window_ms")]
    pub(crate) draw_window_ms: u64,
    #[serde(default = "defaults::shards")]
    pub(crate) shards: ShardCount,
    #[serde(default = "defaults::challenge_max_number")]
    pub(crate) challenge_max_number: u64,
}

mod defaults {
    use super::*;

    pub(super) fn per_person() -> u32 {
        DEFAULT_PER_PERSON
    }
    pub(super) fn lock_ms() -> u64 {
        LOCK_MS.default
    }
    pub(super) fn turn_ms() -> u64 {
        TURN_MS.default
    }
    pub(super) fn shopping_ms() -> u64 {
        SHOPPING_MS.default
    }
    pub(super) fn draw_window_ms() -> u64 {
        DRAW_WINDOW_MS.default
    }
    pub(super) fn shards() -> ShardCount {
        ShardCount::DEFAULT
    }
    pub(super) fn challenge_max_number() -> u64 {
        CHALLENGE_MAX_NUMBER.default
    }
}

impl NewSection {
    /// All its seats.
    pub(crate) fn capacity(&self) -> u64 {
        self.rows.iter().map(|row| u64::from(row.seats)).sum()
    }

    /// Row label, number and id of every seat, in order.
    pub(crate) fn seats(&self) -> impl Iterator<Item = (&str, i32, String)> {
        self.rows.iter().flat_map(|row| {
            (1..=row.seats).map(|number| {
                let id = format!("{}-{}-{number}", self.code, row.label);
                (row.label.as_str(), i32::try_from(number).unwrap_or(i32::MAX), id)
            })
        })
    }
}
