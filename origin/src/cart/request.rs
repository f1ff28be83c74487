//! What a request for seats must be before anything is locked.

use std::collections::HashSet;

use axum::http::StatusCode;

use crate::{
    http::Error,
    inventory::{EventPlan, plan::PlannedSection},
};

/// The section of the seats to lock: known seats of one section, each once, no more than one person may have.
///
/// # Errors
/// 422 `seats_missing`, `duplicate_seat`, `unknown_seat`, `several_sections`, `too_many_seats`.
pub(super) fn section_to_lock<'a>(plan: &'a EventPlan, seat_ids: &[String]) -> Result<&'a PlannedSection, Error> {
    let section = known_seats(plan, seat_ids)?[0];
    if seat_ids
        .iter()
        .any(|seat| plan.section_of(seat).is_none_or(|other| other.code != section.code))
    {
        return Err(refused(
            "several_sections",
            "The seats of one request must be of one section.",
        ));
    }
    if seat_ids.len() > plan.per_person {
        return Err(too_many_seats(plan));
    }
    Ok(section)
}

/// The section of each seat; at least one seat, each known and named once.
///
/// # Errors
/// 422 `seats_missing`, `duplicate_seat`, `unknown_seat`.
pub(super) fn known_seats<'a>(plan: &'a EventPlan, seat_ids: &[String]) -> Result<Vec<&'a PlannedSection>, Error> {
    if seat_ids.is_empty() {
        return Err(refused("seats_missing", "Name at least one seat."));
    }
    let mut seen = HashSet::new();
    if let Some(twice) = seat_ids.iter().find(|seat| !seen.insert(seat.as_str())) {
        return Err(refused(
            "duplicate_seat",
            format!("Each seat can be named once only; this one is not: {twice}."),
        ));
    }
    let section = |seat: &String| {
        plan.section_of(seat)
            .ok_or_else(|| refused("unknown_seat", format!("This event has no seat {seat}.")))
    };
    seat_ids.iter().map(section).collect()
}

/// 422 `too_many_seats`.
pub(crate) fn too_many_seats(plan: &EventPlan) -> Error {
    let most = plan.per_person;
    refused(
        "too_many_seats",
        format!("One person can have at most {most} seats of this event."),
    )
    .with("most", most)
}

fn refused(word: &'static str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, word, message)
}
