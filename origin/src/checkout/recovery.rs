//! Finishes orders that a crash, or a provider without an answer, left unfinished. Every origin
//! runs recovery; one worker at a time has an order.
//!
//! Recovery undoes a pending order, captures a confirming one, and tells Redis how an ended one
//! ended. It takes an order over when its order lease has ended, at most
//! [`transitions::ORDER_LEASE`] after its last step. One try finishes the order, unless the
//! provider still gives no certain answer. Then the next try comes after a pause that grows with
//! the order's age up to one order lease. The order lease is renewed before each step towards the
//! provider. A worker that has lost it cannot renew it, so two workers never have the same order.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::{
    CheckoutError, CheckoutServices,
    failure::OrderFailure,
    order::{ConfirmingOrder, PendingOrder},
    saga, sync_inventory,
    takeover::{self, TakenOverOrder},
    transitions,
};
use crate::{
    error::InternalError,
    payments::{IntentState, PaymentOutcome},
};

/// Pause between two looks for orders.
pub const RECOVER_EVERY: Duration = Duration::from_secs(1);
/// Most orders that are worked on at once. Each takes at most a few steps towards the provider
/// ([`STEP_LIMIT`](crate::payments::router::STEP_LIMIT)).
pub const MOST_AT_ONCE: usize = 20;

type RecoveryTasks = JoinSet<Result<(), CheckoutError>>;

/// Recovers for ever. An order that takes long keeps no other waiting, unless [`MOST_AT_ONCE`] of
/// them do.
pub async fn recover_forever(services: CheckoutServices) {
    let mut tasks = RecoveryTasks::new();
    loop {
        while let Some(done) = tasks.try_join_next() {
            report(done);
        }
        match start_tasks(&services, &mut tasks).await {
            // All places are taken: there may be more orders as soon as one task has ended.
            Ok(_) if tasks.len() >= MOST_AT_ONCE => {
                if let Some(done) = tasks.join_next().await {
                    report(done);
                }
            }
            Ok(_) => tokio::time::sleep(RECOVER_EVERY).await,
            Err(error) => {
                tracing::error!(%error, "recovery cannot read orders");
                tokio::time::sleep(RECOVER_EVERY).await;
            }
        }
    }
}

/// Takes over orders once and finishes them. Returns how many orders were taken over.
///
/// # Errors
/// PostgreSQL. A failure with a single order is logged; the order is taken over again later.
pub async fn recover(services: &CheckoutServices) -> Result<usize, CheckoutError> {
    let mut tasks = RecoveryTasks::new();
    let count = start_tasks(services, &mut tasks).await?;
    while let Some(done) = tasks.join_next().await {
        report(done);
    }
    Ok(count)
}

/// Takes over as many orders as there is room for, and starts a task for each. Returns their
/// number.
async fn start_tasks(services: &CheckoutServices, tasks: &mut RecoveryTasks) -> Result<usize, CheckoutError> {
    let orders = takeover::take_over(&services.database, MOST_AT_ONCE.saturating_sub(tasks.len())).await?;
    let count = orders.len();
    for order in orders {
        let services = services.clone();
        tasks.spawn(async move { finish(&services, order).await });
    }
    Ok(count)
}

fn report(done: Result<Result<(), CheckoutError>, JoinError>) {
    let result = done.map_err(|error| InternalError::new(error).into());
    if let Err(error) = result.flatten() {
        tracing::error!(%error, "an order could not be recovered now");
    }
}

