//! Seats.

use crate::{http::ErrorResponse, inventory::InventoryError};

impl From<InventoryError> for ErrorResponse {
    fn from(error: InventoryError) -> ErrorResponse {
        match error {
            InventoryError::Unloaded(_) => ErrorResponse::unavailable(
                "inventory_loading",
                "The seats of this section are being loaded: try again in a moment.",
            ),
            InventoryError::EventNotFound(error) => error.into(),
            InventoryError::SectionNotFound => {
                ErrorResponse::not_found("section_not_found", "This event has no such section.")
            }
            InventoryError::NotReadable => ErrorResponse::unavailable(
                "inventory_unavailable",
                "Seats cannot be read now: try again in a moment.",
            ),
            InventoryError::Redis(error) => error.into(),
            InventoryError::Database(error) => error.into(),
            InventoryError::Internal(error) => error.into(),
        }
    }
}
