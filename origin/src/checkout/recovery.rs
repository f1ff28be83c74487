//! Finishes what a crash, or a provider without an answer, left. Every origin runs it; each order is worked on by one.
//!
//! A pending order is undone, a confirming one is captured on, an ended one is told to Redis. An order is taken over when
//! its lease is over, at most [`ledger::LEASE_SECONDS`] after its last step, and finished in one try unless the provider
//! still gives no certain answer: then again when this lease is over.

use std::time::Duration;

use tokio::task::JoinSet;

use super::{
    claims::{self, Claimed},
    failure::Failure,
    ledger,
    order::{Order, Pending},
    saga, settle,
};
use crate::{
    http::Error,
    payments::{IntentState, Outcome},
    state::SharedApp,
};

/// Pause between two looks.
pub const RECOVER_EVERY: Duration = Duration::from_secs(1);
/// Orders taken at once; each is worked on for some seconds at most.
pub const MOST_AT_ONCE: i64 = 20;

/// Recovers for ever.
pub async fn recover_forever(app: SharedApp) {
    loop {
        match recover(&app).await {
            // A full hand means that there are more.
            Ok(orders) if orders == MOST_AT_ONCE as usize => {}
            Ok(_) => tokio::time::sleep(RECOVER_EVERY).await,
            Err(error) => {
                tracing::error!(%error, "recovery cannot read orders");
                tokio::time::sleep(RECOVER_EVERY).await;
            }
        }
    }
}

/// One look: takes orders that nobody works on and finishes them; how many were taken.
///
/// # Errors
/// PostgreSQL. A single order's failure is logged; it is taken again later.
pub async fn recover(app: &SharedApp) -> Result<usize, Error> {
    let claimed = claims::claim(&app.database, MOST_AT_ONCE).await?;
    let count = claimed.len();
    let mut work = JoinSet::new();
    for order in claimed {
        let app = app.clone();
        work.spawn(async move { finish(&app, order).await });
    }
    while let Some(done) = work.join_next().await {
        if let Err(error) = done.map_err(Error::internal).flatten() {
            tracing::error!(%error, "an order could not be recovered now");
        }
    }
    Ok(count)
}

async fn finish(app: &SharedApp, claimed: Claimed) -> Result<(), Error> {
    match claimed {
        Claimed::Pending {
            pending,
            asked_provider: false,
        } => {
            saga::fail(app, &pending.order, Failure::Abandoned).await?;
        }
        Claimed::Pending { pending, .. } => match undo(app, &pending).await {
            Outcome::Done(failure) => {
                saga::fail(app, &pending.order, failure).await?;
            }
            other => note_doubt(&pending.order, &other),
        },
        Claimed::Confirming(confirming) => {
            saga::capture(app, confirming, None).await?;
        }
        Claimed::Unsettled(order, failure) => {
            match failure {
                None => settle::sold(app, &order).await?,
                Some(failure) => settle::not_sold(app, &order, &failure).await?,
            }
            ledger::note_settled(&app.database, order.order_id).await?;
        }
    }
    Ok(())
}

/// Makes sure that nothing is held for a pending order, and never will be; the outcome is why the order fails.
///
/// The same authorisation is sent once more: its key either gives the first answer, or is spent by this one, so that a
/// request that is still on its way cannot hold money after we have looked. Only then the payment is undone.
async fn undo(app: &SharedApp, pending: &Pending) -> Outcome<Failure> {
    let order_id = pending.order.order_id.to_string();
    match app.till.payments.authorise(&pending.authorisation()).await {
        Outcome::Done(held) => {
            let undone = app.till.payments.undo(held.provider, &order_id, &held.intent).await;
            return undone.map(|()| Failure::Abandoned);
        }
        Outcome::Declined(reason) => return Outcome::Done(Failure::PaymentDeclined(reason)),
        Outcome::Unknown(why) => return Outcome::Unknown(why),
        Outcome::Unavailable(_) => {}
    }
    // Nothing can be authorised now; was something before?
    match app.till.payments.find(&order_id, pending.order.begun_at).await {
        Outcome::Done(found) => {
            for (held, intent) in found {
                if intent.state == IntentState::Cancelled {
                    continue;
                }
                match app.till.payments.undo(held.provider, &order_id, &held.intent).await {
                    Outcome::Done(()) => {}
                    other => return other.map(|()| Failure::Abandoned),
                }
            }
            Outcome::Done(Failure::Abandoned)
        }
        other => other.map(|_| Failure::Abandoned),
    }
}

fn note_doubt(order: &Order, outcome: &Outcome<Failure>) {
    tracing::warn!(order = %order.order_id, ?outcome, "the provider still gives no certain answer");
}
