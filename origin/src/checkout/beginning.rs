//! How an order begins in PostgreSQL: under its buyer's row lock, which must be taken by a statement of its own, so that the
//! per-person limit, the cart and the idempotency key are judged on what is really there. Four round trips: begin, lock, insert, commit.

use sqlx::{PgExecutor, PgPool, types::Json};
use stanchion_shared::admission::ShopClaims;
use uuid::Uuid;

use super::{ledger::LEASE, order::Draft};
use crate::{
    database::{Tx, run_tx},
    fraud::Facts,
    http::Error,
};

/// What is asked for.
pub struct Beginning<'a> {
    /// With a lease of its own.
    pub draft: &'a Draft,
    /// The provider's token of the card.
    pub payment_token: &'a str,
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
    Yes {
        /// See [`super::order::Order::attempt`].
        attempt: u32,
        /// What is known of its buyer and card.
        facts: Facts,
    },
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
    attempt: Option<i32>,
    cart_busy: bool,
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
    let order = beginning.draft;
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
        .bind(beginning.payment_token)
        .bind(beginning.card_hash)
        .bind(order.lease)
        .bind(LEASE.as_secs_f64())
        .bind(i64::try_from(beginning.per_person).unwrap_or(i64::MAX))
        .fetch_one(&mut *tx)
        .await?;
    if row.begun {
        let attempt = row.attempt.and_then(|attempt| u32::try_from(attempt).ok());
        return Ok(Begun::Yes {
            attempt: attempt.ok_or_else(|| Error::internal("an order has begun without a number"))?,
            facts: Facts {
                declines_last_hour: row.declines_last_hour,
                other_accounts_with_card: row.other_accounts_with_card,
                seats: order.seats.len(),
            },
        });
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
    Ok(if wanted > beginning.per_person as i64 && !row.cart_busy {
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
