//! One launched event with its venue, its sections and their prices.

use serde::Serialize;
use sqlx::PgPool;
use stanchion_shared::{ids::EventId, money::Minor, timestamp::UnixMillis};

use crate::{
    clock,
    events::{self, EventNotFound, EventsError, LaunchedEvent, SectionDetails},
};

/// Where an event stands, by the clock. The edge knows the queue's live phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// The on-sale has not begun.
    Announced,
    /// Fans can buy.
    OnSale,
    /// No seat is available or held.
    SoldOut,
    /// The event has started.
    Over,
}

impl EventState {
    /// The state at `now`.
    #[must_use]
    pub fn at(now: UnixMillis, on_sale_time: UnixMillis, starts_at: UnixMillis, sold_out: bool) -> EventState {
        if now >= starts_at {
            EventState::Over
        } else if sold_out {
            EventState::SoldOut
        } else if now >= on_sale_time {
            EventState::OnSale
        } else {
            EventState::Announced
        }
    }
}

/// The venue of an event.
#[derive(Clone, Debug, Serialize)]
pub struct VenueView {
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// Degrees, north is positive.
    pub latitude: f64,
    /// Degrees, east is positive.
    pub longitude: f64,
}

/// One section.
#[derive(Clone, Debug, Serialize)]
pub struct SectionView {
    /// The code, as in seat ids.
    pub code: String,
    /// The name for people.
    pub name: String,
    /// Price of each seat, without its fee.
    pub price: Minor,
    /// Fee of each seat.
    pub fee: Minor,
    /// How many seats it has.
    pub capacity: u32,
}

/// One event.
#[derive(Serialize)]
pub(super) struct EventView {
    event_id: String,
    name: String,
    starts_at: UnixMillis,
    on_sale_time: UnixMillis,
    state: EventState,
    currency: String,
    /// Most seat tickets of one person.
    per_person: i32,
    /// How long a seat is held in a cart.
    lock_ms: i64,
    /// Whether the event has verified fans. If so, a page asks for the fan's registration.
    verified_fans: bool,
    venue: VenueView,
    /// Seats of all sections.
    capacity: u32,
    sections: Vec<SectionView>,
}

/// The event as fans see it at `now`.
///
/// # Errors
/// [`EventsError::NotFound`], also for drafts, or the database.
pub(super) async fn read(database: &PgPool, event_id: EventId, now: UnixMillis) -> Result<EventView, EventsError> {
    let event = LaunchedEvent::read(database, &event_id).await?.ok_or(EventNotFound)?;
    let sections = events::sections(database, &event_id).await?;
    Ok(view(event_id, event, sections, now))
}

fn view(event_id: EventId, event: LaunchedEvent, sections: Vec<SectionDetails>, now: UnixMillis) -> EventView {
    let (starts_at, on_sale_time) = (clock::from_sql(event.starts_at), clock::from_sql(event.on_sale_time));
    let sections: Vec<SectionView> = sections.into_iter().map(SectionView::from).collect();
    EventView {
        event_id: event_id.to_string(),
        name: event.name,
        starts_at,
        on_sale_time,
        state: EventState::at(now, on_sale_time, starts_at, event.sold_out),
        currency: event.currency,
        per_person: event.per_person,
        lock_ms: event.lock_ms,
        verified_fans: event.verified_fans,
        venue: VenueView {
            name: event.venue_name,
            city: event.city,
            latitude: event.latitude,
            longitude: event.longitude,
        },
        capacity: sections.iter().map(|section| section.capacity).sum(),
        sections,
    }
}

impl From<SectionDetails> for SectionView {
    fn from(row: SectionDetails) -> SectionView {
        SectionView {
            code: row.code,
            name: row.name,
            price: Minor(row.price),
            fee: Minor(row.fee),
            capacity: u32::try_from(row.capacity).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_begins_with_its_first_millisecond() {
        let state = |now, sold_out| EventState::at(UnixMillis(now), UnixMillis(10), UnixMillis(20), sold_out);
        assert_eq!(state(9, false), EventState::Announced);
        assert_eq!(state(10, false), EventState::OnSale);
        assert_eq!(state(19, true), EventState::SoldOut);
        assert_eq!(state(20, true), EventState::Over);
    }
}
