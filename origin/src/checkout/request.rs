//! Checks a checkout request before anything begins.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};
use stanchion_shared::{ids::EventId, wire::CheckoutRequest};

use super::CheckoutError;

/// Longest payment token, in characters.
pub(super) const MAX_TOKEN_LENGTH: usize = 255;
/// A token of so many digits and nothing else is a card number, which must never come here.
const CARD_NUMBER_DIGITS: RangeInclusive<usize> = 12..=19;

/// Checks the payment method and the payment token.
///
/// # Errors
/// [`CheckoutError::PaymentMethodUnsupported`], [`CheckoutError::CardNumberRefused`],
/// [`CheckoutError::PaymentTokenInvalid`].
pub(super) fn check(request: &CheckoutRequest) -> Result<(), CheckoutError> {
    if request.payment.method != "card" {
        return Err(CheckoutError::PaymentMethodUnsupported);
    }
    let token = &request.payment.token;
    let bare: String = token.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    if CARD_NUMBER_DIGITS.contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CheckoutError::CardNumberRefused);
    }
    let fits = (1..=MAX_TOKEN_LENGTH).contains(&token.len());
    if !fits || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(CheckoutError::PaymentTokenInvalid);
    }
    Ok(())
}

/// Digest of the request that an idempotency key stands for. The same key with another digest is
/// refused.
pub(super) fn hash(event_id: &EventId, request: &CheckoutRequest) -> [u8; 32] {
    // None of the parts can have a line feed, so two different requests never have the same text.
    let CheckoutRequest { cart_id, payment } = request;
    Sha256::digest(format!("{event_id}\n{cart_id}\n{}\n{}", payment.method, payment.token)).into()
}

#[cfg(test)]
mod tests {
    use stanchion_shared::wire::PaymentChoice;

    use super::*;

    fn refusal(method: &str, token: &str) -> Option<CheckoutError> {
        let payment = PaymentChoice {
            method: method.to_owned(),
            token: token.to_owned(),
        };
        check(&CheckoutRequest {
            cart_id: "c".to_owned(),
            payment,
        })
        .err()
    }

    #[test]
    fn a_token_is_taken_and_a_card_number_is_not() {
        use CheckoutError::{CardNumberRefused, PaymentMethodUnsupported, PaymentTokenInvalid};
        assert!(refusal("card", "pm_card_visa").is_none());
        assert!(refusal("card", &"a".repeat(MAX_TOKEN_LENGTH)).is_none());
        let too_long = "a".repeat(MAX_TOKEN_LENGTH + 1);
        assert!(matches!(refusal("card", &too_long), Some(PaymentTokenInvalid)));
        for number in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242",
            &"4".repeat(19),
        ] {
            assert!(matches!(refusal("card", number), Some(CardNumberRefused)), "{number}");
        }
        for token in ["", "pm card", "pm\n", "é"] {
            assert!(matches!(refusal("card", token), Some(PaymentTokenInvalid)), "{token}");
        }
        assert!(matches!(
            refusal("cash", "pm_card_visa"),
            Some(PaymentMethodUnsupported)
        ));
    }
}
