//! How many fans of an event are in which state, for admins.

use serde::Serialize;
use sqlx::PgExecutor;
use stanchion_shared::identity::EventId;

/// How many fans there are in which state.
#[derive(Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Counts {
    /// Waiting for a draw.
    registered: i64,
    /// Invited, the code not redeemed.
    invited: i64,
    /// They get a pass.
    verified: i64,
    /// Accounts that were taken off.
    revoked: i64,
}

/// How many verified fans and would-be ones an event has; none where it has no verified fans.
///
/// # Errors
/// PostgreSQL.
pub async fn counts(database: impl PgExecutor<'_>, event: &EventId) -> Result<Option<Counts>, sqlx::Error> {
    sqlx::query_as(include_str!("sql/counts.sql"))
        .bind(event.as_str())
        .fetch_optional(database)
        .await
}
