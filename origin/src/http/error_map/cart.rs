//! Carts.

use std::borrow::Cow;

use axum::http::StatusCode;

use crate::{cart::CartError, http::ErrorResponse};

impl From<CartError> for ErrorResponse {
    fn from(error: CartError) -> ErrorResponse {
        match error {
            CartError::SeatsMissing => unprocessable("seats_missing", "Name at least one seat."),
            CartError::DuplicateSeat { seat } => unprocessable(
                "duplicate_seat",
                format!("Each seat can be named once only; this one is not: {seat}."),
            ),
            CartError::UnknownSeat { seat } => unprocessable("unknown_seat", format!("This event has no seat {seat}.")),
            CartError::SeveralSections => {
                unprocessable("several_sections", "The seats of one request must be of one section.")
            }
            CartError::TooManySeats { most } => unprocessable(
                "too_many_seats",
                format!("One person can have at most {most} seats of this event."),
            )
            .with("most", most),
            CartError::SeatsUnavailable { seats } => {
                ErrorResponse::conflict("seats_unavailable", "Some of these seats are taken; none was locked.")
                    .with("unavailable_seats", seats)
            }
            CartError::SessionOver => ErrorResponse::new(
                StatusCode::UNAUTHORIZED,
                "shop_token_expired",
                "Your time in the shop is over: join the queue again.",
            ),
            CartError::CheckoutInProgress => ErrorResponse::conflict(
                "checkout_in_progress",
                "These seats are being paid for: wait for the answer.",
            ),
            CartError::Inventory(error) => error.into(),
            CartError::Redis(error) => error.into(),
            CartError::Internal(error) => error.into(),
        }
    }
}

fn unprocessable(word: &'static str, message: impl Into<Cow<'static, str>>) -> ErrorResponse {
    ErrorResponse::new(StatusCode::UNPROCESSABLE_ENTITY, word, message)
}
