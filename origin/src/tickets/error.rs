//! Why a seat ticket cannot be shown.

use crate::error::InternalError;

/// Why a seat ticket cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// There is no such active ticket, or the caller does not own it.
    #[error("there is no such ticket")]
    NotFound,
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
