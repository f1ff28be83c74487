//! How often somebody may sign up or in. Asked before argon2 is: a refused attempt costs one script.
//!
//! Signing in is limited per account and address (whoever guesses at one password), per account from everywhere, ten times as
//! often (many who guess together), and per address (whoever guesses at many). So a stranger who fails on purpose locks
//! nobody out: the owner asks from elsewhere. Signing up is limited per address. The addresses are the edge's word; where it
//! says none, all attempts on an account are from one. Every attempt counts, also one that succeeds, and also for accounts
//! that do not exist: a refusal tells nobody which do.

use std::{sync::LazyLock, time::Duration};

use redis::{RedisResult, Script};
use sha2::{Digest, Sha256};

use crate::{
    config::Allowance,
    http::{ClientAddress, Error},
    state::App,
};

/// An account may be asked for so many times as often from everywhere as from one address.
const FROM_EVERYWHERE: u32 = 10;

static ATTEMPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/attempt.lua")));

/// Counts a sign-up from `address`.
///
/// # Errors
/// 429 `too_many_attempts`, 503 `sign_in_unavailable`.
pub(super) async fn sign_up(app: &App, address: &ClientAddress) -> Result<(), Error> {
    let allowed = app.config.sign_ups_per_address;
    match address.network() {
        Some(network) => attempt(app, "sign-up:address", &network, allowed).await,
        None => Ok(()),
    }
}

/// Counts a sign-in to the account that `email` names, whether there is one or not.
///
/// # Errors
/// As [`sign_up`].
pub(super) async fn sign_in(app: &App, address: &ClientAddress, email: &str) -> Result<(), Error> {
    if let Some(network) = address.network() {
        attempt(app, "sign-in:address", &network, app.config.sign_ins_per_address).await?;
    }
    // Folded as accounts are, so that other spellings are no further attempts.
    let account = email.trim().to_lowercase();
    let allowed = app.config.sign_ins_per_account;
    let from_here = format!("{}\0{account}", address.network().unwrap_or_default());
    attempt(app, "sign-in:account-here", &from_here, allowed).await?;
    attempt(app, "sign-in:account", &account, allowed.times(FROM_EVERYWHERE)).await
}

async fn attempt(app: &App, what: &str, who: &str, allowed: Allowance) -> Result<(), Error> {
    match ask(app, what, who, allowed).await {
        Ok(0) => Ok(()),
        Ok(wait_ms) => Err(Error::too_many(
            "too_many_attempts",
            "Too many attempts: wait before the next one.",
            Duration::from_millis(wait_ms),
        )),
        Err(error) => {
            // Not let through uncounted: whoever can make Redis slow must not gain free guesses by it.
            tracing::error!(%error, what, "attempts cannot be counted");
            Err(Error::unavailable(
                "sign_in_unavailable",
                "Nobody can be signed in now: try again in a moment.",
            ))
        }
    }
}

async fn ask(app: &App, what: &str, who: &str, allowed: Allowance) -> RedisResult<u64> {
    // Hashed: Redis need not know who signs in from where.
    let who = hex::encode(&Sha256::digest(who)[..16]);
    ATTEMPT
        .key(format!("stanchion:limit:{{{what}:{who}}}"))
        .arg(allowed.at_once)
        .arg(allowed.back_in.as_millis() as u64)
        .invoke_async(&mut app.redis.clone())
        .await
}
