//! Why the inventory did not do what it was asked.

use super::types::SectionId;
use crate::{error::InternalError, events::EventNotFound};

/// Why an operation on seats was not done.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// The section's `loaded` mark is missing or of another Redis process: nothing that Redis says
    /// of it may be believed. The caller starts its rebuild:
    /// [`super::Inventory::start_rebuild_if_unloaded`].
    #[error("section {0} is not loaded")]
    Unloaded(SectionId),
    /// There is no such event.
    #[error(transparent)]
    EventNotFound(#[from] EventNotFound),
    /// The event has no such section.
    #[error("there is no such section")]
    SectionNotFound,
    /// The section could not be read a moment ago, and is not read again for every request.
    #[error("the section could not be read a moment ago")]
    NotReadable,
    /// Redis does not answer, or refuses.
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl InventoryError {
    /// The section that has to be rebuilt, if that is what is wrong.
    #[must_use]
    pub fn unloaded(&self) -> Option<&SectionId> {
        match self {
            InventoryError::Unloaded(section) => Some(section),
            _ => None,
        }
    }
}

/// `None` if the section is not loaded: then its rebuild reads from PostgreSQL what the operation
/// would have told it.
///
/// # Errors
/// Every other error.
pub fn unless_unloaded<T>(result: Result<T, InventoryError>) -> Result<Option<T>, InventoryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(InventoryError::Unloaded(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
