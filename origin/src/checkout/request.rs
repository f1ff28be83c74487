//! What a checkout request must be before anything is begun.

use axum::http::StatusCode;
use sha2::{Digest, Sha256};
use stanchion_shared::{identity::EventId, wire::CheckoutRequest};

use crate::http::Error;

/// Longest token of a card, in characters.
pub(super) const MAX_TOKEN_LENGTH: usize = 255;
/// So many digits and nothing else are a card number, which must never come here.
const CARD_NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// # Errors
/// 422 `payment_method_unsupported`, `payment_token_invalid`, `card_number_refused`.
pub(super) fn check(request: &CheckoutRequest) -> Result<(), Error> {
    let refused = |word, message: &'static str| Err(Error::new(StatusCode::UNPROCESSABLE_ENTITY, word, message));
    if request.payment.method != "card" {
        return refused("payment_method_unsupported", "The payment method must be `card`.");
    }
    let token = &request.payment.token;
    let bare: String = token.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if CARD_NUMBER_DIGITS.contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit()) {
        return refused(
            "card_number_refused",
            "Send the payment provider's token of the card, never its number.",
        );
    }
    let fits = (1..=MAX_TOKEN_LENGTH).contains(&token.len());
    if !fits || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return refused(
            "payment_token_invalid",
            "The payment token must have 1 to 255 letters, digits and '_'.",
        );
    }
    Ok(())
}

/// What an idempotency key stands for: the same key with another request is refused.
pub(super) fn hash(event_id: &EventId, request: &CheckoutRequest) -> [u8; 32] {
    // None of the parts can hold a line feed: two requests never look the same.
    let CheckoutRequest { cart_id, payment } = request;
    Sha256::digest(format!("{event_id}\n{cart_id}\n{}\n{}", payment.method, payment.token)).into()
}

#[cfg(test)]
mod tests {
    use stanchion_shared::wire::PaymentChoice;

    use super::*;

    fn word(method: &str, token: &str) -> Option<&'static str> {
        let payment = PaymentChoice {
            method: method.to_owned(),
            token: token.to_owned(),
        };
        check(&CheckoutRequest {
            cart_id: "c".to_owned(),
            payment,
        })
        .err()
        .map(|error| error.word())
    }

    #[test]
    fn a_token_is_taken_and_a_card_number_is_not() {
        assert_eq!(word("card", "pm_card_visa"), None);
        assert_eq!(word("card", &"a".repeat(MAX_TOKEN_LENGTH)), None);
        assert_eq!(
            word("card", &"a".repeat(MAX_TOKEN_LENGTH + 1)),
            Some("payment_token_invalid")
        );
        for number in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242",
            &"4".repeat(19),
        ] {
            assert_eq!(word("card", number), Some("card_number_refused"), "{number}");
        }
        for token in ["", "pm card", "pm\n", "é"] {
            assert_eq!(word("card", token), Some("payment_token_invalid"), "{token}");
        }
        assert_eq!(word("cash", "pm_card_visa"), Some("payment_method_unsupported"));
    }
}
