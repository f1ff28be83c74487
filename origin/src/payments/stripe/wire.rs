//! Reads Stripe's answers: which of them are certain, and which leave open whether something was
//! charged.
//!
//! Source: docs.stripe.com/error-low-level and /api/idempotent_requests. Once the execution of a
//! request with an idempotency key has begun, Stripe stores its first answer and repeats it, also a
//! 500. A refusal before the execution is not stored: a 429, or a 409 for a concurrent request with
//! the same key.

use reqwest::StatusCode;
use serde::Deserialize;

use super::super::provider::{IntentState, PaymentIntent};

/// The answer to one POST.
#[derive(Debug)]
pub(super) enum StripeReply {
    /// 2xx.
    Done(WireIntent),
    /// The provider refused for good. `intent` is the payment that the refusal is about, if the
    /// answer has it.
    Refused {
        word: String,
        intent: Option<PaymentIntent>,
    },
    /// Not executed: never sent, or refused before the execution. The key is still free.
    NotExecuted(String),
    /// The provider itself failed and says so. The execution has ended, and the key gives this
    /// answer from now on.
    Fault(String),
    /// No answer, or one that leaves open whether the request is being executed.
    Lost(String),
}

/// The parts of a PaymentIntent that are read here.
#[derive(Debug, Deserialize)]
pub(super) struct WireIntent {
    pub(super) id: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) metadata: WireMetadata,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireMetadata {
    pub(super) order_id: Option<String>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct WirePage {
    pub(super) data: Vec<WireIntent>,
    #[serde(default)]
    pub(super) has_more: bool,
}

#[derive(Debug, Deserialize)]
struct WireFailure {
    error: WireError,
}

#[derive(Debug, Deserialize)]
struct WireError {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    decline_code: Option<String>,
    payment_intent: Option<WireIntent>,
}

impl WireIntent {
    pub(super) fn intent(&self) -> PaymentIntent {
        let state = match self.status.as_str() {
            "requires_capture" => IntentState::Authorised,
            "succeeded" => IntentState::Captured,
            "canceled" => IntentState::Cancelled,
            "processing" => IntentState::Processing,
            "requires_action" => IntentState::AwaitsHolder,
            // requires_payment_method, requires_confirmation: nothing happens without another call
            // from here.
            _ => IntentState::Idle,
        };
        PaymentIntent {
            id: self.id.clone(),
            state,
        }
    }
}

/// Reads an answer that is not 2xx.
pub(super) fn read_failure(status: StatusCode, body: &[u8]) -> StripeReply {
    let error = serde_json::from_slice::<WireFailure>(body)
        .ok()
        .map(|failure| failure.error);
    let (word, intent) = match error {
        Some(error) => (error.decline_code.or(error.code).or(error.kind), error.payment_intent),
        None => (None, None),
    };
    let word = word.unwrap_or_else(|| status.as_u16().to_string());
    match status.as_u16() {
        // An earlier attempt with this key is being executed right now.
        409 => StripeReply::Lost(format!("in progress: {word}")),
        // A wrong API key is the operator's fault and not the fan's; another provider may do.
        401 | 403 | 429 => StripeReply::NotExecuted(format!("{status}: {word}")),
        400..=499 => StripeReply::Refused {
            word,
            intent: intent.map(|intent| intent.intent()),
        },
        500 => StripeReply::Fault(format!("{status}: {word}")),
        // 502 to 504 come from a proxy in between: the provider may still execute the request.
        _ => StripeReply::Lost(format!("{status}: {word}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> StripeReply {
        read_failure(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn a_decline_is_certain_and_names_the_issuers_reason() {
        let body = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"x"}}"#;
        assert!(matches!(reply(402, body), StripeReply::Refused { word, .. } if word == "insufficient_funds"));
        assert!(matches!(reply(402, "<html>"), StripeReply::Refused { word, .. } if word == "402"));
    }

    #[test]
    fn a_fault_of_the_provider_is_over_and_one_on_the_way_may_not_be() {
        assert!(matches!(reply(500, ""), StripeReply::Fault(_)));
        for status in [502, 503, 504, 409, 302] {
            assert!(matches!(reply(status, ""), StripeReply::Lost(_)), "{status}");
        }
    }

    #[test]
    fn what_was_refused_before_execution_may_be_tried_elsewhere() {
        for status in [401, 403, 429] {
            assert!(matches!(reply(status, ""), StripeReply::NotExecuted(_)), "{status}");
        }
    }
}
