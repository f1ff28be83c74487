//! The audit log: who changed what, when, from what to what. An entry is written in the transaction
//! of its change, and is never changed or deleted.
//!
//! [`AuditEntry::write`] is the one door through which an entry is written. `list` reads, `http`
//! shows.

pub(crate) mod http;
mod list;

pub use list::{DEFAULT_AUDIT_LIMIT, MAX_AUDIT_LIMIT};

use serde_json::Value;
use sqlx::PgConnection;
use stanchion_shared::ids::EventId;

/// One change by an admin.
pub(crate) struct AuditEntry<'a> {
    /// The name that the admin gives. One token is shared by all admins, so this is not proof.
    pub(crate) admin: &'a str,
    /// A machine word such as `event.pause`.
    pub(crate) action: &'static str,
    /// The event that was changed.
    pub(crate) event: &'a EventId,
    /// What was changed, as it was; null if there is nothing to compare with.
    pub(crate) before: Value,
    /// What was changed, as it is now.
    pub(crate) after: Value,
}

impl AuditEntry<'_> {
    /// Writes the entry. `connection` is in the transaction that makes the change.
    pub(crate) async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("insert into audit_log (who, what, event_id, before, after) values ($1, $2, $3, $4, $5)")
            .bind(self.admin)
            .bind(self.action)
            .bind(self.event.as_str())
            .bind(&self.before)
            .bind(&self.after)
            .execute(connection)
            .await?;
        Ok(())
    }
}
