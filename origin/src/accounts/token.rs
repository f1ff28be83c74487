//! The account token, which a fan gets by signing up or in.

use serde::Serialize;
use stanchion_shared::{
    account_token::{self, AccountClaims, AccountRecord},
    timestamp::UnixMillis,
};
use uuid::Uuid;

use crate::config::Config;

/// How long an account token lives, in milliseconds: a day, so that it outlives any queue.
pub const TOKEN_LIFE_MS: u64 = 24 * 60 * 60 * 1000;

/// The response to a sign-up or sign-in.
#[derive(Serialize)]
pub(crate) struct SignedIn {
    account_id: Uuid,
    /// A JWT signed with our account key; send it as `Authorization: Bearer`.
    pub(super) access_token: String,
    expires_at: UnixMillis,
}

impl SignedIn {
    /// Signs a token of an account of which the origin knows `record`.
    pub(super) fn issue(config: &Config, account_id: Uuid, record: AccountRecord, now: UnixMillis) -> SignedIn {
        let expires = now.plus(TOKEN_LIFE_MS).floor_seconds();
        let claims = AccountClaims::new(
            &config.account_issuer,
            &account_id.to_string(),
            now.floor_seconds(),
            expires,
        )
        .with_record(record);
        SignedIn {
            account_id,
            access_token: account_token::sign(&config.account_signing_keys, &claims),
            expires_at: UnixMillis(expires * 1000),
        }
    }
}

/// The record of an account that is made now.
pub(super) fn new_account(now: UnixMillis) -> AccountRecord {
    AccountRecord {
        since: now.floor_seconds(),
        bought: false,
    }
}
