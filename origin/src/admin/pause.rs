//! Pauses and resumes an event. A pause stops admission: places are kept, and a fan whose turn has
//! come goes on.

use serde_json::json;
use sqlx::{PgConnection, PgPool};
use stanchion_shared::{ids::EventId, schedule::Rate, timestamp::UnixMillis};

use super::AdminError;
use crate::{
    audit::AuditEntry,
    database::run_tx,
    edge::EdgeClient,
    events::{self, EventNotFound, OnSale},
};

/// Pauses `event`. Returns when the pause takes effect at every edge; `None` if the edge was not
/// reached, which the meter tries again every second.
///
/// # Errors
/// [`AdminError::EventNotFound`], [`AdminError::EventNotLaunched`], or the database.
pub(super) async fn pause(
    database: &PgPool,
    edge: &EdgeClient,
    admin: &str,
    event: &EventId,
) -> Result<Option<UnixMillis>, AdminError> {
    let row = set_paused(database, admin, event, true).await?;
    // A pause does not wait for the meter. It is safe without it: the version was taken together
    // with the change.
    let put = row.put_release(Rate::ZERO, row.sold_out);
    match edge.put_release(event, &put).await {
        Ok(accepted) => Ok(Some(accepted.effective_at)),
        Err(error) => {
            tracing::warn!(%event, %error, "the edge was not told of a pause; the meter goes on trying");
            Ok(None)
        }
    }
}

/// Resumes `event`. The meter decides the rate within a second.
///
/// # Errors
/// As [`pause`].
pub(super) async fn resume(database: &PgPool, admin: &str, event: &EventId) -> Result<(), AdminError> {
    set_paused(database, admin, event, false).await.map(drop)
}

async fn set_paused(database: &PgPool, admin: &str, event: &EventId, paused: bool) -> Result<OnSale, AdminError> {
    run_tx(database, "admin.switch", |mut tx| {
        Box::pin(async move {
            check_launched(&mut tx, event).await?;
            let before = OnSale::read_locked(&mut *tx, event).await?.ok_or(EventNotFound)?.paused;
            let row = OnSale::set_paused(&mut *tx, event, paused)
                .await?
                .ok_or(EventNotFound)?;
            let entry = AuditEntry {
                admin,
                action: if paused { "event.pause" } else { "event.resume" },
                event,
                before: json!({"paused": before}),
                after: json!({"paused": paused}),
            };
            entry.write(&mut tx).await?;
            Ok::<_, AdminError>(row)
        })
    })
    .await
}

async fn check_launched(connection: &mut PgConnection, event: &EventId) -> Result<(), AdminError> {
    match events::is_launched(connection, event).await? {
        None => Err(EventNotFound.into()),
        Some(true) => Ok(()),
        Some(false) => Err(AdminError::EventNotLaunched),
    }
}
