//! Takes over orders that have lost their worker. The new order lease makes recovery the worker.

use sqlx::{PgPool, types::Json};
use stanchion_shared::{ids::EventId, money::Minor, timestamp::UnixMillis};
use uuid::Uuid;

use super::{
    CheckoutError,
    failure::OrderFailure,
    order::{ConfirmingOrder, Order, OrderSeat, PendingOrder},
    transitions::ORDER_LEASE,
};
use crate::error::InternalError;

/// An order whose worker is gone, by what is left to do.
#[derive(Debug)]
pub enum TakenOverOrder {
    /// Nothing was reserved. Money may be held if the provider was asked.
    Pending {
        /// The order.
        pending: PendingOrder,
        /// Whether the provider may have been asked.
        asked_provider: bool,
        /// The failure, if the order was being undone.
        undoing: Option<OrderFailure>,
    },
    /// The charge may or may not have been captured.
    Confirming(ConfirmingOrder),
    /// The order will fail. Its payment may or may not have been undone.
    Undoing(ConfirmingOrder, OrderFailure),
    /// The order has ended, but Redis may not know. Has the failure, if it failed.
    Unsynced(Order, Option<OrderFailure>),
}

#[derive(sqlx::FromRow)]
struct TakeoverRow {
    order_id: Uuid,
    account_id: String,
    event_id: String,
    cart_id: String,
    attempt: i32,
    status: String,
    currency: String,
    total: i64,
    seats: Json<Vec<OrderSeat>>,
    payment_token: Option<String>,
    asked_provider: bool,
    provider: Option<String>,
    intent: Option<String>,
    lease: Uuid,
    created_ms: i64,
    undoing: Option<String>,
    undoing_detail: Option<String>,
    failure: Option<String>,
    failure_detail: Option<String>,
}

/// Takes over at most `most` orders whose order lease has ended. A row that this code cannot have
/// written is logged and skipped, so that it does not keep the others waiting.
///
/// # Errors
/// PostgreSQL.
pub async fn take_over(database: &PgPool, most: usize) -> Result<Vec<TakenOverOrder>, CheckoutError> {
    let rows: Vec<TakeoverRow> = sqlx::query_as(include_str!("sql/take_over.sql"))
        .bind(Uuid::new_v4())
        .bind(ORDER_LEASE.as_secs_f64())
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(database)
        .await?;
    let read = |row: TakeoverRow| {
        let order = row.read();
        order
            .inspect_err(|error| tracing::error!(%error, "an order cannot be read"))
            .ok()
    };
    Ok(rows.into_iter().filter_map(read).collect())
}

impl TakeoverRow {
    fn read(self) -> Result<TakenOverOrder, InternalError> {
        let order = Order {
            order_id: self.order_id,
            account_id: self.account_id,
            event_id: EventId::parse(&self.event_id).map_err(InternalError::new)?,
            cart_id: self.cart_id,
            attempt: u32::try_from(self.attempt).map_err(InternalError::new)?,
            currency: self.currency,
            total: Minor(self.total),
            seats: self.seats.0,
            lease: self.lease,
            begun_at: UnixMillis(u64::try_from(self.created_ms).map_err(InternalError::new)?),
        };
        let undoing = self
            .undoing
            .map(|word| OrderFailure::read(&word, self.undoing_detail.as_deref()));
        match (self.status.as_str(), self.payment_token, self.provider, self.intent) {
            ("pending", Some(payment_token), ..) => {
                let pending = PendingOrder { order, payment_token };
                Ok(TakenOverOrder::Pending {
                    pending,
                    asked_provider: self.asked_provider,
                    undoing,
                })
            }
            ("confirming", _, Some(provider), Some(intent)) => {
                let confirming = ConfirmingOrder {
                    order,
                    provider,
                    intent,
                };
                Ok(match undoing {
                    None => TakenOverOrder::Confirming(confirming),
                    Some(failure) => TakenOverOrder::Undoing(confirming, failure),
                })
            }
            ("confirmed", ..) => Ok(TakenOverOrder::Unsynced(order, None)),
            ("failed", ..) => {
                let word = self.failure.unwrap_or_default();
                Ok(TakenOverOrder::Unsynced(
                    order,
                    Some(OrderFailure::read(&word, self.failure_detail.as_deref())),
                ))
            }
            (status, ..) => Err(InternalError::new(format!(
                "order {} is {status} without its parts",
                order.order_id
            ))),
        }
    }
}
