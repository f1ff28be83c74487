//! The part of an event that never changes: its seats, their prices, its rules. A process reads it
//! once.

use std::collections::HashMap;

use sqlx::PgPool;
use stanchion_shared::{ids::EventId, money::Minor};

use super::InventoryError;
use crate::{
    error::InternalError,
    events::{EventNotFound, SaleRules},
};

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
    /// Most pending and active seat tickets of one account; also the most seats of one cart.
    pub per_person: usize,
    /// How long a seat is held in a cart, in milliseconds.
    pub lock_ms: u64,
    /// All sections, by their order.
    pub sections: Vec<PlannedSection>,
    section_of_seat: HashMap<String, usize>,
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
    /// Reads the plan with two statements.
    ///
    /// # Errors
    /// [`InventoryError::EventNotFound`], or the database.
    pub async fn read(database: &PgPool, event_id: &EventId) -> Result<EventPlan, InventoryError> {
        let rules = SaleRules::read(database, event_id).await?.ok_or(EventNotFound)?;
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
            let number = u32::try_from(row.number).map_err(InternalError::new)?;
            let section = sections.last_mut().expect("one was pushed");
            section.seats.push(PlannedSeat {
                seat_id: row.seat_id,
                row: row.row_label,
                number,
            });
        }
        Ok(EventPlan {
            event_id: event_id.clone(),
            currency: rules.currency,
            per_person: usize::try_from(rules.per_person).map_err(InternalError::new)?,
            lock_ms: u64::try_from(rules.lock_ms).map_err(InternalError::new)?,
            sections,
            section_of_seat,
        })
    }

    /// The section of a seat; `None` if the event has no such seat.
    #[must_use]
    pub fn section_of(&self, seat_id: &str) -> Option<&PlannedSection> {
        self.section_of_seat.get(seat_id).map(|index| &self.sections[*index])
    }
}
