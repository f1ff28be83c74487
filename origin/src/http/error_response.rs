//! The answer to a request that failed: a status and `{"error": "machine_word", "message": "A
//! sentence."}`. It knows only HTTP. A failure is an error of the domain first, and `error_map`
//! turns it into one of these.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};

/// The answer to a request that failed. Internal details never stand in it; they go to the log.
#[derive(Debug)]
pub struct ErrorResponse {
    status: StatusCode,
    word: &'static str,
    message: Cow<'static, str>,
    extra: Map<String, Value>,
    retry_after: Option<Duration>,
}

impl ErrorResponse {
    /// `word` is for programs and stable, `message` a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, word: &'static str, message: impl Into<Cow<'static, str>>) -> ErrorResponse {
        ErrorResponse {
            status,
            word,
            message: message.into(),
            extra: Map::new(),
            retry_after: None,
        }
    }

    /// Adds a field beside `error` and `message`, for instance `unavailable_seats`.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> ErrorResponse {
        self.extra.insert(field.to_owned(), value.into());
        self
    }

    /// 422 `invalid_field`: well-formed, but a value is out of its limits. The sentence names the
    /// field.
    #[must_use]
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> ErrorResponse {
        ErrorResponse::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", message)
    }

    /// 404 with its own word, for instance `event_not_found`.
    #[must_use]
    pub fn not_found(word: &'static str, message: impl Into<Cow<'static, str>>) -> ErrorResponse {
        ErrorResponse::new(StatusCode::NOT_FOUND, word, message)
    }

    /// 409 with its own word.
    #[must_use]
    pub fn conflict(word: &'static str, message: impl Into<Cow<'static, str>>) -> ErrorResponse {
        ErrorResponse::new(StatusCode::CONFLICT, word, message)
    }

    /// 429 with its own word: the same request may work after `wait`.
    #[must_use]
    pub fn too_many(word: &'static str, message: impl Into<Cow<'static, str>>, wait: Duration) -> ErrorResponse {
        ErrorResponse {
            retry_after: Some(wait),
            ..ErrorResponse::new(StatusCode::TOO_MANY_REQUESTS, word, message)
        }
    }

    /// 503 with its own word: the same request may work in a moment.
    #[must_use]
    pub fn unavailable(word: &'static str, message: impl Into<Cow<'static, str>>) -> ErrorResponse {
        ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, word, message)
    }

    /// 500 `internal`; `cause` goes to the log only.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> ErrorResponse {
        tracing::error!(%cause, "internal error");
        ErrorResponse::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side.",
        )
    }

    /// The status it will be answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The machine word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.word
    }

    /// The sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl std::fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.word, self.message)
    }
}

impl std::error::Error for ErrorResponse {}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        let mut body = Map::new();
        body.insert("error".to_owned(), self.word.into());
        body.insert("message".to_owned(), self.message.into_owned().into());
        body.extend(self.extra);
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, rounded up: a client that waits so long is not too early.
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_millis().div_ceil(1000) as u64),
            );
        } else if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
