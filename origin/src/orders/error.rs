//! Why an order cannot be shown.

use crate::error::InternalError;

/// Why an order cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum OrdersError {
    /// The account has no such order.
    #[error("the account has no such order")]
    NotFound,
    /// The idempotency key in the query is empty, too long, or has invisible characters.
    #[error("the idempotency key is malformed")]
    MalformedKey,
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
