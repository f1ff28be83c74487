//! Events.

use crate::{
    events::{EventNotFound, EventsError},
    http::ErrorResponse,
};

impl From<EventNotFound> for ErrorResponse {
    fn from(EventNotFound: EventNotFound) -> ErrorResponse {
        ErrorResponse::not_found("event_not_found", "There is no such event.")
    }
}

impl From<EventsError> for ErrorResponse {
    fn from(error: EventsError) -> ErrorResponse {
        match error {
            EventsError::NotFound(error) => error.into(),
            EventsError::EventExists => ErrorResponse::conflict("event_exists", "There is an event with this id."),
            EventsError::InvalidField(error) => error.into(),
            EventsError::Database(error) => error.into(),
            EventsError::Internal(error) => error.into(),
        }
    }
}
