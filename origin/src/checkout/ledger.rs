//! What PostgreSQL knows of orders: each function is one step of the saga, one statement, one round trip (beginning has
//! three, because its row lock must be taken by a statement of its own). Every change names the lease it is made under.

use sqlx::{PgExecutor, PgPool, types::Json};
use stanchion_shared::admission::ShopClaims;
use uuid::Uuid;

use super::{
    failure::Failure,
    order::{Confirmed, Confirming, Failed, LeaseLost, Order, Pending},
};
use crate::{
    database::{Tx, run_tx},
    fraud::Facts,
    http::Error,
    payments::router::Held,
};

/// How long an order belongs to the one who works on it. Longer than one step towards a provider can take, so that it is
/// taken over only from somebody who is gone; short enough that recovery ends within 60 seconds of a crash.
pub const LEASE_SECONDS: f64 = 25.0;

/// The unique index that judges last.
const ONE_LIVE_TICKET_PER_SEAT: &str = "tickets_one_live_per_seat";

/// What is asked for.
pub struct Beginning<'a> {
    /// With a lease of its own.
    pub pending: &'a Pending,
    /// The session.
    pub claims: &'a ShopClaims,
    /// As sent.
    pub idempotency_key: &'a str,
    /// What the key stands for.
    pub request_hash: &'a [u8],
    /// `None` for shared test cards.
    pub card_hash: Option<&'a [u8]>,
    /// The event's limit.
    pub per_person: usize,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The order is pending.
    Yes(Facts),
    /// The fan has or is buying so many already.
    TooMany,
    /// The key has an order.
    KeyUsed(Uuid),
    /// The key has an order that was made by another request.
    KeyReused,
    /// Another checkout of this cart is under way.
    CartBusy,
}

#[derive(sqlx::FromRow)]
struct BeginRow {
    begun: bool,
    held: i64,
    declines_last_hour: i64,
    other_accounts_with_card: i64,
}

/// Begins an order: nothing -> pending.
///
/// # Errors
/// The database; nothing has begun.
pub async fn begin(database: &PgPool, beginning: &Beginning<'_>) -> Result<Begun, Error> {
    run_tx(database, "checkout.begin", |tx| Box::pin(begin_in(beginning, tx))).await
}

async fn begin_in(beginning: &Beginning<'_>, mut tx: Tx<'_, '_>) -> Result<Begun, Error> {
    let Pending { order, payment_token } = beginning.pending;
    sqlx::query(include_str!("sql/lock_buyer.sql"))
        .bind(&order.account_id)
        .bind(order.event_id.as_str())
        .execute(&mut *tx)
        .await?;
    let row: BeginRow = sqlx::query_as(include_str!("sql/begin.sql"))
        .bind(order.order_id)
        .bind(&order.account_id)
        .bind(order.event_id.as_str())
        .bind(&order.cart_id)
        .bind(&beginning.claims.jti)
        .bind(beginning.idempotency_key)
        .bind(beginning.request_hash)
        .bind(&order.currency)
        .bind(order.total.0)
        .bind(Json(&order.seats))
        .bind(payment_token)
        .bind(beginning.card_hash)
        .bind(order.lease)
        .bind(LEASE_SECONDS)
        .bind(i64::try_from(beginning.per_person).unwrap_or(i64::MAX))
        .fetch_one(&mut *tx)
        .await?;
    if row.begun {
        return Ok(Begun::Yes(Facts {
            declines_last_hour: row.declines_last_hour,
            other_accounts_with_card: row.other_accounts_with_card,
            seats: order.seats.len(),
        }));
    }
    if let Some(used) = key_use(
        &mut *tx,
        &order.account_id,
        beginning.idempotency_key,
        beginning.request_hash,
    )
    .await?
    {
        return Ok(used);
    }
    let wanted = row.held.saturating_add(order.seats.len() as i64);
    Ok(if wanted > beginning.per_person as i64 {
        Begun::TooMany
    } else {
        Begun::CartBusy
    })
}

/// What an idempotency key stands for already: [`Begun::KeyUsed`], [`Begun::KeyReused`] or nothing.
///
/// # Errors
/// The database.
pub async fn key_use<'a>(
    database: impl PgExecutor<'a>,
    account_id: &str,
    idempotency_key: &str,
    request_hash: &[u8],
) -> Result<Option<Begun>, Error> {
    let found: Option<(Uuid, Vec<u8>)> = sqlx::query_as(include_str!("sql/by_key.sql"))
        .bind(account_id)
        .bind(idempotency_key)
        .fetch_optional(database)
        .await?;
    let judge = |(order, hash): (Uuid, Vec<u8>)| {
        if hash == request_hash {
            Begun::KeyUsed(order)
        } else {
            Begun::KeyReused
        }
    };
    Ok(found.map(judge))
}

/// The provider is about to be asked.
///
/// # Errors
/// The database; then it must not be asked.
pub async fn note_authorising(database: &PgPool, pending: &Pending) -> Result<Result<(), LeaseLost>, Error> {
    let noted: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/note_authorising.sql"))
        .bind(pending.order.order_id)
        .bind(pending.order.lease)
        .bind(LEASE_SECONDS)
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
        .bind(LEASE_SECONDS)
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

/// What happened is not known: recovery shall find out at once.
///
/// # Errors
/// The database; recovery then waits for the lease to end.
pub async fn leave(database: &PgPool, order: &Order, why: &str) -> Result<(), Error> {
    sqlx::query(include_str!("sql/leave.sql"))
        .bind(order.order_id)
        .bind(order.lease)
        .bind(why)
        .execute(database)
        .await?;
    Ok(())
}
