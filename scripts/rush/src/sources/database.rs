//! PostgreSQL, read directly and in our own words: what was sold, to whom, under which order.

use std::collections::BTreeMap;

use sqlx::{PgPool, postgres::PgPoolOptions};
use stanchion_shared::identity::EventId;

use super::SourceError;

/// One ticket, whatever its state.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct TicketRow {
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

impl TicketRow {
    /// Reserved or active: nobody else may have the seat.
    pub(crate) fn is_live(&self) -> bool {
        self.state == "reserved" || self.state == "active"
    }
}

/// Reads only.
#[derive(Clone)]
pub(crate) struct Database(PgPool);

impl Database {
    /// Two connections: the checks are not what is measured.
    pub(crate) async fn connect(url: &str) -> Result<Database, SourceError> {
        Ok(Database(PgPoolOptions::new().max_connections(2).connect(url).await?))
    }

    /// All tickets of an event.
    pub(crate) async fn tickets(&self, event: &EventId) -> Result<Vec<TicketRow>, SourceError> {
        let tickets = sqlx::query_as(
            "select t.order_id::text, t.account_id, t.seat_id, t.state, t.price + t.fee as amount,
                    s.seat_id is not null as seat_exists
             from tickets t
             join events e using (event_id)
             left join seats s on s.venue_id = e.venue_id and s.seat_id = t.seat_id
             where t.event_id = $1",
        );
        Ok(tickets.bind(event.as_str()).fetch_all(&self.0).await?)
    }

    /// All orders of all events: the gateway's ledger is about all of them.
    pub(crate) async fn orders(&self) -> Result<Vec<OrderRow>, SourceError> {
        let orders = sqlx::query_as("select order_id::text, event_id, account_id, status, total, currency from orders");
        Ok(orders.fetch_all(&self.0).await?)
    }

    /// How many orders of an event have not ended.
    pub(crate) async fn unsettled(&self, event: &EventId) -> Result<i64, SourceError> {
        let count = sqlx::query_scalar(
            "select count(*) from orders where event_id = $1 and status in ('pending', 'confirming')",
        );
        Ok(count.bind(event.as_str()).fetch_one(&self.0).await?)
    }

    /// How many orders of an event there are.
    pub(crate) async fn order_count(&self, event: &EventId) -> Result<i64, SourceError> {
        let count = sqlx::query_scalar("select count(*) from orders where event_id = $1");
        Ok(count.bind(event.as_str()).fetch_one(&self.0).await?)
    }

    /// Seat ids by section.
    pub(crate) async fn seats(&self, event: &EventId) -> Result<BTreeMap<String, Vec<String>>, SourceError> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "select s.section_code, s.seat_id from events e join seats s using (venue_id)
             where e.event_id = $1 order by s.section_code, s.ordinal",
        )
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
