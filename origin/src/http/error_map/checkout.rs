//! Checkouts: refused requests, and orders that failed.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::{
    cart::CartError,
    checkout::{CheckoutError, failure::OrderFailure},
    http::ErrorResponse,
};

impl From<CheckoutError> for ErrorResponse {
    fn from(error: CheckoutError) -> ErrorResponse {
        let invalid = |word, message: &'static str| ErrorResponse::new(StatusCode::UNPROCESSABLE_ENTITY, word, message);
        match error {
            CheckoutError::PaymentMethodUnsupported => {
                invalid("payment_method_unsupported", "The payment method must be `card`.")
            }
            CheckoutError::CardNumberRefused => invalid(
                "card_number_refused",
                "Send the payment provider's token of the card, never its number.",
            ),
            CheckoutError::PaymentTokenInvalid => invalid(
                "payment_token_invalid",
                "The payment token must have 1 to 255 letters, digits and '_'.",
            ),
            CheckoutError::CartOfOtherSession => ErrorResponse::new(
                StatusCode::FORBIDDEN,
                "cart_of_other_session",
                "This is not the cart of your shopping session.",
            ),
            CheckoutError::CartEmpty => invalid("cart_empty", "There is nothing in your cart."),
            CheckoutError::TooManySeats { most } => CartError::TooManySeats { most }.into(),
            CheckoutError::CartBusy => CartError::CheckoutInProgress.into(),
            CheckoutError::KeyReused => invalid(
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request: take a new one.",
            ),
            CheckoutError::OrderFailed { order_id, failure } => order_failed(order_id, failure),
            CheckoutError::Inventory(error) => error.into(),
            CheckoutError::Redis(error) => error.into(),
            CheckoutError::Orders(error) => error.into(),
            CheckoutError::Database(error) => error.into(),
            CheckoutError::Internal(error) => error.into(),
        }
    }
}

/// The same for the first answer to an idempotency key and for every repetition.
fn order_failed(order_id: Uuid, failure: OrderFailure) -> ErrorResponse {
    let word = failure.word();
    let error = match failure {
        OrderFailure::LockExpired(seats) => ErrorResponse::conflict(
            word,
            "Some seats are not held for you any more: choose again. Nothing was charged.",
        )
        .with("lost_seats", seats),
        OrderFailure::Refused(reason) => ErrorResponse::new(
            StatusCode::FORBIDDEN,
            word,
            "This order was refused. Nothing was charged.",
        )
        .with("reason", reason),
        OrderFailure::PaymentDeclined(reason) => ErrorResponse::new(
            StatusCode::PAYMENT_REQUIRED,
            word,
            "The payment was declined. Your seats are still held: try another card.",
        )
        .with("reason", reason),
        OrderFailure::SeatsUnavailable => ErrorResponse::conflict(
            word,
            "Some of these seats were sold to somebody else. Nothing was charged.",
        ),
        OrderFailure::CaptureFailed(reason) => ErrorResponse::new(
            StatusCode::PAYMENT_REQUIRED,
            word,
            "The payment could not be completed. Nothing was charged, and the seats are free again.",
        )
        .with("reason", reason),
        OrderFailure::PaymentUnavailable => ErrorResponse::unavailable(
            word,
            "Payments cannot be made now. Nothing was charged: try again in a moment.",
        ),
        OrderFailure::InventoryUnavailable => ErrorResponse::unavailable(
            word,
            "Seats cannot be judged now. Nothing was charged: try again in a moment.",
        ),
        OrderFailure::Abandoned => ErrorResponse::conflict(
            word,
            "The payment was interrupted and undone. Nothing was charged: try again.",
        ),
    };
    error.with("order_id", order_id.to_string())
}
