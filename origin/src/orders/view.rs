//! An order as its owner sees it. Tickets, and with them barcodes, are listed only once the order is confirmed.

use sqlx::{PgPool, types::Json};
use stanchion_shared::{
    identity::{Bytes32, EventId},
    money::Minor,
    wire::{OrderAnswer, OrderStatus, TicketView},
};
use uuid::Uuid;

use crate::{
    checkout::{
        failure::Failure,
        order::{Confirmed, Order},
    },
    http::Error,
    tickets::code,
};

/// An order as it is in PostgreSQL.
#[derive(Debug)]
pub struct OrderView {
    /// The order.
    pub order_id: Uuid,
    /// Its event.
    pub event_id: EventId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// ISO 4217.
    pub currency: String,
    /// What is charged in the end.
    pub total: Minor,
    /// Active tickets with their seats.
    pub tickets: Vec<(Uuid, String)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    order_id: Uuid,
    event_id: String,
    status: String,
    failure: Option<String>,
    failure_detail: Option<String>,
    currency: String,
    total: i64,
    tickets: Json<Vec<(Uuid, String)>>,
}

impl OrderView {
    /// One order of an account.
    ///
    /// # Errors
    /// The database.
    pub async fn by_id(database: &PgPool, account_id: &str, order_id: Uuid) -> Result<Option<OrderView>, Error> {
        Ok(read(database, account_id, Some(order_id), None, 1).await?.pop())
    }

    /// The order an account made with an idempotency key.
    ///
    /// # Errors
    /// The database.
    pub async fn by_key(database: &PgPool, account_id: &str, key: &str) -> Result<Option<OrderView>, Error> {
        Ok(read(database, account_id, None, Some(key), 1).await?.pop())
    }

    /// An account's newest orders.
    ///
    /// # Errors
    /// The database.
    pub async fn newest(database: &PgPool, account_id: &str, most: i64) -> Result<Vec<OrderView>, Error> {
        read(database, account_id, None, None, most).await
    }

    /// An order that has just begun, without asking PostgreSQL.
    #[must_use]
    pub fn pending(order: &Order) -> OrderView {
        OrderView {
            order_id: order.order_id,
            event_id: order.event_id.clone(),
            status: OrderStatus::Pending,
            failure: None,
            currency: order.currency.clone(),
            total: order.total,
            tickets: Vec::new(),
        }
    }

    /// A confirmed order, without asking PostgreSQL again.
    #[must_use]
    pub fn confirmed(confirmed: Confirmed) -> OrderView {
        let Confirmed { order, tickets } = confirmed;
        OrderView {
            order_id: order.order_id,
            event_id: order.event_id,
            status: OrderStatus::Confirmed,
            failure: None,
            currency: order.currency,
            total: order.total,
            tickets,
        }
    }

    /// What is sent.
    #[must_use]
    pub fn answer(self, ticket_code_key: &Bytes32) -> OrderAnswer {
        let ticket = |(ticket_id, seat)| TicketView {
            barcode: code::barcode(ticket_code_key, ticket_id),
            qr_code_url: code::qr_code_url(ticket_code_key, ticket_id),
            ticket_id: ticket_id.to_string(),
            seat,
        };
        OrderAnswer {
            order_id: self.order_id.to_string(),
            event_id: self.event_id,
            status: self.status,
            failure: self.failure.map(|failure| failure.word().to_owned()),
            currency: self.currency,
            total: self.total,
            tickets: self.tickets.into_iter().map(ticket).collect(),
            // Orders are told to the world through the outbox; nothing sends mail yet.
            confirmation_email_sent: false,
        }
    }
}

async fn read(
    database: &PgPool,
    account_id: &str,
    order_id: Option<Uuid>,
    idempotency_key: Option<&str>,
    most: i64,
) -> Result<Vec<OrderView>, Error> {
    let rows: Vec<Row> = sqlx::query_as(include_str!("order_view.sql"))
        .bind(account_id)
        .bind(order_id)
        .bind(idempotency_key)
        .bind(most)
        .fetch_all(database)
        .await?;
    rows.into_iter().map(Row::view).collect()
}

impl Row {
    fn view(self) -> Result<OrderView, Error> {
        let status = match self.status.as_str() {
            "pending" => OrderStatus::Pending,
            "confirming" => OrderStatus::Confirming,
            "confirmed" => OrderStatus::Confirmed,
            _ => OrderStatus::Failed,
        };
        Ok(OrderView {
            order_id: self.order_id,
            event_id: EventId::parse(&self.event_id).map_err(Error::internal)?,
            status,
            failure: self
                .failure
                .map(|word| Failure::read(&word, self.failure_detail.as_deref())),
            currency: self.currency,
            total: Minor(self.total),
            tickets: self.tickets.0,
        })
    }
}
