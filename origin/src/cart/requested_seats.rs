//! Checks a request for seats before anything is locked.

use std::collections::HashSet;

use super::CartError;
use crate::inventory::{EventPlan, plan::PlannedSection};

/// The section of the seats to lock. They must be known seats of one section, each named once, and
/// no more than one person may have.
///
/// # Errors
/// `SeatsMissing`, `DuplicateSeat`, `UnknownSeat`, `SeveralSections`, `TooManySeats`.
pub(super) fn section_to_lock<'a>(plan: &'a EventPlan, seat_ids: &[String]) -> Result<&'a PlannedSection, CartError> {
    let section = known_seats(plan, seat_ids)?[0];
    if seat_ids
        .iter()
        .any(|seat| plan.section_of(seat).is_none_or(|other| other.code != section.code))
    {
        return Err(CartError::SeveralSections);
    }
    if seat_ids.len() > plan.per_person {
        return Err(CartError::TooManySeats { most: plan.per_person });
    }
    Ok(section)
}

/// The section of each seat. There must be at least one, each known and named once.
///
/// # Errors
/// `SeatsMissing`, `DuplicateSeat`, `UnknownSeat`.
pub(super) fn known_seats<'a>(plan: &'a EventPlan, seat_ids: &[String]) -> Result<Vec<&'a PlannedSection>, CartError> {
    if seat_ids.is_empty() {
        return Err(CartError::SeatsMissing);
    }
    let mut seen = HashSet::new();
    if let Some(twice) = seat_ids.iter().find(|seat| !seen.insert(seat.as_str())) {
        return Err(CartError::DuplicateSeat { seat: twice.clone() });
    }
    let section = |seat: &String| {
        plan.section_of(seat)
            .ok_or_else(|| CartError::UnknownSeat { seat: seat.clone() })
    };
    seat_ids.iter().map(section).collect()
}
