//! What PostgreSQL knows of orders that have begun ([`super::beginning`]): each function is one step of the saga, one
//! statement, one round trip. Every change of a live order names the lease it is made under, and does nothing without it.

use std::time::Duration;

use sqlx::PgPool;
use uuid::Uuid;

use super::{
    failure::Failure,
    order::{Confirmed, Confirming, Failed, LeaseLost, Order, Pending},
};
use crate::{
    http::Error,
    payments::router::{Held, STEP_LIMIT},
};

/// How long an order belongs to the one who works on it, from each of its transitions on. Longer than one step towards a
/// provider can take, and renewed before each, so that an order is taken over only from somebody who is gone; short enough
/// that recovery ends within 60 seconds of a crash.
pub const LEASE: Duration = Duration::from_secs(25);
/// What a lease has left at least when a step towards the provider is over: time for the word to PostgreSQL.
pub const LEASE_RESERVE: Duration = Duration::from_secs(5);
const _: () = assert!(STEP_LIMIT.as_millis() + LEASE_RESERVE.as_millis() <= LEASE.as_millis());

/// The unique index that judges last.
const ONE_LIVE_TICKET_PER_SEAT: &str = "tickets_one_live_per_seat";

/// The provider is about to be asked.
///
/// # Errors
/// The database; then it must not be asked.
pub async fn note_authorising(database: &PgPool, pending: &Pending) -> Result<Result<(), LeaseLost>, Error> {
    let noted: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/note_authorising.sql"))
        .bind(pending.order.order_id)
        .bind(pending.order.lease)
        .bind(LEASE.as_secs_f64())
        .fetch_optional(database)
        .await?;
    Ok(noted.map(|_| ()).ok_or(LeaseLost))
}

/// What came of a reservation.
#[derive(Debug)]
pub enum Reserved {
    /// The tickets are this order's.
    Yes(Box<Confirming>),
    /// Somebody else has a live ticket for one of the seats. Nothing has changed.
    SeatsGone,
    /// Somebody else works on the order.
    LeaseLost,
}

/// pending -> confirming.
///
/// # Errors
/// The database; whether it was done is not known.
pub async fn reserve(database: &PgPool, pending: &Pending, held: Held) -> Result<Reserved, Error> {
    let reserved: Result<Vec<(Uuid, String)>, sqlx::Error> = sqlx::query_as(include_str!("sql/reserve.sql"))
        .bind(pending.order.order_id)
        .bind(pending.order.lease)
        .bind(held.provider)
        .bind(&held.intent)
        .bind(LEASE.as_secs_f64())
        .fetch_all(database)
        .await;
    match reserved {
        Ok(tickets) if tickets.is_empty() => Ok(Reserved::LeaseLost),
        Ok(_) => Ok(Reserved::Yes(Box::new(Confirming::new(pending.order.clone(), held)))),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some(ONE_LIVE_TICKET_PER_SEAT) => {
            Ok(Reserved::SeatsGone)
        }
        Err(error) => Err(error.into()),
    }
}

/// confirming -> confirmed.
///
/// # Errors
/// The database; whether it was done is not known.
pub async fn confirm(database: &PgPool, confirming: &Confirming) -> Result<Result<Confirmed, LeaseLost>, Error> {
    let order = &confirming.order;
    let mut tickets: Vec<(Uuid, String)> = sqlx::query_as(include_str!("sql/confirm.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .fetch_all(database)
        .await?;
    if tickets.is_empty() {
        return Ok(Err(LeaseLost));
    }
    tickets.sort_by(|(_, a), (_, b)| a.cmp(b));
    Ok(Ok(Confirmed {
        order: order.clone(),
        tickets,
    }))
}

/// The order will fail, and its money is about to be let go of: nobody captures for it any more.
///
/// # Errors
/// The database; then the money must not be let go of.
pub async fn note_undoing(database: &PgPool, order: &Order, failure: &Failure) -> Result<Result<(), LeaseLost>, Error> {
    let noted: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/undoing.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(failure.word())
        .bind(failure.detail())
        .bind(LEASE.as_secs_f64())
        .fetch_optional(database)
        .await?;
    Ok(noted.map(|_| ()).ok_or(LeaseLost))
}

/// The order is still ours, and stays so for another step towards the provider.
///
/// # Errors
/// The database; then no step must be taken.
pub async fn renew(database: &PgPool, order: &Order) -> Result<Result<(), LeaseLost>, Error> {
    let renewed: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/renew.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(LEASE.as_secs_f64())
        .fetch_optional(database)
        .await?;
    Ok(renewed.map(|_| ()).ok_or(LeaseLost))
}

/// pending or confirming -> failed. The money must have been let go of before.
///
/// # Errors
/// The database; whether it was done is not known.
pub async fn fail(database: &PgPool, order: &Order, failure: Failure) -> Result<Result<Failed, LeaseLost>, Error> {
    let failed: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/fail.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(failure.word())
        .bind(failure.detail())
        .bind(failure.releases_key())
        .fetch_optional(database)
        .await?;
    Ok(failed
        .map(|_| Failed {
            order: order.clone(),
            failure,
        })
        .ok_or(LeaseLost))
}

/// Redis knows how the order ended.
///
/// # Errors
/// The database; recovery tells Redis again, which changes nothing.
pub async fn note_settled(database: &PgPool, order_id: Uuid) -> Result<(), Error> {
    sqlx::query(include_str!("sql/settled.sql"))
        .bind(order_id)
        .execute(database)
        .await?;
    Ok(())
}

/// What happened is not known: recovery shall find out, soon if the order is young, within [`LEASE`] in any case.
///
/// # Errors
/// The database; recovery then waits for the lease to end.
pub async fn leave(database: &PgPool, order: &Order, why: &str) -> Result<(), Error> {
    sqlx::query(include_str!("sql/leave.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(why)
        .bind(LEASE.as_secs_f64())
        .execute(database)
        .await?;
    Ok(())
}
