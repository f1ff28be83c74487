//! PostgreSQL, read by statements of this check and not by the origin's: what was sold, to whom, under which order.

use std::collections::BTreeMap;

use sqlx::{PgPool, postgres::PgPoolOptions};
use stanchion_shared::ids::EventId;

use super::SourceError;

/// One seat ticket, whatever its state.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct SeatTicketRow {
    pub(crate) order_id: String,
    pub(crate) account_id: String,
    pub(crate) seat_id: String,
    /// `reserved`, `active` or `void`.
    pub(crate) state: String,
    /// Price and fee, minor units.
    pub(crate) amount: i64,
    /// Whether the event's venue has this seat.
    pub(crate) seat_exists: bool,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct OrderRow {
    pub(crate) order_id: String,
    pub(crate) event_id: String,
    pub(crate) account_id: String,
    /// `pending`, `confirming`, `confirmed` or `failed`.
    pub(crate) status: String,
    /// Minor units.
    pub(crate) total: i64,
    pub(crate) currency: String,
}

impl SeatTicketRow {
    /// Whether no other ticket may have the seat: it is reserved or active.
    pub(crate) fn is_live(&self) -> bool {
        self.state == "reserved" || self.state == "active"
    }
}

/// A pool of connections that only reads.
#[derive(Clone)]
pub struct SaleDatabase(PgPool);

impl SaleDatabase {
    /// Two connections: the check is not what is measured.
    ///
    /// # Errors
    /// PostgreSQL cannot be reached.
    pub async fn connect(url: &str) -> Result<SaleDatabase, SourceError> {
        Ok(SaleDatabase(
            PgPoolOptions::new().max_connections(2).connect(url).await?,
        ))
    }

    /// All seat tickets of an event.
    pub(crate) async fn seat_tickets(&self, event: &EventId) -> Result<Vec<SeatTicketRow>, SourceError> {
        let tickets = sqlx::query_as(include_str!("sql/seat_tickets.sql"));
        Ok(tickets.bind(event.as_str()).fetch_all(&self.0).await?)
    }

    /// All orders of all events: the gateway's ledger is about all of them.
    pub(crate) async fn orders(&self) -> Result<Vec<OrderRow>, SourceError> {
        let orders = sqlx::query_as(include_str!("sql/orders.sql"));
        Ok(orders.fetch_all(&self.0).await?)
    }

    /// How many orders of an event have not ended.
    pub(crate) async fn open_orders(&self, event: &EventId) -> Result<i64, SourceError> {
        let count = sqlx::query_scalar(include_str!("sql/open_orders.sql"));
        Ok(count.bind(event.as_str()).fetch_one(&self.0).await?)
    }

    /// How many orders of an event there are.
    pub(crate) async fn order_count(&self, event: &EventId) -> Result<i64, SourceError> {
        let count = sqlx::query_scalar(include_str!("sql/order_count.sql"));
        Ok(count.bind(event.as_str()).fetch_one(&self.0).await?)
    }

    /// Seat ids by section.
    ///
    /// # Errors
    /// PostgreSQL cannot be reached.
    pub async fn seats(&self, event: &EventId) -> Result<BTreeMap<String, Vec<String>>, SourceError> {
        let rows: Vec<(String, String)> = sqlx::query_as(include_str!("sql/seats.sql"))
            .bind(event.as_str())
            .fetch_all(&self.0)
            .await?;
        let mut sections: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (section, seat) in rows {
            sections.entry(section).or_default().push(seat);
        }
        Ok(sections)
    }
}
