//! The one place where a domain error gets its status, its machine word and its sentence: one file
//! per feature. This file has what all features share.
//!
//! An error is logged here, once, if only the log may know its cause.

mod accounts;
mod admin;
mod cart;
mod checkout;
mod events;
mod inventory;
mod orders;
mod tickets;
mod verified_fans;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::ErrorResponse;
use crate::{
    database::Retryable,
    error::{InternalError, InvalidField},
};

impl From<InternalError> for ErrorResponse {
    fn from(error: InternalError) -> ErrorResponse {
        ErrorResponse::internal(error)
    }
}

impl From<InvalidField> for ErrorResponse {
    fn from(InvalidField(sentence): InvalidField) -> ErrorResponse {
        ErrorResponse::invalid(sentence)
    }
}

impl From<sqlx::Error> for ErrorResponse {
    fn from(error: sqlx::Error) -> ErrorResponse {
        if error.is_retryable() {
            // run_tx has repeated the transaction as often as it may.
            let message = "Too many did the same at once: try again.";
            return ErrorResponse::unavailable("conflict_persists", message);
        }
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
                tracing::error!(%error, "PostgreSQL is not available");
                ErrorResponse::unavailable(
                    "database_unavailable",
                    "Our database does not answer: try again in a moment.",
                )
            }
            error => ErrorResponse::internal(error),
        }
    }
}

impl From<RedisError> for ErrorResponse {
    fn from(error: RedisError) -> ErrorResponse {
        // A server that is starting, or has just become a replica, counts as unavailable.
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
            return ErrorResponse::unavailable(
                "inventory_unavailable",
                "Seats cannot be read now: try again in a moment.",
            );
        }
        ErrorResponse::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn a_redis_that_starts_is_not_there_yet_and_what_it_refuses_is_our_fault() {
        let answer = |kind| ErrorResponse::from(RedisError::from((ErrorKind::Server(kind), "as it says")));
        for kind in [ServerErrorKind::BusyLoading, ServerErrorKind::ReadOnly] {
            assert_eq!(answer(kind).status(), StatusCode::SERVICE_UNAVAILABLE, "{kind:?}");
        }
        assert_eq!(
            answer(ServerErrorKind::ResponseError).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}
