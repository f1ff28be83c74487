//! The way of an order from pending to its end, while the fan waits. Whatever stops it anywhere, `recovery` finishes it.
//!
//! Round trips, besides two to the provider: extend 1 (Redis, per section), note 1, reserve 1, confirm 1 (PostgreSQL), sell
//! and cart 2 (Redis); beginning the order 4 and settling it 1, of which the fan does not see the last.

use stanchion_shared::admission::ShopClaims;

use super::{
    failure::Failure,
    ledger::{self, Reserved},
    order::{Confirmed, Confirming, Failed, LeaseLost, Order, Pending},
    settle,
    watch::Step,
};
use crate::{
    fraud::{self, Facts, Verdict},
    http::Error,
    inventory::{
        Extend,
        section::{CHECKOUT_LOCK_MS, Unloaded},
    },
    meter,
    payments::Outcome,
    state::SharedApp,
};

/// How far a saga came.
#[derive(Debug)]
pub enum End {
    /// Charged, tickets active.
    Confirmed(Confirmed),
    /// Nothing charged.
    Failed(Failed),
    /// Somebody else finishes it: recovery finds out what the provider did, or has done so already.
    InDoubt,
}

/// Runs the saga of an order that has just begun. Call it in a task of its own: a fan who hangs up must not stop it.
///
/// # Errors
/// PostgreSQL failed in the middle; recovery finishes the order.
pub async fn run(app: &SharedApp, pending: Pending, facts: Facts, claims: &ShopClaims) -> Result<End, Error> {
    let order_id = pending.order.order_id;
    let watch = |step| app.till.watch.after(step, order_id);
    watch(Step::Begun).await;

    match extend_locks(app, &pending.order).await {
        Locks::Held => {}
        Locks::Failed(failure) => return refuse(app, &pending.order, failure).await,
        // A later order of this cart has begun: recovery has ended this one. Sections asked before may be pinned to it.
        Locks::Overtaken => return unpin_lost(app, &pending.order).await,
    }
    watch(Step::Extended).await;

    if let Verdict::Refuse(reason) = fraud::judge(&facts) {
        return refuse(app, &pending.order, Failure::Refused(reason.to_owned())).await;
    }
    if let Err(LeaseLost) = ledger::note_authorising(&app.database, &pending).await? {
        return unpin_lost(app, &pending.order).await;
    }
    watch(Step::Noted).await;

    let authorised = app.till.payments.authorise(&pending.authorisation()).await;
    watch(Step::Authorised).await;
    let held = match authorised {
        Outcome::Done(held) => held,
        Outcome::Declined(reason) => return fail(app, &pending.order, Failure::PaymentDeclined(reason)).await,
        Outcome::Unavailable(why) | Outcome::Spent(why) => {
            tracing::error!(order = %order_id, why, "no payment provider");
            return fail(app, &pending.order, Failure::PaymentUnavailable).await;
        }
        Outcome::Unknown(why) => return leave(app, &pending.order, &why).await,
    };

    let confirming = match ledger::reserve(&app.database, &pending, held.clone()).await? {
        Reserved::Yes(confirming) => confirming,
        Reserved::LeaseLost => return Ok(End::InDoubt),
        Reserved::SeatsGone => {
            tracing::warn!(order = %order_id, "the unique index refused seats that Redis had locked");
            return undo(
                app,
                &pending.order,
                held.provider,
                &held.intent,
                Failure::SeatsUnavailable,
            )
            .await;
        }
    };
    watch(Step::Reserved).await;
    capture(app, *confirming, Some(claims)).await
}

/// The second half, which recovery runs as well: confirming -> confirmed, or failed once the charge is certainly impossible.
pub(super) async fn capture(
    app: &SharedApp,
    confirming: Confirming,
    claims: Option<&ShopClaims>,
) -> Result<End, Error> {
    let order = &confirming.order;
    let order_id = order.order_id.to_string();
    let watch = |step| app.till.watch.after(step, order.order_id);

    let captured = app
        .till
        .payments
        .capture(&confirming.provider, &order_id, &confirming.intent)
        .await;
    watch(Step::Captured).await;
    match captured {
        Outcome::Done(()) => {}
        Outcome::Declined(reason) => {
            let failure = Failure::CaptureFailed(reason);
            return undo(app, order, &confirming.provider, &confirming.intent, failure).await;
        }
        Outcome::Unavailable(why) | Outcome::Spent(why) | Outcome::Unknown(why) => {
            return leave(app, order, &why).await;
        }
    }

    let Ok(confirmed) = ledger::confirm(&app.database, &confirming).await? else {
        return Ok(End::InDoubt);
    };
    watch(Step::Confirmed).await;
    if settle::sold(app, &confirmed.order).await.is_ok() {
        watch(Step::Settled).await;
        let (app, order_id, claims) = (app.clone(), confirmed.order.order_id, claims.cloned());
        // What is left is bookkeeping the fan need not wait for. Recovery settles again what is not noted here; a session
        // that is not taken out of the count counts until it ends.
        tokio::spawn(async move {
            if let Some(claims) = claims
                && let Err(error) = meter::sessions::completed(&app, &claims).await
            {
                tracing::warn!(%error, "a completed session could not be taken out of the count");
            }
            if let Err(error) = ledger::note_settled(&app.database, order_id).await {
                tracing::warn!(%error, "an order will be settled again");
            }
        });
    }
    Ok(End::Confirmed(confirmed))
}

