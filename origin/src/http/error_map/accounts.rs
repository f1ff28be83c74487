//! Signing up and in.

use axum::http::StatusCode;

use crate::{accounts::AccountsError, http::ErrorResponse};

impl From<AccountsError> for ErrorResponse {
    fn from(error: AccountsError) -> ErrorResponse {
        match error {
            AccountsError::InvalidField(error) => error.into(),
            AccountsError::EmailTaken => {
                ErrorResponse::conflict("email_taken", "There is an account with this address: sign in instead.")
            }
            AccountsError::WrongCredentials => ErrorResponse::new(
                StatusCode::UNAUTHORIZED,
                "wrong_credentials",
                "The address or the password is wrong.",
            ),
            AccountsError::TooManyAttempts { wait } => ErrorResponse::too_many(
                "too_many_attempts",
                "Too many attempts: wait before the next one.",
                wait,
            ),
            AccountsError::AttemptsNotCounted(_) => ErrorResponse::unavailable(
                "sign_in_unavailable",
                "Nobody can be signed in now: try again in a moment.",
            ),
            AccountsError::TooManyHashes => ErrorResponse::unavailable(
                "sign_in_overloaded",
                "Too many sign in at once: try again in a few seconds.",
            ),
            AccountsError::Database(error) => error.into(),
            AccountsError::Internal(error) => error.into(),
        }
    }
}
