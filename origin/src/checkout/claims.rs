//! Orders that nobody works on any more, taken over by a new lease: what recovery works on.

use sqlx::{PgPool, types::Json};
use stanchion_shared::{identity::EventId, money::Minor, timestamp::UnixMillis};
use uuid::Uuid;

use super::{
    failure::Failure,
    ledger::LEASE,
    order::{Confirming, Order, OrderSeat, Pending},
};
use crate::http::Error;

/// An order that was left by whoever worked on it.
#[derive(Debug)]
pub enum Claimed {
    /// Nothing was reserved. `asked_provider`: whether money may be held.
    Pending {
        /// The order.
        pending: Pending,
        /// Whether the provider may have been asked.
        asked_provider: bool,
        /// Why it is being undone, if that was decided.
        undoing: Option<Failure>,
    },
    /// The charge may have been captured or not.
    Confirming(Confirming),
    /// It was decided that it fails; its money may have been let go of or not.
    Undoing(Confirming, Failure),
    /// It ended, but Redis may not know.
    Unsettled(Order, Option<Failure>),
}

#[derive(sqlx::FromRow)]
struct ClaimRow {
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

/// Takes at most `most` orders that nobody works on any more. A row that this code never wrote is logged and passed over:
/// it must not keep the others waiting.
///
/// # Errors
/// The database.
pub async fn claim(database: &PgPool, most: usize) -> Result<Vec<Claimed>, Error> {
    let rows: Vec<ClaimRow> = sqlx::query_as(include_str!("sql/claim.sql"))
        .bind(Uuid::new_v4())
        .bind(LEASE.as_secs_f64())
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .fetch_all(database)
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.read().ok()).collect())
}

impl ClaimRow {
    fn read(self) -> Result<Claimed, Error> {
        let order = Order {
            order_id: self.order_id,
            account_id: self.account_id,
            event_id: EventId::parse(&self.event_id).map_err(Error::internal)?,
            cart_id: self.cart_id,
            attempt: u32::try_from(self.attempt).map_err(Error::internal)?,
            currency: self.currency,
            total: Minor(self.total),
            seats: self.seats.0,
            lease: self.lease,
            begun_at: UnixMillis(u64::try_from(self.created_ms).map_err(Error::internal)?),
        };
        let undoing = self
            .undoing
            .map(|word| Failure::read(&word, self.undoing_detail.as_deref()));
        match (self.status.as_str(), self.payment_token, self.provider, self.intent) {
            ("pending", Some(payment_token), ..) => {
                let pending = Pending { order, payment_token };
                Ok(Claimed::Pending {
                    pending,
                    asked_provider: self.asked_provider,
                    undoing,
                })
            }
            ("confirming", _, Some(provider), Some(intent)) => {
                let confirming = Confirming {
                    order,
                    provider,
                    intent,
                };
                Ok(match undoing {
                    None => Claimed::Confirming(confirming),
                    Some(failure) => Claimed::Undoing(confirming, failure),
                })
            }
            ("confirmed", ..) => Ok(Claimed::Unsettled(order, None)),
            ("failed", ..) => {
                let word = self.failure.unwrap_or_default();
                Ok(Claimed::Unsettled(
                    order,
                    Some(Failure::read(&word, self.failure_detail.as_deref())),
                ))
            }
            (status, ..) => Err(Error::internal(format!(
                "order {} is {status} without its parts",
                order.order_id
            ))),
        }
    }
}
