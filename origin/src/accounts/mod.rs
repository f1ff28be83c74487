//! Fans sign up and in, and get an account token, which the edge accepts as well.
//!
//! # Layout
//!
//! - [`Accounts`]: signs up and in.
//! - `attempt_limits`: how often a client may try.
//! - `email`, `display_name`, `password`: the fields, each with its limits.
//! - `token`: the account token.
//! - `load_test_accounts`: many accounts at once, for load tests.
//! - `http`: the handlers. `error`: why a fan was not signed up or in.

mod attempt_limits;
mod display_name;
mod email;
mod error;
pub(crate) mod http;
mod load_test_accounts;
mod password;
mod token;

pub use attempt_limits::AttemptLimits;
pub(crate) use email::Email;
pub use error::AccountsError;
pub use load_test_accounts::{LoadTestAccountsError, MAX_LOAD_TEST_ACCOUNTS, create_load_test_accounts};
pub use password::{MAX_HASHES_AT_ONCE, MAX_HASHES_WAITING};
pub use token::TOKEN_LIFE_MS;

use sqlx::PgPool;
use stanchion_shared::account_token::AccountRecord;
use uuid::Uuid;

use self::{
    display_name::DisplayName,
    password::{Password, PasswordHasher},
};

/// All accounts: a row of PostgreSQL each.
pub struct Accounts {
    database: PgPool,
    limits: AttemptLimits,
    passwords: PasswordHasher,
}

/// What a fan signs up with, as sent.
pub(crate) struct NewAccount {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) name: Option<String>,
}

impl Accounts {
    /// Accounts in `database`, with `limits` on how often a client may sign up or in.
    #[must_use]
    pub fn new(database: PgPool, limits: AttemptLimits) -> Accounts {
        Accounts {
            database,
            limits,
            passwords: PasswordHasher::default(),
        }
    }

    /// Creates an account; its id. `network` is where the request came from, `None` where the edge
    /// does not know it.
    ///
    /// # Errors
    /// All of [`AccountsError`] but `WrongCredentials`.
    pub(crate) async fn sign_up(&self, network: Option<&str>, new: NewAccount) -> Result<Uuid, AccountsError> {
        let email = Email::parse(&new.email)?;
        let password = Password::parse(new.password)?;
        let name = new.name.as_deref().map(DisplayName::parse).transpose()?;
        self.limits.count_sign_up(network).await?;
        let hash = self.passwords.hash(password).await?;
        let account_id = Uuid::now_v7();
        let inserted = sqlx::query(
            "insert into accounts (account_id, email, name, password_hash) values ($1, $2, $3, $4)
             on conflict (email) do nothing",
        )
        .bind(account_id)
        .bind(email.as_str())
        .bind(name.as_ref().map(DisplayName::as_str))
        .bind(hash)
        .execute(&self.database)
        .await?;
        if inserted.rows_affected() == 0 {
            return Err(AccountsError::EmailTaken);
        }
        Ok(account_id)
    }

    /// The account with this address and password: its id, and what is known of it.
    ///
    /// # Errors
    /// All of [`AccountsError`] but `InvalidField` and `EmailTaken`.
    pub(crate) async fn sign_in(
        &self,
        network: Option<&str>,
        email: &str,
        password: String,
    ) -> Result<(Uuid, AccountRecord), AccountsError> {
        self.limits.count_sign_in(network, email).await?;
        // An address that nobody could have signed up with is judged like any other wrong pair, at
        // the same cost.
        let email = Email::parse(email).ok();
        let found: Option<(Uuid, String, i64, bool)> = match &email {
            Some(email) => {
                sqlx::query_as(include_str!("sql/sign_in.sql"))
                    .bind(email.as_str())
                    .fetch_optional(&self.database)
                    .await?
            }
            None => None,
        };
        let hash = found.as_ref().map(|(_, hash, ..)| hash.clone());
        let is_right = self.passwords.verify(Password::unchecked(password), hash).await?;
        let (account_id, _, since, bought) = found.filter(|_| is_right).ok_or(AccountsError::WrongCredentials)?;
        let since = u64::try_from(since).unwrap_or(0);
        Ok((account_id, AccountRecord { since, bought }))
    }
}
