//! Launches an event: the seats are loaded into Redis, the edge is told of the event, and only then
//! it is on sale.
//!
//! Every step can be repeated, so a launch that stopped half-way is finished by launching again. An
//! event that is on sale is loaded and put to the edge once more, which changes nothing that fans
//! see.

use serde_json::json;
use sqlx::PgPool;
use stanchion_shared::{ids::EventId, wire::PutAccepted};

use super::AdminError;
use crate::{
    audit::AuditEntry,
    database::run_tx,
    events::{self, EventNotFound},
    inventory::Inventory,
    meter::Meter,
};

/// Launches `event`. Returns what the edge accepted.
///
/// # Errors
/// [`AdminError::EventNotFound`], directly or from the inventory; the edge, Redis, PostgreSQL.
pub(super) async fn launch(
    database: &PgPool,
    inventory: &Inventory,
    meter: &Meter,
    admin: &str,
    event: &EventId,
) -> Result<PutAccepted, AdminError> {
    inventory.load_event(database, event).await?;
    let accepted = meter.put_event(event).await?;
    run_tx(database, "admin.launch", |mut tx| {
        Box::pin(async move {
            // Locked, so that of two launches at once one finds the other's.
            let before = events::lock_state(&mut tx, event).await?.ok_or(EventNotFound)?;
            events::launch(&mut tx, event).await?;
            let entry = AuditEntry {
                admin,
                action: "event.launch",
                event,
                before: json!({"state": before}),
                after: json!({"state": "launched"}),
            };
            entry.write(&mut tx).await?;
            Ok::<_, AdminError>(())
        })
    })
    .await?;
    Ok(accepted)
}
