//! Orders.

use axum::http::StatusCode;

use crate::{http::ErrorResponse, orders::OrdersError};

impl From<OrdersError> for ErrorResponse {
    fn from(error: OrdersError) -> ErrorResponse {
        match error {
            OrdersError::NotFound => ErrorResponse::not_found("order_not_found", "You have no such order."),
            OrdersError::MalformedKey => ErrorResponse::new(
                StatusCode::BAD_REQUEST,
                "malformed_query",
                "An idempotency key has 1 to 255 visible characters.",
            ),
            OrdersError::Database(error) => error.into(),
            OrdersError::Internal(error) => error.into(),
        }
    }
}
