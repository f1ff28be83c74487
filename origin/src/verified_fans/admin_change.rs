//! An admin's change: one transaction that holds the lock of the event's programme, so that changes
//! go one after the other.

use sqlx::PgPool;
use stanchion_shared::ids::EventId;

use super::{VerifiedFansError, programme::Programme};
use crate::database::{Tx, TxFuture, run_tx};

/// Runs `work` in a transaction with the event's locked programme; see [`run_tx`] for how often
/// `work` may run.
///
/// # Errors
/// [`VerifiedFansError::EventNotFound`], [`VerifiedFansError::NotOffered`],
/// [`VerifiedFansError::SelectionUnderWay`]; what `work` returns.
pub(super) async fn change<'env, T, F>(
    database: &PgPool,
    name: &'static str,
    event: &'env EventId,
    work: &'env F,
) -> Result<T, VerifiedFansError>
where
    T: Send,
    F: for<'tx> Fn(Tx<'tx, 'env>, Programme) -> TxFuture<'tx, T, VerifiedFansError> + Sync,
{
    run_tx(database, name, |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked(&mut tx, event).await?;
            work(tx, programme).await
        })
    })
    .await
}
