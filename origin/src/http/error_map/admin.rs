//! The admin API, and what lies between the origin and the edge.

use crate::{admin::AdminError, edge::EdgeError, events::EventNotFound, http::ErrorResponse, meter::MeterError};

impl From<AdminError> for ErrorResponse {
    fn from(error: AdminError) -> ErrorResponse {
        match error {
            AdminError::InvalidField(error) => error.into(),
            AdminError::EventNotFound(error) => error.into(),
            AdminError::EventNotLaunched => {
                ErrorResponse::conflict("event_not_launched", "This event has not been launched yet.")
            }
            AdminError::PolicyFixed(sentence) => ErrorResponse::conflict("fixed", sentence),
            AdminError::Events(error) => error.into(),
            AdminError::Meter(error) => error.into(),
            AdminError::Inventory(error) => error.into(),
            AdminError::Database(error) => error.into(),
            AdminError::Internal(error) => error.into(),
        }
    }
}

impl From<EdgeError> for ErrorResponse {
    fn from(error: EdgeError) -> ErrorResponse {
        match error {
            EdgeError::Refused { ref body, .. } => {
                ErrorResponse::conflict("edge_refused", format!("The edge refuses: {}", body.message))
                    .with("edge_error", body.error.clone())
            }
            error => {
                tracing::warn!(%error, "an admin's request did not reach the edge");
                ErrorResponse::unavailable(
                    "edge_unreachable",
                    "The edge does not answer; repeat this when it does.",
                )
            }
        }
    }
}

impl From<MeterError> for ErrorResponse {
    fn from(error: MeterError) -> ErrorResponse {
        match error {
            MeterError::Edge(error) => error.into(),
            MeterError::Inventory(error) => error.into(),
            MeterError::Redis(error) => error.into(),
            MeterError::Database(error) => error.into(),
            MeterError::EventGone => EventNotFound.into(),
        }
    }
}
