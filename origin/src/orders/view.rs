//! An order as its owner sees it. Seat tickets and their barcodes are listed only once the order is
//! confirmed.

use sqlx::{PgPool, types::Json};
use stanchion_shared::{
    ids::{Bytes32, EventId},
    money::Minor,
    wire::{OrderAnswer, OrderStatus, TicketView},
};
use uuid::Uuid;

use super::OrdersError;
use crate::{
    checkout::{
        failure::OrderFailure,
        order::{ConfirmedOrder, Order},
    },
    error::InternalError,
    tickets::barcode,
};

/// An order as its owner sees it.
#[derive(Debug)]
pub struct OrderView {
    /// The id of the order.
    pub order_id: Uuid,
    /// Its event.
    pub event_id: EventId,
    /// The status.
    pub status: OrderStatus,
    /// The reason, if the order failed.
    pub failure: Option<OrderFailure>,
    /// ISO 4217.
    pub currency: String,
    /// The amount that is charged, in minor units.
    pub total: Minor,
    /// Active tickets, each with its seat.
    pub tickets: Vec<(Uuid, String)>,
}

#[derive(sqlx::FromRow)]
struct OrderRow {
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
    /// Reads one order of an account; `None` if the account has no such order.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn by_id(database: &PgPool, account_id: &str, order_id: Uuid) -> Result<Option<OrderView>, OrdersError> {
        Ok(read(database, account_id, Some(order_id), None, 1).await?.pop())
    }

    /// Reads the order that an account made with an idempotency key.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn by_key(database: &PgPool, account_id: &str, key: &str) -> Result<Option<OrderView>, OrdersError> {
        Ok(read(database, account_id, None, Some(key), 1).await?.pop())
    }

    /// Reads an account's newest orders, at most `most`.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn newest(database: &PgPool, account_id: &str, most: i64) -> Result<Vec<OrderView>, OrdersError> {
        read(database, account_id, None, None, most).await
    }

    /// The view of an order that has just begun, without a round trip.
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

    /// The view of an order that was just confirmed, without a round trip.
    #[must_use]
    pub fn confirmed(confirmed: ConfirmedOrder) -> OrderView {
        let ConfirmedOrder { order, tickets } = confirmed;
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

    /// The wire form. `ticket_code_key` makes the barcodes.
    #[must_use]
    pub fn answer(self, ticket_code_key: &Bytes32) -> OrderAnswer {
        let ticket = |(ticket_id, seat)| TicketView {
            barcode: barcode::barcode(ticket_code_key, ticket_id),
            qr_code_url: barcode::qr_code_url(ticket_code_key, ticket_id),
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
            // The outbox has every confirmed order, but nothing sends mail yet.
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
) -> Result<Vec<OrderView>, OrdersError> {
    let rows: Vec<OrderRow> = sqlx::query_as(include_str!("sql/orders.sql"))
        .bind(account_id)
        .bind(order_id)
        .bind(idempotency_key)
        .bind(most)
        .fetch_all(database)
        .await?;
    rows.into_iter().map(OrderRow::view).collect()
}

impl OrderRow {
    fn view(self) -> Result<OrderView, OrdersError> {
        let status = match self.status.as_str() {
            "pending" => OrderStatus::Pending,
            "confirming" => OrderStatus::Confirming,
            "confirmed" => OrderStatus::Confirmed,
            _ => OrderStatus::Failed,
        };
        Ok(OrderView {
            order_id: self.order_id,
            event_id: EventId::parse(&self.event_id).map_err(InternalError::new)?,
            status,
            failure: self
                .failure
                .map(|word| OrderFailure::read(&word, self.failure_detail.as_deref())),
            currency: self.currency,
            total: Minor(self.total),
            tickets: self.tickets.0,
        })
    }
}
