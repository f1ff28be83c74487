//! Why an event was not read or written.

use crate::error::{InternalError, InvalidField};

/// No event has this id, or the caller may not see it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such event")]
pub struct EventNotFound;

/// Why an event was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// There is no such event.
    #[error(transparent)]
    NotFound(#[from] EventNotFound),
    /// The id of a new event is taken.
    #[error("there is an event with this id")]
    EventExists,
    /// A field is outside of its limits.
    #[error(transparent)]
    InvalidField(#[from] InvalidField),
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
