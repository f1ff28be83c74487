//! Seat tickets.

use crate::{http::ErrorResponse, tickets::TicketError};

impl From<TicketError> for ErrorResponse {
    fn from(error: TicketError) -> ErrorResponse {
        match error {
            TicketError::NotFound => ErrorResponse::not_found("ticket_not_found", "There is no such ticket."),
            TicketError::Database(error) => error.into(),
            TicketError::Internal(error) => error.into(),
        }
    }
}
