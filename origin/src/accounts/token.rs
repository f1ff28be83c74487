//! The account token: what signing in gives.

use serde::Serialize;
use stanchion_shared::{
    account::{self, AccountClaims},
    timestamp::UnixMillis,
};
use uuid::Uuid;

use crate::config::Config;

/// How long an account token lives, in milliseconds: a day, so that it outlives any queue.
pub const TOKEN_LIFE_MS: u64 = 24 * 60 * 60 * 1000;

/// Answer to a sign-up or sign-in.
#[derive(Serialize)]
pub(super) struct SignedIn {
    account_id: Uuid,
    /// A JWT signed with our account key; send it as `Authorization: Bearer`.
    pub(super) access_token: String,
    expires_at: UnixMillis,
}

impl SignedIn {
    pub(super) fn issue(config: &Config, account_id: Uuid, now: UnixMillis) -> SignedIn {
        let expires = now.plus(TOKEN_LIFE_MS).floor_seconds();
        let claims = AccountClaims {
            iss: config.account_issuer.clone(),
            sub: account_id.to_string(),
            iat: now.floor_seconds(),
            exp: expires,
        };
        SignedIn {
            account_id,
            access_token: account::sign(&config.account_signing_keys, &claims),
            expires_at: UnixMillis(expires * 1000),
        }
    }
}
