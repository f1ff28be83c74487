//! The rules of an event that a sale needs. They never change.

use sqlx::{FromRow, PgPool};
use stanchion_shared::ids::EventId;

/// The rules of an event that a sale needs.
#[derive(FromRow)]
pub(crate) struct SaleRules {
    /// ISO 4217.
    pub(crate) currency: String,
    /// Most seat tickets of one account.
    pub(crate) per_person: i32,
    /// How long a seat is held in a cart, in milliseconds.
    pub(crate) lock_ms: i64,
}

impl SaleRules {
    /// `None`: there is no such event.
    pub(crate) async fn read(database: &PgPool, event: &EventId) -> Result<Option<SaleRules>, sqlx::Error> {
        sqlx::query_as("select currency, per_person, lock_ms from events where event_id = $1")
            .bind(event.as_str())
            .fetch_optional(database)
            .await
    }
}
