//! Why an admin's request was not done.

use crate::{
    database::Retryable,
    error::{InternalError, InvalidField},
    events::{EventNotFound, EventsError},
    inventory::InventoryError,
    meter::MeterError,
};

/// Why an admin's request was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// A field is outside of its limits.
    #[error(transparent)]
    InvalidField(#[from] InvalidField),
    /// There is no such event.
    #[error(transparent)]
    EventNotFound(#[from] EventNotFound),
    /// The event is a draft: whatever an admin does to it besides launching it would be lost.
    #[error("the event has not been launched yet")]
    EventNotLaunched,
    /// The policy changes something that is fixed once an event is launched. The sentence says
    /// what.
    #[error("{0}")]
    PolicyFixed(String),
    /// The event was not read or written.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// The edge was not told of the event.
    #[error(transparent)]
    Meter(#[from] MeterError),
    /// The seats were not loaded.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl Retryable for AdminError {
    fn is_retryable(&self) -> bool {
        match self {
            AdminError::Database(error) | AdminError::Events(EventsError::Database(error)) => error.is_retryable(),
            _ => false,
        }
    }
}
