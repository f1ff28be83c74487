//! Why an order failed, and what the fan is told: one table, so that the first answer and every repetition are the same.

use axum::http::StatusCode;

use crate::http::Error;

/// A reason; `word` and `detail` are what PostgreSQL keeps of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Locks were over or somebody else's; these seats.
    LockExpired(Vec<String>),
    /// The rules of `fraud` object.
    Refused(String),
    /// The card was declined, with the provider's reason.
    PaymentDeclined(String),
    /// The unique index knows a live ticket for one of the seats.
    SeatsUnavailable,
    /// The money was held but could not be charged.
    CaptureFailed(String),
    /// No provider can be reached; certainly nothing is held.
    PaymentUnavailable,
    /// The seats could not be judged: Redis does not answer, or is being loaded.
    InventoryUnavailable,
    /// Recovery found an order whose payment was never finished, and undid it.
    Abandoned,
}

impl Failure {
    /// Machine word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Failure::LockExpired(_) => "lock_expired",
            Failure::Refused(_) => "order_refused",
            Failure::PaymentDeclined(_) => "payment_declined",
            Failure::SeatsUnavailable => "seats_unavailable",
            Failure::CaptureFailed(_) => "payment_failed",
            Failure::PaymentUnavailable => "payment_unavailable",
            Failure::InventoryUnavailable => "inventory_unavailable",
            Failure::Abandoned => "checkout_abandoned",
        }
    }

    /// What belongs to the word.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Failure::LockExpired(seats) => Some(seats.join(" ")),
            Failure::Refused(reason) | Failure::PaymentDeclined(reason) | Failure::CaptureFailed(reason) => {
                Some(reason.clone())
            }
            _ => None,
        }
    }

    /// From what PostgreSQL keeps.
    #[must_use]
    pub fn read(word: &str, detail: Option<&str>) -> Failure {
        let detail = || detail.unwrap_or_default().to_owned();
        match word {
            "lock_expired" => Failure::LockExpired(detail().split_whitespace().map(str::to_owned).collect()),
            "order_refused" => Failure::Refused(detail()),
            "payment_declined" => Failure::PaymentDeclined(detail()),
            "seats_unavailable" => Failure::SeatsUnavailable,
            "payment_failed" => Failure::CaptureFailed(detail()),
            "payment_unavailable" => Failure::PaymentUnavailable,
            "inventory_unavailable" => Failure::InventoryUnavailable,
            _ => Failure::Abandoned,
        }
    }

    /// Whether the fan's Idempotency-Key may be used again: nothing was decided about the order, the moment was bad.
    #[must_use]
    pub fn releases_key(&self) -> bool {
        matches!(self, Failure::PaymentUnavailable | Failure::InventoryUnavailable)
    }

    /// The answer.
    #[must_use]
    pub fn error(&self, order_id: uuid::Uuid) -> Error {
        let payment = StatusCode::PAYMENT_REQUIRED;
        let error = match self {
            Failure::LockExpired(seats) => {
                let message = "Some seats are not held for you any more: choose again. Nothing was charged.";
                Error::conflict(self.word(), message).with("lost_seats", seats.clone())
            }
            Failure::Refused(reason) => {
                let message = "This order was refused. Nothing was charged.";
                Error::new(StatusCode::FORBIDDEN, self.word(), message).with("reason", reason.clone())
            }
            Failure::PaymentDeclined(reason) => {
                let message = "The payment was declined. Your seats are still held: try another card.";
                Error::new(payment, self.word(), message).with("reason", reason.clone())
            }
            Failure::SeatsUnavailable => Error::conflict(
                self.word(),
                "Some of these seats were sold to somebody else. Nothing was charged.",
            ),
            Failure::CaptureFailed(reason) => {
                let message = "The payment could not be completed. Nothing was charged, and the seats are free again.";
                Error::new(payment, self.word(), message).with("reason", reason.clone())
            }
            Failure::PaymentUnavailable => Error::unavailable(
                self.word(),
                "Payments cannot be made now. Nothing was charged: try again in a moment.",
            ),
            Failure::InventoryUnavailable => Error::unavailable(
                self.word(),
                "Seats cannot be judged now. Nothing was charged: try again in a moment.",
            ),
            Failure::Abandoned => {
                let message = "The payment was interrupted and undone. Nothing was charged: try again.";
                Error::conflict(self.word(), message)
            }
        };
        error.with("order_id", order_id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_failure_says_the_same_again() {
        let word = || "word".to_owned();
        for failure in [
            Failure::LockExpired(vec!["A-1-1".to_owned(), "A-1-2".to_owned()]),
            Failure::Refused(word()),
            Failure::PaymentDeclined(word()),
            Failure::SeatsUnavailable,
            Failure::CaptureFailed(word()),
            Failure::PaymentUnavailable,
            Failure::InventoryUnavailable,
            Failure::Abandoned,
        ] {
            assert_eq!(Failure::read(failure.word(), failure.detail().as_deref()), failure);
        }
    }
}
