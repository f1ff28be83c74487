//! The transitions of an order in PostgreSQL after it has begun ([`super::begin`]).
//!
//! Each function is one step of the saga, one statement and one round trip. Every change of a live
//! order names the order lease under which it is made, and has no effect without it. So a
//! transition that is repeated, or comes too late, does nothing.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use super::{
    CheckoutError,
    failure::OrderFailure,
    order::{ConfirmedOrder, ConfirmingOrder, FailedOrder, Order, OrderLeaseLost, PendingOrder},
};
use crate::payments::router::{HeldPayment, STEP_LIMIT};

/// How long an order belongs to its worker after each transition.
///
/// The order lease outlasts one step towards a provider and is renewed before each, so an order is
/// taken over only from a worker that is gone. It is short enough that recovery ends within 60
/// seconds of a crash.
pub const ORDER_LEASE: Duration = Duration::from_secs(25);
/// What is left of an order lease when a step towards a provider has ended: time to tell
/// PostgreSQL.
pub const ORDER_LEASE_RESERVE: Duration = Duration::from_secs(5);
const _: () = assert!(STEP_LIMIT.as_millis() + ORDER_LEASE_RESERVE.as_millis() <= ORDER_LEASE.as_millis());

/// The unique index that decides in the end whether a seat is free.
const ONE_LIVE_TICKET_PER_SEAT: &str = "tickets_one_live_per_seat";

/// Marks that the provider is about to be asked.
///
/// # Errors
/// PostgreSQL; then the provider must not be asked.
pub async fn mark_authorising(
    database: &PgPool,
    pending: &PendingOrder,
) -> Result<Result<(), OrderLeaseLost>, CheckoutError> {
    let marked: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/mark_authorising.sql"))
        .bind(pending.order.order_id)
        .bind(pending.order.lease)
        .bind(ORDER_LEASE.as_secs_f64())
        .fetch_optional(database)
        .await?;
    Ok(marked.map(|_| ()).ok_or(OrderLeaseLost))
}

/// The result of [`reserve`].
#[derive(Debug)]
pub enum Reservation {
    /// The tickets are reserved for this order.
    Done(Box<ConfirmingOrder>),
    /// Another order has a live ticket for one of the seats. Nothing has changed.
    SeatsGone,
    /// Another worker has the order.
    OrderLeaseLost,
}

/// pending -> confirming: reserves the tickets for money that is held.
///
/// # Errors
/// PostgreSQL; whether the tickets are reserved is unknown.
pub async fn reserve(
    database: &PgPool,
    pending: &PendingOrder,
    held: HeldPayment,
) -> Result<Reservation, CheckoutError> {
    let reserved: Result<Vec<(Uuid, String)>, sqlx::Error> = sqlx::query_as(include_str!("sql/reserve.sql"))
        .bind(pending.order.order_id)
        .bind(pending.order.lease)
        .bind(held.provider)
        .bind(&held.intent)
        .bind(ORDER_LEASE.as_secs_f64())
        .fetch_all(database)
        .await;
    match reserved {
        Ok(tickets) if tickets.is_empty() => Ok(Reservation::OrderLeaseLost),
        Ok(_) => Ok(Reservation::Done(Box::new(ConfirmingOrder::new(
            pending.order.clone(),
            held,
        )))),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some(ONE_LIVE_TICKET_PER_SEAT) => {
            Ok(Reservation::SeatsGone)
        }
        Err(error) => Err(error.into()),
    }
}

/// confirming -> confirmed: activates the tickets after the charge.
///
/// # Errors
/// PostgreSQL; whether the order is confirmed is unknown.
pub async fn confirm(
    database: &PgPool,
    confirming: &ConfirmingOrder,
) -> Result<Result<ConfirmedOrder, OrderLeaseLost>, CheckoutError> {
    let order = &confirming.order;
    let mut tickets: Vec<(Uuid, String)> = sqlx::query_as(include_str!("sql/confirm.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .fetch_all(database)
        .await?;
    if tickets.is_empty() {
        return Ok(Err(OrderLeaseLost));
    }
    tickets.sort_by(|(_, a), (_, b)| a.cmp(b));
    Ok(Ok(ConfirmedOrder {
        order: order.clone(),
        tickets,
    }))
}

/// Decides that the order will fail, before its payment is undone. From then on no worker captures
/// for it.
///
/// # Errors
/// PostgreSQL; then the payment must not be undone.
pub async fn begin_undo(
    database: &PgPool,
    order: &Order,
    failure: &OrderFailure,
) -> Result<Result<(), OrderLeaseLost>, CheckoutError> {
    let decided: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/begin_undo.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(failure.word())
        .bind(failure.detail())
        .bind(ORDER_LEASE.as_secs_f64())
        .fetch_optional(database)
        .await?;
    Ok(decided.map(|_| ()).ok_or(OrderLeaseLost))
}

/// Renews the order lease for another step towards a provider.
///
/// # Errors
/// PostgreSQL; then no step must be taken.
pub async fn renew_order_lease(database: &PgPool, order: &Order) -> Result<Result<(), OrderLeaseLost>, CheckoutError> {
    let renewed: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/renew_order_lease.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(ORDER_LEASE.as_secs_f64())
        .fetch_optional(database)
        .await?;
    Ok(renewed.map(|_| ()).ok_or(OrderLeaseLost))
}

/// pending or confirming -> failed. The payment must have been undone before.
///
/// # Errors
/// PostgreSQL; whether the order has failed is unknown.
pub async fn fail(
    database: &PgPool,
    order: &Order,
    failure: OrderFailure,
) -> Result<Result<FailedOrder, OrderLeaseLost>, CheckoutError> {
    let failed: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/fail.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(failure.word())
        .bind(failure.detail())
        .bind(failure.frees_key())
        .fetch_optional(database)
        .await?;
    Ok(failed
        .map(|_| FailedOrder {
            order: order.clone(),
            failure,
        })
        .ok_or(OrderLeaseLost))
}

/// Marks that Redis knows how the order ended.
///
/// # Errors
/// PostgreSQL; recovery then tells Redis again, which changes nothing.
pub async fn mark_synced(database: &PgPool, order_id: Uuid) -> Result<(), CheckoutError> {
    sqlx::query(include_str!("sql/mark_synced.sql"))
        .bind(order_id)
        .execute(database)
        .await?;
    Ok(())
}

/// Leaves an order to recovery, because what happened is unknown. Recovery takes a young order over
/// soon, any order within [`ORDER_LEASE`].
///
/// # Errors
/// PostgreSQL; recovery then waits for the order lease to end.
pub async fn leave_to_recovery(database: &PgPool, order: &Order, why: &str) -> Result<(), CheckoutError> {
    sqlx::query(include_str!("sql/leave_to_recovery.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(why)
        .bind(ORDER_LEASE.as_secs_f64())
        .execute(database)
        .await?;
    Ok(())
}
