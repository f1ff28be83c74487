//! The entry in the audit log of a change to verified fans.

use serde_json::Value;
use sqlx::PgConnection;
use stanchion_shared::ids::EventId;

use super::VerifiedFansError;
use crate::audit::AuditEntry;

/// Writes a change to the audit log, in the transaction that makes it. `admin` is the name that the
/// admin gives, `action` the word of the change; `before` is null if there is nothing to compare.
pub(super) async fn write_audit(
    connection: &mut PgConnection,
    admin: &str,
    action: &'static str,
    event: &EventId,
    (before, after): (Value, Value),
) -> Result<(), VerifiedFansError> {
    let entry = AuditEntry {
        admin,
        action,
        event,
        before,
        after,
    };
    Ok(entry.write(connection).await?)
}