/// Lets go of an order's money and fails it: the decision first, the money second, the tickets last.
///
/// The decision needs the lease, and once it is made nobody can confirm the order. So whoever was overtaken by somebody
/// who has captured, or is about to, stops before the money; and a crash in between leaves an order that recovery brings
/// here again.
pub(super) async fn undo(
    app: &SharedApp,
    order: &Order,
    provider: &str,
    intent: &str,
    failure: Failure,
) -> Result<End, Error> {
    let watch = |step| app.till.watch.after(step, order.order_id);
    if let Err(LeaseLost) = ledger::note_undoing(&app.database, order, &failure).await? {
        return Ok(End::InDoubt);
    }
    watch(Step::Undoing).await;
    let order_id = order.order_id.to_string();
    let undone = app.till.payments.undo(provider, &order_id, intent).await;
    watch(Step::Undone).await;
    match undone {
        Outcome::Done(()) => fail(app, order, failure).await,
        other => leave(app, order, &format!("{}, but not undone: {other:?}", failure.word())).await,
    }
}

/// What became of the locks when a checkout began.
enum Locks {
    /// All are this order's. They last long enough for the payment, unless an earlier order of the cart has used their one
    /// extension.
    Held,
    /// The order cannot be paid.
    Failed(Failure),
    /// The order has ended, and its cart is being paid anew.
    Overtaken,
}

async fn extend_locks(app: &SharedApp, order: &Order) -> Locks {
    let unavailable = |error: Error| {
        tracing::warn!(%error, order = %order.order_id, "locks cannot be judged");
        Locks::Failed(Failure::InventoryUnavailable)
    };
    let stock = match app.inventory.event(&app.database, &order.event_id).await {
        Ok(stock) => stock,
        Err(error) => return unavailable(error),
    };
    let mut lost = Vec::new();
    for (code, seats) in order.by_section() {
        let Some((_, section)) = stock.section(code) else {
            return Locks::Failed(Failure::LockExpired(seats));
        };
        match section.seats.extend(order.paying(), CHECKOUT_LOCK_MS, &seats).await {
            Ok(Ok(Extend::Extended(_))) => {}
            Ok(Ok(Extend::Lost(seats))) => lost.extend(seats),
            Ok(Ok(Extend::Overtaken)) => return Locks::Overtaken,
            Ok(Err(Unloaded)) => return unavailable(crate::inventory::load::loading(app, section)),
            Err(error) => return unavailable(error.into()),
        }
    }
    if lost.is_empty() {
        Locks::Held
    } else {
        Locks::Failed(Failure::LockExpired(lost))
    }
}

/// Ends an order before the provider was asked.
async fn refuse(app: &SharedApp, order: &Order, failure: Failure) -> Result<End, Error> {
    match fail(app, order, failure).await? {
        End::InDoubt => unpin_lost(app, order).await,
        end => Ok(end),
    }
}

/// The order was lost to recovery before the provider was asked, so recovery can only end it. It may have settled it
/// before our word came to the locks: the pins must not outlive the order.
async fn unpin_lost(app: &SharedApp, order: &Order) -> Result<End, Error> {
    settle::unpin(app, order).await?;
    Ok(End::InDoubt)
}

/// Ends the order without a sale. No money is held any more.
pub(super) async fn fail(app: &SharedApp, order: &Order, failure: Failure) -> Result<End, Error> {
    match ledger::fail(&app.database, order, failure).await? {
        Ok(failed) => {
            match settle::not_sold(app, &failed.order, &failed.failure).await {
                Ok(()) => ledger::note_settled(&app.database, order.order_id).await?,
                Err(error) => tracing::warn!(%error, order = %order.order_id, "a failed order will be settled later"),
            }
            Ok(End::Failed(failed))
        }
        Err(LeaseLost) => Ok(End::InDoubt),
    }
}

async fn leave(app: &SharedApp, order: &Order, why: &str) -> Result<End, Error> {
    tracing::warn!(order = %order.order_id, why, "an order is left to recovery");
    ledger::leave(&app.database, order, why).await?;
    Ok(End::InDoubt)
}
