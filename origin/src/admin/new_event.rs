//! An event as an admin describes it, and every limit it must keep. All limits are named here and nowhere else.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::membership::Windows,
    identity::{EventId, ShardCount},
    money::Minor,
    policy::QueuePolicy,
    schedule::Rate,
    timestamp::UnixMillis,
    wire::{CHALLENGE_MAX_NUMBER, DRAW_WINDOW_MS, Limits, PutEvent, SHOPPING_MS, TURN_MS},
};

use super::{queue_life, queue_policy};
use crate::http::Error;

/// Longest name of an event, venue, city or section, in characters.
pub const MAX_NAME_LENGTH: usize = 100;
/// Longest section code, in characters.
const MAX_SECTION_CODE_LENGTH: usize = 16;
/// Longest row label, in characters.
const MAX_ROW_LABEL_LENGTH: usize = 8;
/// Most sections of a venue.
pub const MAX_SECTIONS: usize = 200;
/// Most rows of a section.
pub const MAX_ROWS: usize = 1_000;
/// Most seats of a row.
pub const MAX_SEATS_OF_ROW: u32 = 1_000;
/// Most seats of a venue.
pub const MAX_SEATS: u64 = 100_000;
/// Most tickets of one person unless the event says otherwise.
pub const DEFAULT_PER_PERSON: u32 = 8;
/// Most tickets of one person that an event may allow.
pub const MAX_PER_PERSON: u32 = 20;
/// Most fans shopping at once that an event may allow.
pub const MAX_MOST_SHOPPERS: u32 = 1_000_000;
/// How long a seat is held in a cart, in ms.
pub const LOCK_MS: Limits = Limits {
    default: 600_000,
    least: 2_000,
    most: 3_600_000,
};
/// ISO 4217 codes that can be used: all with two decimals, as `Minor` is.
pub const CURRENCIES: [&str; 16] = [
    "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "INR", "MXN", "NOK", "NZD", "PLN", "SEK", "SGD", "USD",
];

/// `POST /api/v1/admin/events`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEvent {
    pub(super) event_id: EventId,
    pub(super) name: String,
    pub(super) starts_at: UnixMillis,
    pub(super) on_sale_time: UnixMillis,
    pub(super) currency: String,
    pub(super) venue: NewVenue,
    pub(super) sections: Vec<NewSection>,
    pub(super) limits: NewLimits,
    /// How its queue treats people.
    #[serde(default)]
    pub(super) queue: QueuePolicy,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewVenue {
    pub(super) name: String,
    pub(super) city: String,
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSection {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) price: Minor,
    pub(super) fee: Minor,
    pub(super) rows: Vec<NewRow>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRow {
    pub(super) label: String,
    /// Numbered from 1.
    pub(super) seats: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLimits {
    pub(super) most_per_second: Rate,
    pub(super) most_shoppers: u32,
    #[serde(default = "defaults::per_person")]
    pub(super) per_person: u32,
    #[serde(default = "defaults::lock_ms")]
    pub(super) lock_ms: u64,
    #[serde(default = "defaults::turn_ms")]
    pub(super) turn_ms: u64,
    #[serde(default = "defaults::shopping_ms")]
    pub(super) shopping_ms: u64,
    #[serde(default = "defaults::draw_window_ms")]
    pub(super) draw_window_ms: u64,
    #[serde(default = "defaults::shards")]
    pub(super) shards: ShardCount,
    #[serde(default = "defaults::challenge_max_number")]
    pub(super) challenge_max_number: u64,
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

impl NewEvent {
    /// # Errors
    /// 422 `invalid_field`; the sentence names the field and its limits.
    pub(super) fn check(&self) -> Result<(), Error> {
        check_name("name", &self.name)?;
        check_name("venue.name", &self.venue.name)?;
        check_name("venue.city", &self.venue.city)?;
        if self.on_sale_time >= self.starts_at {
            return Err(Error::invalid("on_sale_time must be before starts_at."));
        }
        if !CURRENCIES.contains(&self.currency.as_str()) {
            return Err(Error::invalid(format!(
                "currency must be one of {}.",
                CURRENCIES.join(", ")
            )));
        }
        if !(-90.0..=90.0).contains(&self.venue.latitude) || !(-180.0..=180.0).contains(&self.venue.longitude) {
            return Err(Error::invalid(
                "venue.latitude must be -90 to 90 and venue.longitude -180 to 180.",
            ));
        }
        self.limits.check()?;
        queue_policy::check(&self.queue)?;
        let windows = Windows {
            on_sale_time: self.on_sale_time,
            draw_window_ms: self.limits.draw_window_ms,
        };
        queue_life::check(&windows, self.starts_at)?;
        // What the edge would refuse at launch is refused here already.
        self.put_event()
            .check()
            .map_err(|sentence| Error::invalid(format!("limits: {sentence}.")))?;
        check_sections(&self.sections)
    }

    fn put_event(&self) -> PutEvent {
        PutEvent {
            version: 0,
            name: self.name.clone(),
            on_sale_time: self.on_sale_time,
            shards: self.limits.shards,
            draw_window_ms: self.limits.draw_window_ms,
            turn_ms: self.limits.turn_ms,
            shopping_ms: self.limits.shopping_ms,
            challenge_max_number: self.limits.challenge_max_number,
            policy: self.queue.clone(),
        }
    }
}

impl NewLimits {
    fn check(&self) -> Result<(), Error> {
        check_most_shoppers(self.most_shoppers)?;
        if !(1..=MAX_PER_PERSON).contains(&self.per_person) {
            return Err(Error::invalid(format!(
                "limits.per_person must be 1 to {MAX_PER_PERSON}."
            )));
        }
        if !LOCK_MS.allow(self.lock_ms) {
            return Err(Error::invalid(format!(
                "limits.lock_ms must be {} to {}.",
                LOCK_MS.least, LOCK_MS.most
            )));
        }
        Ok(())
    }
}

/// Also for a later change of the limits.
pub(super) fn check_most_shoppers(most: u32) -> Result<(), Error> {
    if (1..=MAX_MOST_SHOPPERS).contains(&most) {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "most_shoppers must be 1 to {MAX_MOST_SHOPPERS}; to admit nobody, pause."
        )))
    }
}

