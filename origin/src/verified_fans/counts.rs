//! The number of fans of an event in each state, for admins.

use serde::Serialize;
use sqlx::PgExecutor;
use stanchion_shared::ids::EventId;

/// The number of fans in each state.
#[derive(Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct FanCounts {
    /// Registered fans, who wait for a selection.
    registered: i64,
    /// Invitations whose code has not been redeemed.
    invited: i64,
    /// Verified fans, who get a fan pass.
    verified: i64,
    /// Revoked accounts.
    revoked: i64,
}

/// Counts the fans of an event; `None` if the event has no programme for verified fans.
///
/// # Errors
/// PostgreSQL.
pub async fn counts(database: impl PgExecutor<'_>, event: &EventId) -> Result<Option<FanCounts>, sqlx::Error> {
    sqlx::query_as(include_str!("sql/counts.sql"))
        .bind(event.as_str())
        .fetch_optional(database)
        .await
}
