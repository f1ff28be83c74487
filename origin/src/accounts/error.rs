//! Why signing up or in does not work.

use std::time::Duration;

use crate::error::{InternalError, InvalidField};

/// Why a fan was not signed up or in.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// A field of the sign-up is outside of its limits.
    #[error(transparent)]
    InvalidField(#[from] InvalidField),
    /// An account with this address exists.
    #[error("there is an account with this address")]
    EmailTaken,
    /// The address is unknown, or the password is not the account's.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// The allowance is used up.
    #[error("too many attempts, the next one is allowed in {} ms", .wait.as_millis())]
    TooManyAttempts {
        /// Until the next attempt is allowed.
        wait: Duration,
    },
    /// Redis cannot count the attempt, so it is not let through.
    #[error("attempts cannot be counted: {0}")]
    AttemptsNotCounted(#[source] redis::RedisError),
    /// So many hashes are computed or wait already that this one was turned away.
    #[error("too many password hashes at once")]
    TooManyHashes,
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
