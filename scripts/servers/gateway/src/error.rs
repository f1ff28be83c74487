//! What went wrong, in Stripe's shape: `{"error": {type, code, decline_code?, message, param?, …}}`.
//! Source: <https://docs.stripe.com/api/errors>.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::cards::Decline;

/// Stripe's four types of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorType {
    /// The gateway's own fault.
    ApiError,
    /// The card was declined.
    CardError,
    /// An idempotency key was misused.
    IdempotencyError,
    /// The request cannot be carried out.
    InvalidRequestError,
}

/// A request that failed: its status, and the error object the caller gets.
#[derive(Clone, Debug, Serialize)]
pub struct GatewayError {
    /// The HTTP status.
    #[serde(skip)]
    pub status: StatusCode,
    #[serde(rename = "type")]
    kind: ErrorType,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_code: Option<&'static str>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    param: Option<String>,
    // Boxed, because most results carry none of it.
    #[serde(flatten)]
    objects: Option<Box<ErrorObjects>>,
}

/// What an error is about, for a caller that wants to see it without asking again.
#[derive(Clone, Debug, Serialize)]
struct ErrorObjects {
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_intent: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method: Option<Value>,
}

/// The JSON of a view. [`crate::view`] shows errors itself, so errors cannot know its types.
fn shown(view: &impl Serialize) -> Value {
    serde_json::to_value(view).expect("views have only keys that are strings")
}

impl GatewayError {
    fn new(status: StatusCode, kind: ErrorType, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            code: None,
            decline_code: None,
            message: message.into(),
            param: None,
            objects: None,
        }
    }

    /// 400, `invalid_request_error`.
    #[must_use]
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorType::InvalidRequestError, message)
    }

    /// The same failure, said to be about a parameter.
    #[must_use]
    pub fn about(self, param: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..self
        }
    }

    /// 400, a parameter that cannot be used.
    #[must_use]
    pub fn invalid_param(param: &str, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Some(code),
            ..Self::invalid_request(message).about(param)
        }
    }

    /// 400, a parameter that names something the gateway does not hold.
    #[must_use]
    pub fn no_such(object: &str, id: &str, param: &str) -> Self {
        Self::invalid_param(param, "resource_missing", format!("No such {object}: '{id}'"))
    }

    /// 400, the intent's status does not allow what was asked.
    #[must_use]
    pub fn unexpected_state(message: impl Into<String>) -> Self {
        Self {
            code: Some("payment_intent_unexpected_state"),
            ..Self::invalid_request(message)
        }
    }

    /// The same error, and the answer carries the intent.
    #[must_use]
    pub fn with_intent(self, intent: &impl Serialize) -> Self {
        let objects = ErrorObjects {
            charge: None,
            payment_intent: Some(shown(intent)),
            payment_method: None,
        };
        Self {
            objects: Some(Box::new(objects)),
            ..self
        }
    }

    /// 402, the card was declined. The answer carries the intent, which now waits for another payment method, and the id
    /// of the charge that was attempted.
    #[must_use]
    pub fn declined(
        decline: Decline,
        charge: Option<String>,
        method: &impl Serialize,
        intent: &impl Serialize,
    ) -> Self {
        let objects = ErrorObjects {
            charge,
            payment_intent: Some(shown(intent)),
            payment_method: Some(shown(method)),
        };
        Self {
            objects: Some(Box::new(objects)),
            ..Self::card(decline)
        }
    }

    /// The error of a decline as it stands in an intent's `last_payment_error`: without the intent.
    #[must_use]
    pub fn last_of(decline: Decline, method: &impl Serialize) -> Self {
        let objects = ErrorObjects {
            charge: None,
            payment_intent: None,
            payment_method: Some(shown(method)),
        };
        Self {
            objects: Some(Box::new(objects)),
            ..Self::card(decline)
        }
    }

    fn card(decline: Decline) -> Self {
        Self {
            code: Some(decline.code()),
            decline_code: decline.decline_code(),
            ..Self::new(StatusCode::PAYMENT_REQUIRED, ErrorType::CardError, decline.message())
        }
    }

    /// An idempotency key that was misused.
    #[must_use]
    pub fn idempotency(status: StatusCode, code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self {
            code,
            ..Self::new(status, ErrorType::IdempotencyError, message)
        }
    }

    /// 500, only ever on request: see [`crate::faults`].
    #[must_use]
    pub fn on_request() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            ErrorType::ApiError,
            "A failure that was asked for, for a test.",
        )
    }

    /// The same failure under another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The body: `{"error": …}`.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            error: &'a GatewayError,
        }
        serde_json::to_vec(&Body { error: self }).expect("an error has only keys that are strings")
    }
}
