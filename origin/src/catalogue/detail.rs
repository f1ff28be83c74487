//! `GET /api/v1/events/{id}`: one launched event with its venue, its sections and their prices.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use stanchion_shared::{identity::EventId, money::Minor, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::cached;
use crate::{
    clock,
    http::{Error, Path},
    state::SharedApp,
};

/// Where an event stands, by the clock; the queue's live phase is the edge's to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// The on-sale has not begun.
    Announced,
    /// Fans can buy.
    OnSale,
    /// Nothing is left and nothing is held.
    SoldOut,
    /// It has started.
    Over,
}

impl EventState {
    /// At `now`.
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

/// Where it happens.
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
    /// As in seat ids.
    pub code: String,
    /// For people.
    pub name: String,
    /// Of each seat, without fee.
    pub price: Minor,
    /// Of each seat.
    pub fee: Minor,
    /// Seats.
    pub capacity: u32,
}

/// One event.
#[derive(Serialize)]
struct EventView {
    event_id: String,
    name: String,
    starts_at: UnixMillis,
    on_sale_time: UnixMillis,
    state: EventState,
    currency: String,
    /// Most tickets of one person.
    per_person: i32,
    /// How long a seat is held in a cart.
    lock_ms: i64,
    /// Whether some fans' places come first: then it is worth asking for the own registration.
    verified_fans: bool,
    venue: VenueView,
    /// Seats of all sections.
    capacity: u32,
    sections: Vec<SectionView>,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    name: String,
    starts_at: OffsetDateTime,
    on_sale_time: OffsetDateTime,
    sold_out: bool,
    currency: String,
    per_person: i32,
    lock_ms: i64,
    verified_fans: bool,
    venue_name: String,
    city: String,
    latitude: f64,
    longitude: f64,
}

#[derive(sqlx::FromRow)]
struct SectionRow {
    code: String,
    name: String,
    price: i64,
    fee: i64,
    capacity: i32,
}

pub(super) async fn detail(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    Path(event_id): Path<EventId>,
) -> Result<Response, Error> {
    let event: EventRow = sqlx::query_as(include_str!("sql/event.sql"))
        .bind(event_id.as_str())
        .fetch_optional(&app.database)
        .await?
        .ok_or_else(|| Error::not_found("event_not_found", "There is no such event."))?;
    let sections: Vec<SectionRow> = sqlx::query_as(include_str!("sql/sections.sql"))
        .bind(event_id.as_str())
        .fetch_all(&app.database)
        .await?;
    cached::answer(&headers, &view(event_id, event, sections, clock::now()))
}

fn view(event_id: EventId, event: EventRow, sections: Vec<SectionRow>, now: UnixMillis) -> EventView {
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

impl From<SectionRow> for SectionView {
    fn from(row: SectionRow) -> SectionView {
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
