//! Why an order failed. PostgreSQL keeps a word and a detail, so every repeated answer is the same
//! as the first.
//!
//! `http/error_map/checkout.rs` has the status and the sentence of each failure.

/// Why an order failed. PostgreSQL keeps its [`word`](Self::word) and its [`detail`](Self::detail).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderFailure {
    /// The locks of these seats had ended, or another cart held them.
    LockExpired(Vec<String>),
    /// The rules of `fraud` refused the order. Has the word of the rule.
    Refused(String),
    /// The card was declined. Has the provider's reason.
    PaymentDeclined(String),
    /// Another order has a live ticket for one of the seats: the unique index refused.
    SeatsUnavailable,
    /// The money was held but could not be charged. Has the provider's reason.
    CaptureFailed(String),
    /// No provider can be reached, and certainly nothing is held.
    PaymentUnavailable,
    /// The locks could not be checked: Redis does not answer, or the section is being loaded.
    InventoryUnavailable,
    /// Recovery found the order with an unfinished payment and undid it.
    Abandoned,
}

impl OrderFailure {
    /// The machine word, for answers and PostgreSQL.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            OrderFailure::LockExpired(_) => "lock_expired",
            OrderFailure::Refused(_) => "order_refused",
            OrderFailure::PaymentDeclined(_) => "payment_declined",
            OrderFailure::SeatsUnavailable => "seats_unavailable",
            OrderFailure::CaptureFailed(_) => "payment_failed",
            OrderFailure::PaymentUnavailable => "payment_unavailable",
            OrderFailure::InventoryUnavailable => "inventory_unavailable",
            OrderFailure::Abandoned => "checkout_abandoned",
        }
    }

    /// The seats or the reason that belong to the word.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            OrderFailure::LockExpired(seats) => Some(seats.join(" ")),
            OrderFailure::Refused(reason)
            | OrderFailure::PaymentDeclined(reason)
            | OrderFailure::CaptureFailed(reason) => Some(reason.clone()),
            _ => None,
        }
    }

    /// The failure that PostgreSQL keeps as `word` and `detail`.
    #[must_use]
    pub fn read(word: &str, detail: Option<&str>) -> OrderFailure {
        let detail = || detail.unwrap_or_default().to_owned();
        match word {
            "lock_expired" => OrderFailure::LockExpired(detail().split_whitespace().map(str::to_owned).collect()),
            "order_refused" => OrderFailure::Refused(detail()),
            "payment_declined" => OrderFailure::PaymentDeclined(detail()),
            "seats_unavailable" => OrderFailure::SeatsUnavailable,
            "payment_failed" => OrderFailure::CaptureFailed(detail()),
            "payment_unavailable" => OrderFailure::PaymentUnavailable,
            "inventory_unavailable" => OrderFailure::InventoryUnavailable,
            _ => OrderFailure::Abandoned,
        }
    }

    /// Whether the fan's idempotency key may be used again. It may if nothing was decided about the
    /// order itself.
    #[must_use]
    pub fn frees_key(&self) -> bool {
        matches!(
            self,
            OrderFailure::PaymentUnavailable | OrderFailure::InventoryUnavailable
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_failure_says_the_same_again() {
        let word = || "word".to_owned();
        for failure in [
            OrderFailure::LockExpired(vec!["A-1-1".to_owned(), "A-1-2".to_owned()]),
            OrderFailure::Refused(word()),
            OrderFailure::PaymentDeclined(word()),
            OrderFailure::SeatsUnavailable,
            OrderFailure::CaptureFailed(word()),
            OrderFailure::PaymentUnavailable,
            OrderFailure::InventoryUnavailable,
            OrderFailure::Abandoned,
        ] {
            assert_eq!(OrderFailure::read(failure.word(), failure.detail().as_deref()), failure);
        }
    }
}
