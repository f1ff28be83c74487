//! Whether a new event keeps its limits.

use std::collections::HashSet;

use stanchion_shared::{draw::membership::Windows, event_settings::EventSettings};

use super::{
    NewEvent, NewLimits, NewSection,
    limits::{
        CURRENCIES, LOCK_MS, MAX_MOST_SHOPPERS, MAX_NAME_LENGTH, MAX_PER_PERSON, MAX_ROW_LABEL_LENGTH, MAX_ROWS,
        MAX_SEATS, MAX_SEATS_OF_ROW, MAX_SECTION_CODE_LENGTH, MAX_SECTIONS,
    },
    queue_end,
};
use crate::{error::InvalidField, events::check_policy};

impl NewEvent {
    /// # Errors
    /// The sentence names the field and its limits.
    pub(crate) fn check(&self) -> Result<(), InvalidField> {
        check_name("name", &self.name)?;
        check_name("venue.name", &self.venue.name)?;
        check_name("venue.city", &self.venue.city)?;
        if self.on_sale_time >= self.starts_at {
            return Err(InvalidField::new("on_sale_time must be before starts_at."));
        }
        if !CURRENCIES.contains(&self.currency.as_str()) {
            return Err(InvalidField::new(format!(
                "currency must be one of {}.",
                CURRENCIES.join(", ")
            )));
        }
        if !(-90.0..=90.0).contains(&self.venue.latitude) || !(-180.0..=180.0).contains(&self.venue.longitude) {
            return Err(InvalidField::new(
                "venue.latitude must be -90 to 90 and venue.longitude -180 to 180.",
            ));
        }
        self.limits.check()?;
        check_policy(&self.queue)?;
        let windows = Windows {
            on_sale_time: self.on_sale_time,
            draw_window_ms: self.limits.draw_window_ms,
        };
        queue_end::check(&windows, self.starts_at)?;
        // The edge would refuse these at launch; here they are refused earlier.
        self.settings()
            .check()
            .map_err(|sentence| InvalidField::new(format!("limits: {sentence}.")))?;
        check_sections(&self.sections)
    }

    /// As the edge will be told at launch.
    fn settings(&self) -> EventSettings {
        EventSettings {
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
    fn check(&self) -> Result<(), InvalidField> {
        check_most_shoppers(self.most_shoppers)?;
        if !(1..=MAX_PER_PERSON).contains(&self.per_person) {
            return Err(InvalidField::new(format!(
                "limits.per_person must be 1 to {MAX_PER_PERSON}."
            )));
        }
        if !LOCK_MS.allow(self.lock_ms) {
            return Err(InvalidField::new(format!(
                "limits.lock_ms must be {} to {}.",
                LOCK_MS.least, LOCK_MS.most
            )));
        }
        Ok(())
    }
}

/// Checks the most fans shopping at once, for a new event and for a change of its limits.
pub(crate) fn check_most_shoppers(most: u32) -> Result<(), InvalidField> {
    if (1..=MAX_MOST_SHOPPERS).contains(&most) {
        Ok(())
    } else {
        Err(InvalidField::new(format!(
            "most_shoppers must be 1 to {MAX_MOST_SHOPPERS}; to admit nobody, pause."
        )))
    }
}

fn check_name(field: &str, name: &str) -> Result<(), InvalidField> {
    let fits = (1..=MAX_NAME_LENGTH).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
        && name.trim().len() == name.len()
        && name.len() <= EventSettings::MAX_NAME_LENGTH;
    if fits {
        return Ok(());
    }
    let bytes = EventSettings::MAX_NAME_LENGTH;
    let limits = format!("{field} must have 1 to {MAX_NAME_LENGTH} characters ({bytes} bytes), none around it.");
    Err(InvalidField::new(limits))
}

fn check_label(field: &str, label: &str, longest: usize) -> Result<(), InvalidField> {
    // No '-': it joins the parts of a seat id.
    let fits = (1..=longest).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric());
    if fits {
        Ok(())
    } else {
        Err(InvalidField::new(format!(
            "{field} must be 1 to {longest} of A-Z, a-z, 0-9."
        )))
    }
}

fn check_sections(sections: &[NewSection]) -> Result<(), InvalidField> {
    if !(1..=MAX_SECTIONS).contains(&sections.len()) {
        return Err(InvalidField::new(format!("sections must be 1 to {MAX_SECTIONS}.")));
    }
    let mut codes = HashSet::new();
    let mut seats = 0;
    for section in sections {
        check_label("sections.code", &section.code, MAX_SECTION_CODE_LENGTH)?;
        check_name("sections.name", &section.name)?;
        if !codes.insert(&section.code) {
            return Err(InvalidField::new(format!(
                "sections.code must be unique: {} is there twice.",
                section.code
            )));
        }
        check_rows(section)?;
        seats += section.capacity();
    }
    if seats > MAX_SEATS {
        return Err(InvalidField::new(format!(
            "sections must have at most {MAX_SEATS} seats together."
        )));
    }
    Ok(())
}

fn check_rows(section: &NewSection) -> Result<(), InvalidField> {
    if !(1..=MAX_ROWS).contains(&section.rows.len()) {
        return Err(InvalidField::new(format!(
            "rows of section {} must be 1 to {MAX_ROWS}.",
            section.code
        )));
    }
    let mut labels = HashSet::new();
    for row in &section.rows {
        check_label("rows.label", &row.label, MAX_ROW_LABEL_LENGTH)?;
        if !labels.insert(&row.label) {
            let (code, label) = (&section.code, &row.label);
            return Err(InvalidField::new(format!(
                "rows.label must be unique in section {code}: {label} is there twice."
            )));
        }
        if !(1..=MAX_SEATS_OF_ROW).contains(&row.seats) {
            return Err(InvalidField::new(format!(
                "rows.seats must be 1 to {MAX_SEATS_OF_ROW}."
            )));
        }
    }
    Ok(())
}
