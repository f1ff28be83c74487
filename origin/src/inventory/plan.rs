//! What never changes about an event once it is created: its seats, their prices, its rules. Read once per process.

use std::collections::HashMap;

use sqlx::PgPool;
use stanchion_shared::{identity::EventId, money::Minor};

use crate::http::Error;

/// One seat.
#[derive(Clone, Debug)]
pub struct PlannedSeat {
    /// Unique within the venue.
    pub seat_id: String,
    /// Row label.
    pub row: String,
    /// Number in the row.
    pub number: u32,
}

/// One section.
#[derive(Clone, Debug)]
pub struct PlannedSection {
    /// Its code.
    pub code: String,
    /// Price of each seat.
    pub price: Minor,
    /// Fee of each seat.
    pub fee: Minor,
    /// By row and number.
    pub seats: Vec<PlannedSeat>,
}

/// The fixed part of an event.
#[derive(Debug)]
pub struct EventPlan {
    /// The event.
    pub event_id: EventId,
    /// ISO 4217.
    pub currency: String,
    /// Most pending and active tickets of one account; also the most seats of one cart.
    pub per_person: usize,
    /// How long a seat is held in a cart, in milliseconds.
    pub lock_ms: u64,
    /// All sections, by their order.
    pub sections: Vec<PlannedSection>,
    section_of_seat: HashMap<String, usize>,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    currency: String,
    per_person: i32,
    lock_ms: i64,
}

#[derive(sqlx::FromRow)]
struct SeatRow {
    section_code: String,
    price: i64,
    fee: i64,
    seat_id: String,
    row_label: String,
    number: i32,
}

impl EventPlan {
    /// Reads it: two statements.
    ///
    /// # Errors
    /// 404 `event_not_found`, or the database.
    pub async fn read(database: &PgPool, event_id: &EventId) -> Result<EventPlan, Error> {
        let event: EventRow = sqlx::query_as("select currency, per_person, lock_ms from events where event_id = $1")
            .bind(event_id.as_str())
            .fetch_optional(database)
            .await?
            .ok_or_else(|| Error::not_found("event_not_found", "There is no such event."))?;
        let rows: Vec<SeatRow> = sqlx::query_as(include_str!("sql/plan.sql"))
            .bind(event_id.as_str())
            .fetch_all(database)
            .await?;

        let mut sections: Vec<PlannedSection> = Vec::new();
        let mut section_of_seat = HashMap::with_capacity(rows.len());
        for row in rows {
            if sections.last().is_none_or(|section| section.code != row.section_code) {
                let (price, fee) = (Minor(row.price), Minor(row.fee));
                sections.push(PlannedSection {
                    code: row.section_code,
                    price,
                    fee,
                    seats: Vec::new(),
                });
            }
            section_of_seat.insert(row.seat_id.clone(), sections.len() - 1);
            let number = u32::try_from(row.number).map_err(Error::internal)?;
            let section = sections.last_mut().expect("one was pushed");
            section.seats.push(PlannedSeat {
                seat_id: row.seat_id,
                row: row.row_label,
                number,
            });
        }
        Ok(EventPlan {
            event_id: event_id.clone(),
            currency: event.currency,
            per_person: usize::try_from(event.per_person).map_err(Error::internal)?,
            lock_ms: u64::try_from(event.lock_ms).map_err(Error::internal)?,
            sections,
            section_of_seat,
        })
    }

    /// The section a seat is in; `None` for a seat this event does not have.
    #[must_use]
    pub fn section_of(&self, seat_id: &str) -> Option<&PlannedSection> {
        self.section_of_seat.get(seat_id).map(|index| &self.sections[*index])
    }
}
