//! The checkout saga: takes an order from pending to its end while the fan waits. Recovery finishes
//! an order whose saga was stopped anywhere.
//!
//! # Steps
//!
//! | Step | Order after it | Why it may be repeated | What undoes it | What recovery does after it |
//! |---|---|---|---|---|
//! | begin ([`super::begin`]) | pending | unique idempotency key per account, one live order per cart | fail | fails the order as `checkout_abandoned` |
//! | extend locks | pending | the script names cart and attempt, and extends once | unpin, when the order fails | the same |
//! | mark authorising | pending, `asked_provider` | needs the order lease; sets the same value again | fail | asks the provider what became of the payment |
//! | authorise | pending, money held | key `{order}:authorise` gets the first answer again | undo payment | sends the same authorisation, then undoes the payment and fails the order |
//! | reserve | confirming, tickets reserved | needs the order lease and `pending`; the unique index decides | fail makes the tickets void | captures |
//! | capture | confirming, money charged | key `{order}:capture`; an intent is charged once | refund | captures again, then confirms |
//! | confirm | confirmed, tickets active, outbox | needs the order lease and `confirming`, not undoing | nothing: the sale is final | syncs the inventory |
//! | sync inventory | ended, `settled` | every script names the order | nothing | syncs again until it is marked |
//!
//! An order that cannot be sold takes these steps instead:
//!
//! | Step | Order after it | Why it may be repeated | What recovery does after it |
//! |---|---|---|---|
//! | begin undo | `undoing` has the failure | needs the order lease; the first decision stays | undoes the payment |
//! | undo payment | money no longer held, or refunded | keys `{order}:cancel` and `{order}:refund` | repeats it, then fails the order |
//! | fail | failed, tickets void | needs the order lease and a live order | syncs the inventory |
//! | sync inventory | ended, `settled` | every script names the order | syncs again until it is marked |
//!
//! The decision to undo needs the order lease, and after it no worker can confirm the order. So a
//! worker that was overtaken by one that has captured, or is about to, stops before the money.
//!
//! # Round trips
//!
//! Of those of a sale ([`super`]: PostgreSQL 13, Redis 4, the provider 2) these are the saga's:
//!
//! - The provider 2.
//! - Redis 3: one per section to extend the locks, one per section to sell the seats, one to empty
//!   the cart.
//! - PostgreSQL 6: mark, reserve and confirm, each after the pool's question whether the connection
//!   is alive.
//!
//! The fan does not wait for what comes afterwards: Redis 1, PostgreSQL 2.

use stanchion_shared::shop_token::ShopClaims;

use super::{
    CheckoutError, CheckoutServices,
    failpoints::SagaStep,
    failure::OrderFailure,
    lock_extension::{LockExtension, extend_locks},
    order::{ConfirmedOrder, ConfirmingOrder, FailedOrder, Order, OrderLeaseLost, PendingOrder},
    sync_inventory,
    transitions::{self, Reservation},
};
use crate::{
    fraud::{self, FraudFacts, FraudVerdict},
    payments::PaymentOutcome,
};

/// How a saga ended.
#[derive(Debug)]
pub enum SagaEnd {
    /// The money is charged, the tickets are active.
    Confirmed(ConfirmedOrder),
    /// Nothing is charged.
    Failed(FailedOrder),
    /// Another worker finishes the order: recovery finds out what the provider did, or has done so
    /// already.
    InDoubt,
}

/// Runs the saga of an order that has just begun. Call it in a task of its own, so that a fan who
/// hangs up does not stop it.
///
/// # Errors
/// PostgreSQL or Redis failed in the middle; recovery finishes the order.
pub async fn run(
    services: &CheckoutServices,
    pending: PendingOrder,
    facts: FraudFacts,
    claims: &ShopClaims,
) -> Result<SagaEnd, CheckoutError> {
    let order_id = pending.order.order_id;
    let failpoint = |step| services.failpoints.after(step, order_id);
    failpoint(SagaStep::Begun).await;

    match extend_locks(services, &pending.order).await {
        LockExtension::Done => {}
        LockExtension::Failed(failure) => return refuse(services, &pending.order, failure).await,
        // A later order of this cart has begun, so recovery has ended this one. Some sections may
        // be pinned to it already.
        LockExtension::Overtaken => return unpin_lost(services, &pending.order).await,
    }
    failpoint(SagaStep::LocksExtended).await;

    if let FraudVerdict::Refuse(reason) = fraud::judge(&facts) {
        let failure = OrderFailure::Refused(reason.to_owned());
        return refuse(services, &pending.order, failure).await;
    }
    if let Err(OrderLeaseLost) = transitions::mark_authorising(&services.database, &pending).await? {
        return unpin_lost(services, &pending.order).await;
    }
    failpoint(SagaStep::AuthorisingMarked).await;

    let authorised = services.payments.authorise(&pending.authorisation()).await;
    failpoint(SagaStep::Authorised).await;
    let held = match authorised {
        PaymentOutcome::Done(held) => held,
        PaymentOutcome::Declined(reason) => {
            return fail(services, &pending.order, OrderFailure::PaymentDeclined(reason)).await;
        }
        PaymentOutcome::Unavailable(why) | PaymentOutcome::Spent(why) => {
            tracing::error!(order = %order_id, why, "no payment provider");
            return fail(services, &pending.order, OrderFailure::PaymentUnavailable).await;
        }
        PaymentOutcome::Unknown(why) => return leave_to_recovery(services, &pending.order, &why).await,
    };

    let confirming = match transitions::reserve(&services.database, &pending, held.clone()).await? {
        Reservation::Done(confirming) => confirming,
        Reservation::OrderLeaseLost => return Ok(SagaEnd::InDoubt),
        Reservation::SeatsGone => {
            tracing::warn!(order = %order_id, "the unique index refused seats that Redis had locked");
            let failure = OrderFailure::SeatsUnavailable;
            return undo(services, &pending.order, held.provider, &held.intent, failure).await;
        }
    };
    failpoint(SagaStep::Reserved).await;
    capture(services, *confirming, Some(claims)).await
}

