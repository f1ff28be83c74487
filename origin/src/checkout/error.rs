//! Why a checkout is refused or cannot go on.

use uuid::Uuid;

use super::failure::OrderFailure;
use crate::{database::Retryable, error::InternalError, inventory::InventoryError, orders::OrdersError};

/// Why a checkout is refused or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// The payment method is not `card`.
    #[error("the payment method is not supported")]
    PaymentMethodUnsupported,
    /// The payment token is a card number, which must never come here.
    #[error("a card number was sent instead of a token")]
    CardNumberRefused,
    /// The payment token is too long or has other characters.
    #[error("the payment token is malformed")]
    PaymentTokenInvalid,
    /// The request names a cart of another shopping session.
    #[error("the cart is of another shopping session")]
    CartOfOtherSession,
    /// The cart has no seats.
    #[error("the cart is empty")]
    CartEmpty,
    /// The fan would have more seats of the event than one person may have.
    #[error("one person can have at most {most} seats")]
    TooManySeats {
        /// Most seats per person.
        most: usize,
    },
    /// Another checkout of this cart is under way.
    #[error("the cart is being paid for")]
    CartBusy,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The order has ended without a sale.
    #[error("order {order_id} failed: {}", .failure.word())]
    OrderFailed {
        /// The order.
        order_id: Uuid,
        /// Why.
        failure: OrderFailure,
    },
    /// The seats cannot be read or changed.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The cart cannot be read or changed.
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    /// The order cannot be read.
    #[error(transparent)]
    Orders(#[from] OrdersError),
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}

impl Retryable for CheckoutError {
    fn is_retryable(&self) -> bool {
        matches!(self, CheckoutError::Database(error) if error.is_retryable())
    }
}
