//! A change by an admin: one transaction that holds the event's programme, so that changes go one after the other.

use serde_json::Value;
use sqlx::PgConnection;
use stanchion_shared::identity::EventId;

use super::programme::Programme;
use crate::{
    admin::Change,
    database::{Tx, TxFuture, run_tx},
    http::{Admin, Error},
    state::App,
};

/// Runs `work` with the event's programme; see [`run_tx`] for what that means.
///
/// # Errors
/// 404 `event_not_found`; 409 `no_verified_fans`, `drawing`; what `work` returns.
pub(super) async fn change<'env, T, F>(
    app: &App,
    name: &'static str,
    event: &'env EventId,
    work: &'env F,
) -> Result<T, Error>
where
    T: Send,
    F: for<'tx> Fn(Tx<'tx, 'env>, Programme) -> TxFuture<'tx, T, Error> + Sync,
{
    run_tx(&app.database, name, |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked(&mut tx, event).await?;
            work(tx, programme).await
        })
    })
    .await
}

/// Writes into the audit log what an admin changed.
pub(super) async fn note(
    connection: &mut PgConnection,
    admin: &Admin,
    what: &'static str,
    event: &EventId,
    after: Value,
) -> Result<(), Error> {
    let change = Change {
        who: admin,
        what,
        event,
        before: Value::Null,
        after,
    };
    Ok(change.write(connection).await?)
}
