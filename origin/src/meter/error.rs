//! Why the edge was not told anything.

use crate::{edge::EdgeError, inventory::InventoryError};

/// Why the edge was not told anything this second.
#[derive(Debug, thiserror::Error)]
pub enum MeterError {
    /// The edge does not answer, or refuses.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// The seats cannot be counted.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The shopping sessions cannot be counted.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The event's settings cannot be read or written.
    #[error("PostgreSQL: {0}")]
    Database(#[from] sqlx::Error),
    /// The event has no on-sale.
    #[error("the event is gone")]
    EventGone,
}