async fn finish(services: &CheckoutServices, order: TakenOverOrder) -> Result<(), CheckoutError> {
    match order {
        TakenOverOrder::Pending {
            pending,
            asked_provider: false,
            ..
        } => {
            saga::fail(services, &pending.order, OrderFailure::Abandoned).await?;
        }
        TakenOverOrder::Pending { pending, undoing, .. } => {
            let decided = undoing.unwrap_or(OrderFailure::Abandoned);
            match undo_payments(services, &pending, decided).await? {
                PendingUndo::Certain(failure) => {
                    saga::fail(services, &pending.order, failure).await?;
                }
                PendingUndo::InDoubt(why) => {
                    tracing::warn!(order = %pending.order.order_id, why, "the provider still gives no certain answer");
                }
                PendingUndo::OrderLeaseLost => {}
            }
        }
        TakenOverOrder::Confirming(confirming) => {
            saga::capture(services, confirming, None).await?;
        }
        TakenOverOrder::Undoing(
            ConfirmingOrder {
                order,
                provider,
                intent,
            },
            failure,
        ) => {
            saga::undo(services, &order, &provider, &intent, failure).await?;
        }
        TakenOverOrder::Unsynced(order, failure) => {
            match failure {
                None => sync_inventory::sold(services, &order).await?,
                Some(failure) => sync_inventory::not_sold(services, &order, &failure).await?,
            }
            transitions::mark_synced(&services.database, order.order_id).await?;
        }
    }
    Ok(())
}

/// What is known of a pending order's money after [`undo_payments`].
enum PendingUndo {
    /// Nothing is held, and nothing will be. The order fails for this reason.
    Certain(OrderFailure),
    /// Only asking the provider again can tell.
    InDoubt(String),
    /// Another worker has the order.
    OrderLeaseLost,
}

/// Makes sure that nothing is held for a pending order, and never will be. `decided` is the reason
/// why the order fails, unless its card was declined.
///
/// The same authorisation is sent once more. Its key either gives the first answer, or is spent by
/// this request. So an earlier request that is still on its way cannot hold money afterwards. Only
/// then the payment is undone. If the provider takes no authorisation at all and has no payment of
/// the order, the key stays open and the order stays in doubt.
async fn undo_payments(
    services: &CheckoutServices,
    pending: &PendingOrder,
    decided: OrderFailure,
) -> Result<PendingUndo, CheckoutError> {
    let order = &pending.order;
    if transitions::begin_undo(&services.database, order, &decided)
        .await?
        .is_err()
    {
        return Ok(PendingUndo::OrderLeaseLost);
    }
    let held = match services.payments.authorise(&pending.authorisation()).await {
        PaymentOutcome::Done(held) => vec![held],
        PaymentOutcome::Declined(reason) => {
            return Ok(PendingUndo::Certain(OrderFailure::PaymentDeclined(reason)));
        }
        PaymentOutcome::Unknown(why) => return Ok(PendingUndo::InDoubt(why)),
        // Nothing can be authorised now. An earlier request may have been.
        not_now @ (PaymentOutcome::Unavailable(_) | PaymentOutcome::Spent(_)) => {
            if transitions::renew_order_lease(&services.database, order)
                .await?
                .is_err()
            {
                return Ok(PendingUndo::OrderLeaseLost);
            }
            let order_id = order.order_id.to_string();
            match services.payments.find(&order_id, order.begun_at).await {
                // The key is open: a request that is on its way, or a worker that sleeps before it,
                // may still use it.
                PaymentOutcome::Done(found) if found.is_empty() && !matches!(not_now, PaymentOutcome::Spent(_)) => {
                    return Ok(PendingUndo::InDoubt(format!("{not_now:?}")));
                }
                PaymentOutcome::Done(found) => found
                    .into_iter()
                    .filter(|(_, intent)| intent.state != IntentState::Cancelled)
                    .map(|(held, _)| held)
                    .collect(),
                other => return Ok(PendingUndo::InDoubt(format!("{other:?}"))),
            }
        }
    };
    for held in held {
        if transitions::renew_order_lease(&services.database, order)
            .await?
            .is_err()
        {
            return Ok(PendingUndo::OrderLeaseLost);
        }
        let order_id = order.order_id.to_string();
        match services.payments.undo(held.provider, &order_id, &held.intent).await {
            PaymentOutcome::Done(()) => {}
            other => return Ok(PendingUndo::InDoubt(format!("{other:?}"))),
        }
    }
    Ok(PendingUndo::Certain(decided))
}