fn check_name(field: &str, name: &str) -> Result<(), Error> {
    let fits = (1..=MAX_NAME_LENGTH).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && name.trim().len() == name.len()
        && name.len() <= PutEvent::MAX_NAME_LENGTH;
    if fits {
        return Ok(());
    }
    let bytes = PutEvent::MAX_NAME_LENGTH;
    let limits = format!("{field} must have 1 to {MAX_NAME_LENGTH} characters ({bytes} bytes), none around it.");
    Err(Error::invalid(limits))
}

fn check_label(field: &str, label: &str, longest: usize) -> Result<(), Error> {
    // No '-': it joins the parts of a seat id.
    let fits = (1..=longest).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        Ok(())
    } else {
        Err(Error::invalid(format!(
            "{field} must be 1 to {longest} of A-Z, a-z, 0-9."
        )))
    }
}

fn check_sections(sections: &[NewSection]) -> Result<(), Error> {
    if !(1..=MAX_SECTIONS).contains(&sections.len()) {
        return Err(Error::invalid(format!("sections must be 1 to {MAX_SECTIONS}.")));
    }
    let mut codes = HashSet::new();
    let mut seats = 0;
    for section in sections {
        check_label("sections.code", &section.code, MAX_SECTION_CODE_LENGTH)?;
        check_name("sections.name", &section.name)?;
        if !codes.insert(&section.code) {
            return Err(Error::invalid(format!(
                "sections.code must be unique: {} is there twice.",
                section.code
            )));
        }
        check_rows(section)?;
        seats += section.capacity();
    }
    if seats > MAX_SEATS {
        return Err(Error::invalid(format!(
            "sections must have at most {MAX_SEATS} seats together."
        )));
    }
    Ok(())
}

fn check_rows(section: &NewSection) -> Result<(), Error> {
    if !(1..=MAX_ROWS).contains(&section.rows.len()) {
        return Err(Error::invalid(format!(
            "rows of section {} must be 1 to {MAX_ROWS}.",
            section.code
        )));
    }
    let mut labels = HashSet::new();
    for row in &section.rows {
        check_label("rows.label", &row.label, MAX_ROW_LABEL_LENGTH)?;
        if !labels.insert(&row.label) {
            let (code, label) = (&section.code, &row.label);
            return Err(Error::invalid(format!(
                "rows.label must be unique in section {code}: {label} is there twice."
            )));
        }
        if !(1..=MAX_SEATS_OF_ROW).contains(&row.seats) {
            return Err(Error::invalid(format!("rows.seats must be 1 to {MAX_SEATS_OF_ROW}.")));
        }
    }
    Ok(())
}

impl NewSection {
    /// All its seats.
    pub(super) fn capacity(&self) -> u64 {
        self.rows.iter().map(|row| u64::from(row.seats)).sum()
    }

    /// Row label, number and id of every seat, in order.
    pub(super) fn seats(&self) -> impl Iterator<Item = (&str, i32, String)> {
        self.rows.iter().flat_map(|row| {
            (1..=row.seats).map(|number| {
                let id = format!("{}-{}-{number}", self.code, row.label);
                (row.label.as_str(), i32::try_from(number).unwrap_or(i32::MAX), id)
            })
        })
    }
}

#[cfg(test)]
#[path = "new_event_tests.rs"]
mod tests;
