//! What every error of the origin looks like: `{"error": "machine_word", "message": "A sentence."}` and the right status.

use std::{borrow::Cow, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use redis::{ErrorKind, ServerErrorKind};
use serde_json::{Map, Value};

use crate::database::Retryable;

/// An answer that is not what was asked for. Nothing internal is ever in it: that goes to the log.
#[derive(Debug)]
pub struct Error {
    status: StatusCode,
    word: &'static str,
    message: Cow<'static, str>,
    extra: Map<String, Value>,
    retryable: bool,
    retry_after: Option<Duration>,
}

impl Error {
    /// `word` is for programs and stable, `message` a sentence for people.
    #[must_use]
    pub fn new(status: StatusCode, word: &'static str, message: impl Into<Cow<'static, str>>) -> Error {
        Error {
            status,
            word,
            message: message.into(),
            extra: Map::new(),
            retryable: false,
            retry_after: None,
        }
    }

    /// Adds a field beside `error` and `message`, for instance `unavailable_seats`.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Error {
        self.extra.insert(field.to_owned(), value.into());
        self
    }

    /// 422 `invalid_field`: well-formed, but a value is out of its limits. The sentence names the field.
    #[must_use]
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", message)
    }

    /// 404 with its own word, for instance `event_not_found`.
    #[must_use]
    pub fn not_found(word: &'static str, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(StatusCode::NOT_FOUND, word, message)
    }

    /// 409 with its own word.
    #[must_use]
    pub fn conflict(word: &'static str, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(StatusCode::CONFLICT, word, message)
    }

    /// 429 with its own word: the same request may work after `wait`.
    #[must_use]
    pub fn too_many(word: &'static str, message: impl Into<Cow<'static, str>>, wait: Duration) -> Error {
        Error {
            retry_after: Some(wait),
            ..Error::new(StatusCode::TOO_MANY_REQUESTS, word, message)
        }
    }

    /// 503 with its own word: the same request may work in a moment.
    #[must_use]
    pub fn unavailable(word: &'static str, message: impl Into<Cow<'static, str>>) -> Error {
        Error::new(StatusCode::SERVICE_UNAVAILABLE, word, message)
    }

    /// 500 `internal`; `cause` goes to the log only.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Error {
        tracing::error!(%cause, "internal error");
        Error::new(
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

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.word, self.message)
    }
}

impl std::error::Error for Error {}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        self.retryable
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        if error.is_retryable() {
            // run_tx tries again; only its last attempt reaches the fan.
            let message = "Too many did the same at once: try again.";
            return Error {
                retryable: true,
                ..Error::unavailable("conflict_persists", message)
            };
        }
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
                tracing::error!(%error, "PostgreSQL is not available");
                Error::unavailable(
                    "database_unavailable",
                    "Our database does not answer: try again in a moment.",
                )
            }
            error => Error::internal(error),
        }
    }
}

impl From<redis::RedisError> for Error {
    fn from(error: redis::RedisError) -> Error {
        // A server that starts, or has just become a replica, is as good as away.
        let is_elsewhere = matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ReadOnly
                    | ServerErrorKind::TryAgain
            )
        );
        if is_elsewhere || error.is_io_error() || error.is_timeout() || error.is_connection_dropped() {
            tracing::error!(%error, "Redis is not available");
            return Error::unavailable(
                "inventory_unavailable",
                "Seats cannot be read now: try again in a moment.",
            );
        }
        Error::internal(error)
    }
}

impl IntoResponse for Error {
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
            // Whole seconds, rounded up: who comes then is not too early.
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

#[cfg(test)]
mod tests {
    use redis::RedisError;

    use super::*;

    #[test]
    fn a_redis_that_starts_is_not_there_yet_and_what_it_refuses_is_our_fault() {
        let answer = |kind| Error::from(RedisError::from((ErrorKind::Server(kind), "as it says")));
        for kind in [ServerErrorKind::BusyLoading, ServerErrorKind::ReadOnly] {
            assert_eq!(answer(kind).status(), StatusCode::SERVICE_UNAVAILABLE, "{kind:?}");
        }
        assert_eq!(
            answer(ServerErrorKind::ResponseError).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}
