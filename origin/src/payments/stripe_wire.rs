//! How Stripe's answers are read: which of them are certain, and which leave open whether something was charged.
//!
//! Source: docs.stripe.com/error-low-level and /api/idempotent_requests. Once execution of a request with an idempotency
//! key has begun, Stripe stores its first answer and repeats it, also a 500. Refusals before that (429, a concurrent
//! request with the same key: 409) are not stored.

use reqwest::StatusCode;
use serde::Deserialize;

use super::provider::{Intent, IntentState};

/// What one POST came to.
#[derive(Debug)]
pub(super) enum Reply {
    /// 2xx.
    Done(WireIntent),
    /// The provider's decision, for good; with the intent it is about, if it says so.
    Refused { word: String, intent: Option<Intent> },
    /// Not executed: never sent, or refused before the provider looked at it. The key is still free.
    NotExecuted(String),
    /// The provider itself failed and says so. Its execution is over, and the key gives this answer from now on.
    Fault(String),
    /// No answer, or none that says whether it is being executed.
    Lost(String),
}

/// The parts of a PaymentIntent that we read.
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
    pub(super) fn intent(&self) -> Intent {
        let state = match self.status.as_str() {
            "requires_capture" => IntentState::Authorised,
            "succeeded" => IntentState::Captured,
            "canceled" => IntentState::Cancelled,
            "processing" => IntentState::Processing,
            "requires_action" => IntentState::AwaitsHolder,
            // requires_payment_method, requires_confirmation: we would have to act first.
            _ => IntentState::Idle,
        };
        Intent {
            id: self.id.clone(),
            state,
        }
    }
}

/// What an answer that is not 2xx means.
pub(super) fn read_failure(status: StatusCode, body: &[u8]) -> Reply {
    let error = serde_json::from_slice::<WireFailure>(body)
        .ok()
        .map(|failure| failure.error);
    let (word, intent) = match error {
        Some(error) => (error.decline_code.or(error.code).or(error.kind), error.payment_intent),
        None => (None, None),
    };
    let word = word.unwrap_or_else(|| status.as_u16().to_string());
    match status.as_u16() {
        // Somebody (an earlier attempt of ours) is executing a request with this key right now.
        409 => Reply::Lost(format!("in progress: {word}")),
        // Keys that are wrong are our fault, not the fan's; another provider may do.
        401 | 403 | 429 => Reply::NotExecuted(format!("{status}: {word}")),
        400..=499 => Reply::Refused {
            word,
            intent: intent.map(|intent| intent.intent()),
        },
        500 => Reply::Fault(format!("{status}: {word}")),
        // 502 to 504 come from what stands between: the provider may still be at work.
        _ => Reply::Lost(format!("{status}: {word}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        read_failure(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn a_decline_is_certain_and_names_the_issuers_reason() {
        let body = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","message":"x"}}"#;
        assert!(matches!(reply(402, body), Reply::Refused { word, .. } if word == "insufficient_funds"));
        assert!(matches!(reply(402, "<html>"), Reply::Refused { word, .. } if word == "402"));
    }

    #[test]
    fn a_fault_of_the_provider_is_over_and_one_on_the_way_may_not_be() {
        assert!(matches!(reply(500, ""), Reply::Fault(_)));
        for status in [502, 503, 504, 409, 302] {
            assert!(matches!(reply(status, ""), Reply::Lost(_)), "{status}");
        }
    }

    #[test]
    fn what_was_refused_before_execution_may_be_tried_elsewhere() {
        for status in [401, 403, 429] {
            assert!(matches!(reply(status, ""), Reply::NotExecuted(_)), "{status}");
        }
    }
}
