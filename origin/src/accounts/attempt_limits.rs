//! How often a client may sign up or in. An attempt is counted before argon2 runs, so a refused one
//! costs one script.
//!
//! Sign-ins are limited three times. The limit per account and address stops a client that guesses
//! at one password. The limit per account from everywhere is ten times as high, and stops many
//! clients that guess together. The limit per address stops a client that guesses at many accounts.
//! So a stranger who fails on purpose from one address locks nobody out: the owner signs in from
//! another one. A stranger with ten addresses does lock the owner out, for as long as they go on.
//! Sign-ups are limited per address.
//!
//! The edge says what the address is. Where it does not know the address, all attempts on an
//! account count as one address's. Every attempt counts: also one that succeeds, and one on an
//! account that does not exist. So a refusal tells nobody which accounts exist.

use std::{sync::LazyLock, time::Duration};

use redis::{RedisResult, Script};
use sha2::{Digest, Sha256};

use super::AccountsError;
use crate::{
    config::{Allowance, Config},
    redis_connections::RedisConnection,
};

/// How many times as many sign-ins an account allows from everywhere as from one address.
const FROM_EVERYWHERE: u32 = 10;

static COUNT_ATTEMPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/attempt.lua")));

/// Counts attempts in Redis, where all origins see them.
pub struct AttemptLimits {
    redis: RedisConnection,
    sign_ups_per_address: Allowance,
    sign_ins_per_address: Allowance,
    sign_ins_per_account: Allowance,
}

impl AttemptLimits {
    /// The allowances of `config`.
    #[must_use]
    pub fn new(redis: RedisConnection, config: &Config) -> AttemptLimits {
        AttemptLimits {
            redis,
            sign_ups_per_address: config.sign_ups_per_address,
            sign_ins_per_address: config.sign_ins_per_address,
            sign_ins_per_account: config.sign_ins_per_account,
        }
    }

    /// Counts a sign-up from `network`.
    ///
    /// # Errors
    /// [`AccountsError::TooManyAttempts`], [`AccountsError::AttemptsNotCounted`].
    pub(super) async fn count_sign_up(&self, network: Option<&str>) -> Result<(), AccountsError> {
        match network {
            Some(network) => self.count("sign-up:address", network, self.sign_ups_per_address).await,
            None => Ok(()),
        }
    }

    /// Counts a sign-in to the account with address `email`, whether it exists or not.
    ///
    /// # Errors
    /// As [`AttemptLimits::count_sign_up`].
    pub(super) async fn count_sign_in(&self, network: Option<&str>, email: &str) -> Result<(), AccountsError> {
        if let Some(network) = network {
            self.count("sign-in:address", network, self.sign_ins_per_address)
                .await?;
        }
        // Folded as accounts are, so that other spellings are no further attempts.
        let account = email.trim().to_lowercase();
        let per_account = self.sign_ins_per_account;
        let from_here = format!("{}\0{account}", network.unwrap_or_default());
        self.count("sign-in:account-here", &from_here, per_account).await?;
        self.count("sign-in:account", &account, per_account.times(FROM_EVERYWHERE))
            .await
    }

    async fn count(&self, kind: &str, subject: &str, allowance: Allowance) -> Result<(), AccountsError> {
        match self.wait_ms(kind, subject, allowance).await {
            Ok(0) => Ok(()),
            Ok(wait_ms) => Err(AccountsError::TooManyAttempts {
                wait: Duration::from_millis(wait_ms),
            }),
            Err(error) => {
                // Not let through uncounted: an attacker who can make Redis slow must not gain free
                // guesses by it.
                tracing::error!(%error, kind, "attempts cannot be counted");
                Err(AccountsError::AttemptsNotCounted(error))
            }
        }
    }

    /// Counts one attempt; 0, or the wait until the next one if the allowance is used up, in
    /// milliseconds.
    async fn wait_ms(&self, kind: &str, subject: &str, allowance: Allowance) -> RedisResult<u64> {
        // Hashed: Redis need not know who signs in from where.
        let subject = hex::encode(&Sha256::digest(subject)[..16]);
        COUNT_ATTEMPT
            .key(format!("stanchion:limit:{{{kind}:{subject}}}"))
            .arg(allowance.burst)
            .arg(allowance.refill_time.as_millis() as u64)
            .invoke_async(&mut self.redis.clone())
            .await
    }
}