/// The second half of the saga, which recovery runs as well: confirming -> confirmed, or failed
/// once a charge is certainly impossible.
pub(super) async fn capture(
    services: &CheckoutServices,
    confirming: ConfirmingOrder,
    claims: Option<&ShopClaims>,
) -> Result<SagaEnd, CheckoutError> {
    let order = &confirming.order;
    let order_id = order.order_id.to_string();
    let failpoint = |step| services.failpoints.after(step, order.order_id);

    let captured = services
        .payments
        .capture(&confirming.provider, &order_id, &confirming.intent)
        .await;
    failpoint(SagaStep::Captured).await;
    match captured {
        PaymentOutcome::Done(()) => {}
        PaymentOutcome::Declined(reason) => {
            let failure = OrderFailure::CaptureFailed(reason);
            return undo(services, order, &confirming.provider, &confirming.intent, failure).await;
        }
        PaymentOutcome::Unavailable(why) | PaymentOutcome::Spent(why) | PaymentOutcome::Unknown(why) => {
            return leave_to_recovery(services, order, &why).await;
        }
    }

    let Ok(confirmed) = transitions::confirm(&services.database, &confirming).await? else {
        return Ok(SagaEnd::InDoubt);
    };
    failpoint(SagaStep::Confirmed).await;
    match sync_inventory::sold(services, &confirmed.order).await {
        Ok(()) => {
            failpoint(SagaStep::InventorySynced).await;
            finish_in_background(services, &confirmed.order, claims);
        }
        Err(error) => tracing::warn!(%error, order = order_id, "a confirmed order will be synced later"),
    }
    Ok(SagaEnd::Confirmed(confirmed))
}

/// Bookkeeping for which the fan need not wait. Recovery syncs the inventory again if the mark is
/// missing. A session that stays in the count is counted until it ends.
fn finish_in_background(services: &CheckoutServices, order: &Order, claims: Option<&ShopClaims>) {
    let (services, order_id, claims) = (services.clone(), order.order_id, claims.cloned());
    tokio::spawn(async move {
        if let Some(claims) = claims
            && let Err(error) = services.sessions.completed(&claims).await
        {
            tracing::warn!(%error, "a completed session could not be taken out of the count");
        }
        if let Err(error) = transitions::mark_synced(&services.database, order_id).await {
            tracing::warn!(%error, "an order will be synced again");
        }
    });
}

/// Undoes an order whose money may be held or charged: the decision first, the money second, the
/// tickets last. After a crash in between, recovery calls this again.
pub(super) async fn undo(
    services: &CheckoutServices,
    order: &Order,
    provider: &str,
    intent: &str,
    failure: OrderFailure,
) -> Result<SagaEnd, CheckoutError> {
    let failpoint = |step| services.failpoints.after(step, order.order_id);
    if let Err(OrderLeaseLost) = transitions::begin_undo(&services.database, order, &failure).await? {
        return Ok(SagaEnd::InDoubt);
    }
    failpoint(SagaStep::UndoDecided).await;
    let order_id = order.order_id.to_string();
    let undone = services.payments.undo(provider, &order_id, intent).await;
    failpoint(SagaStep::Undone).await;
    match undone {
        PaymentOutcome::Done(()) => fail(services, order, failure).await,
        other => {
            let why = format!("{}, but not undone: {other:?}", failure.word());
            leave_to_recovery(services, order, &why).await
        }
    }
}

/// Ends an order before the provider was asked.
async fn refuse(services: &CheckoutServices, order: &Order, failure: OrderFailure) -> Result<SagaEnd, CheckoutError> {
    match fail(services, order, failure).await? {
        SagaEnd::InDoubt => unpin_lost(services, order).await,
        end => Ok(end),
    }
}

/// Unpins the seats of an order that recovery has taken over before the provider was asked.
/// Recovery can only end such an order, perhaps before this saga pinned the last seats. The pins
/// must not outlive the order.
async fn unpin_lost(services: &CheckoutServices, order: &Order) -> Result<SagaEnd, CheckoutError> {
    sync_inventory::unpin(services, order).await?;
    Ok(SagaEnd::InDoubt)
}

/// Ends an order without a sale. No money may be held any more.
pub(super) async fn fail(
    services: &CheckoutServices,
    order: &Order,
    failure: OrderFailure,
) -> Result<SagaEnd, CheckoutError> {
    let Ok(failed) = transitions::fail(&services.database, order, failure).await? else {
        return Ok(SagaEnd::InDoubt);
    };
    match sync_inventory::not_sold(services, &failed.order, &failed.failure).await {
        Ok(()) => transitions::mark_synced(&services.database, order.order_id).await?,
        Err(error) => tracing::warn!(%error, order = %order.order_id, "a failed order will be synced later"),
    }
    Ok(SagaEnd::Failed(failed))
}

async fn leave_to_recovery(services: &CheckoutServices, order: &Order, why: &str) -> Result<SagaEnd, CheckoutError> {
    tracing::warn!(order = %order.order_id, why, "an order is left to recovery");
    transitions::leave_to_recovery(&services.database, order, why).await?;
    Ok(SagaEnd::InDoubt)
}
