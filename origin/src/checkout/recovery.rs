//! Finishes what a crash, or a provider without an answer, left. Every origin runs it; each order is worked on by one.
//!
//! A pending order is undone, a confirming one is captured on, an ended one is told to Redis. An order is taken over when
//! its lease is over, at most [`ledger::LEASE`] after its last step, and finished in one try unless the provider still
//! gives no certain answer: then again after a pause that grows with the order's age and is never longer than a lease.
//! Before every step towards the provider the lease is renewed, which fails for whoever has lost it: two never work on one
//! order.

use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use super::{
    claims::{self, Claimed},
    failure::Failure,
    ledger,
    order::{Confirming, Pending},
    saga, settle,
};
use crate::{
    http::Error,
    payments::{IntentState, Outcome},
    state::SharedApp,
};

/// Pause between two looks.
pub const RECOVER_EVERY: Duration = Duration::from_secs(1);
/// Orders worked on at once; each for a few steps towards the provider at most ([`crate::payments::router::STEP_LIMIT`]).
pub const MOST_AT_ONCE: usize = 20;

type Work = JoinSet<Result<(), Error>>;

/// Recovers for ever. An order that takes long keeps no other waiting, unless so many of them do.
pub async fn recover_forever(app: SharedApp) {
    let mut work = Work::new();
    loop {
        while let Some(done) = work.try_join_next() {
            report(done);
        }
        match take(&app, &mut work).await {
            // A full hand: there may be more as soon as one of them has ended.
            Ok(_) if work.len() >= MOST_AT_ONCE => {
                if let Some(done) = work.join_next().await {
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

/// One look: takes orders that nobody works on and finishes them; how many were taken.
///
/// # Errors
/// PostgreSQL. A single order's failure is logged; it is taken again later.
pub async fn recover(app: &SharedApp) -> Result<usize, Error> {
    let mut work = Work::new();
    let count = take(app, &mut work).await?;
    while let Some(done) = work.join_next().await {
        report(done);
    }
    Ok(count)
}

/// Takes as many orders as there is room for; how many they were.
async fn take(app: &SharedApp, work: &mut Work) -> Result<usize, Error> {
    let claimed = claims::claim(&app.database, MOST_AT_ONCE.saturating_sub(work.len())).await?;
    let count = claimed.len();
    for order in claimed {
        let app = app.clone();
        work.spawn(async move { finish(&app, order).await });
    }
    Ok(count)
}

fn report(done: Result<Result<(), Error>, JoinError>) {
    if let Err(error) = done.map_err(Error::internal).flatten() {
        tracing::error!(%error, "an order could not be recovered now");
    }
}

async fn finish(app: &SharedApp, claimed: Claimed) -> Result<(), Error> {
    match claimed {
        Claimed::Pending {
            pending,
            asked_provider: false,
            ..
        } => {
            saga::fail(app, &pending.order, Failure::Abandoned).await?;
        }
        Claimed::Pending { pending, undoing, .. } => {
            let decided = undoing.unwrap_or(Failure::Abandoned);
            match undo(app, &pending, decided).await? {
                Undone::Certain(failure) => {
                    saga::fail(app, &pending.order, failure).await?;
                }
                Undone::Doubtful(why) => {
                    tracing::warn!(order = %pending.order.order_id, why, "the provider still gives no certain answer");
                }
                Undone::LeaseLost => {}
            }
        }
        Claimed::Confirming(confirming) => {
            saga::capture(app, confirming, None).await?;
        }
        Claimed::Undoing(
            Confirming {
                order,
                provider,
                intent,
            },
            failure,
        ) => {
            saga::undo(app, &order, &provider, &intent, failure).await?;
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

/// What is known of a pending order's money.
enum Undone {
    /// Nothing is held and nothing will be; the order fails for this reason.
    Certain(Failure),
    /// Only asking again tells.
    Doubtful(String),
    /// Somebody else works on the order now.
    LeaseLost,
}

/// Makes sure that nothing is held for a pending order, and never will be. `decided` is why it fails unless its card was
/// declined.
///
/// The same authorisation is sent once more: its key either gives the first answer, or is spent by this one, so that a
/// request that is still on its way cannot hold money after we have looked. Only then the payment is undone. As long as
/// the provider takes no authorisation at all, a key that nothing was found for stays open, and the order in doubt.
async fn undo(app: &SharedApp, pending: &Pending, decided: Failure) -> Result<Undone, Error> {
    let order = &pending.order;
    if ledger::note_undoing(&app.database, order, &decided).await?.is_err() {
        return Ok(Undone::LeaseLost);
    }
    let held = match app.till.payments.authorise(&pending.authorisation()).await {
        Outcome::Done(held) => vec![held],
        Outcome::Declined(reason) => return Ok(Undone::Certain(Failure::PaymentDeclined(reason))),
        Outcome::Unknown(why) => return Ok(Undone::Doubtful(why)),
        // Nothing can be authorised now; was something before?
        nowhere @ (Outcome::Unavailable(_) | Outcome::Spent(_)) => {
            if ledger::renew(&app.database, order).await?.is_err() {
                return Ok(Undone::LeaseLost);
            }
            let order_id = order.order_id.to_string();
            match app.till.payments.find(&order_id, order.begun_at).await {
                // The key is free: a request that is on its way, or a worker that sleeps before it, may still use it.
                Outcome::Done(found) if found.is_empty() && !matches!(nowhere, Outcome::Spent(_)) => {
                    return Ok(Undone::Doubtful(format!("{nowhere:?}")));
                }
                Outcome::Done(found) => found
                    .into_iter()
                    .filter(|(_, intent)| intent.state != IntentState::Cancelled)
                    .map(|(held, _)| held)
                    .collect(),
                other => return Ok(Undone::Doubtful(format!("{other:?}"))),
            }
        }
    };
    for held in held {
        if ledger::renew(&app.database, order).await?.is_err() {
            return Ok(Undone::LeaseLost);
        }
        let order_id = order.order_id.to_string();
        match app.till.payments.undo(held.provider, &order_id, &held.intent).await {
            Outcome::Done(()) => {}
            other => return Ok(Undone::Doubtful(format!("{other:?}"))),
        }
    }
    Ok(Undone::Certain(decided))
}
