//! Begins an order in PostgreSQL: the one place that decides about the per-person limit, the cart
//! and the idempotency key.
//!
//! The buyer's row is locked first, by a statement of its own, so that the next statement sees
//! every order that was begun before. Four statements: begin, lock, insert, commit.

use sqlx::{PgExecutor, PgPool, types::Json};
use stanchion_shared::shop_token::ShopClaims;
use uuid::Uuid;

use super::{CheckoutError, order::OrderDraft, transitions::ORDER_LEASE};
use crate::{
    database::{Tx, run_tx},
    error::InternalError,
    fraud::FraudFacts,
};

/// The order to begin.
pub struct BeginRequest<'a> {
    /// The order, with a new order lease.
    pub draft: &'a OrderDraft,
    /// The provider's token of the card.
    pub payment_token: &'a str,
    /// The shopping session.
    pub claims: &'a ShopClaims,
    /// The idempotency key, as the fan sent it.
    pub idempotency_key: &'a str,
    /// Digest of the request that the key stands for.
    pub request_hash: &'a [u8],
    /// Digest of the card's token; `None` for shared test cards.
    pub card_hash: Option<&'a [u8]>,
    /// Most seats of the event per person.
    pub per_person: usize,
}

/// The result of [`begin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeginResult {
    /// The order is pending.
    Begun {
        /// See [`super::order::Order::attempt`].
        attempt: u32,
        /// What is known of the buyer and the card.
        facts: FraudFacts,
    },
    /// The fan would have more seats than one person may have.
    TooManySeats,
    /// The idempotency key is used already.
    KeyUsed(KeyUse),
    /// Another checkout of this cart is under way.
    CartBusy,
}

/// What an idempotency key was used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// The same request, which made this order.
    SameRequest(Uuid),
    /// Another request.
    OtherRequest,
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
/// PostgreSQL; then nothing has begun.
pub async fn begin(database: &PgPool, request: &BeginRequest<'_>) -> Result<BeginResult, CheckoutError> {
    run_tx(database, "checkout.begin", |tx| Box::pin(begin_in(request, tx))).await
}

async fn begin_in(request: &BeginRequest<'_>, mut tx: Tx<'_, '_>) -> Result<BeginResult, CheckoutError> {
    let order = request.draft;
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
        .bind(&request.claims.jti)
        .bind(request.idempotency_key)
        .bind(request.request_hash)
        .bind(&order.currency)
        .bind(order.total.0)
        .bind(Json(&order.seats))
        .bind(request.payment_token)
        .bind(request.card_hash)
        .bind(order.lease)
        .bind(ORDER_LEASE.as_secs_f64())
        .bind(i64::try_from(request.per_person).unwrap_or(i64::MAX))
        .fetch_one(&mut *tx)
        .await?;
    if row.begun {
        let attempt = row.attempt.and_then(|attempt| u32::try_from(attempt).ok());
        return Ok(BeginResult::Begun {
            attempt: attempt.ok_or_else(|| InternalError::new("an order has begun without a number"))?,
            facts: FraudFacts {
                declines_last_hour: row.declines_last_hour,
                other_accounts_with_card: row.other_accounts_with_card,
                seats: order.seats.len(),
            },
        });
    }
    let used = key_use(
        &mut *tx,
        &order.account_id,
        request.idempotency_key,
        request.request_hash,
    );
    if let Some(used) = used.await? {
        return Ok(BeginResult::KeyUsed(used));
    }
    let wanted = row.held.saturating_add(order.seats.len() as i64);
    Ok(if wanted > request.per_person as i64 && !row.cart_busy {
        BeginResult::TooManySeats
    } else {
        BeginResult::CartBusy
    })
}

/// Reads what an account has used an idempotency key for; `None` if the key is free.
///
/// # Errors
/// PostgreSQL.
pub async fn key_use<'a>(
    database: impl PgExecutor<'a>,
    account_id: &str,
    idempotency_key: &str,
    request_hash: &[u8],
) -> Result<Option<KeyUse>, CheckoutError> {
    let found: Option<(Uuid, Vec<u8>)> = sqlx::query_as(include_str!("sql/order_of_key.sql"))
        .bind(account_id)
        .bind(idempotency_key)
        .fetch_optional(database)
        .await?;
    let compare = |(order, hash): (Uuid, Vec<u8>)| {
        if hash == request_hash {
            KeyUse::SameRequest(order)
        } else {
            KeyUse::OtherRequest
        }
    };
    Ok(found.map(compare))
}
