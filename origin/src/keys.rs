//! Checks the signatures of the two kinds of tokens. The origin signs account tokens itself, with
//! configured keys. The edge signs shop tokens; its public keys are fetched from it and never
//! configured.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use stanchion_shared::{
    account_token::{self, AccountClaims, AccountError},
    jose::{self, VerifyingKeys},
    shop_token::{self, ShopClaims, ShopTokenError},
    timestamp::UnixMillis,
};
use tokio::{sync::Mutex, time::Instant};

use crate::{config::Config, response_body::read_body};

/// How often the edge's keys are fetched again.
pub const REFRESH_EVERY: Duration = Duration::from_secs(60);
/// How soon a failed fetch is tried again. An unknown `kid` causes no more than one fetch in this
/// time.
pub const RETRY_EVERY: Duration = Duration::from_secs(2);
/// Largest JWK Set that is read, in bytes.
pub const MAX_JWKS_BYTES: usize = 16 * 1024;

/// The edge's public keys, fetched from the edge: they verify shop tokens.
pub struct EdgeKeys {
    shop_issuer: String,
    jwks_url: reqwest::Url,
    http: reqwest::Client,
    shop: RwLock<Option<Arc<VerifyingKeys>>>,
    /// When the edge was asked last. Locked while asking, so that many unknown `kid`s cause one
    /// fetch.
    last_fetch: Mutex<Option<Instant>>,
}

/// Why a shop token was not accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShopKeyError {
    /// The edge has not been reached since the start.
    #[error("the edge's keys are not known yet")]
    NoKeys,
    /// The token is not valid.
    #[error(transparent)]
    Token(#[from] ShopTokenError),
}

impl EdgeKeys {
    /// No shop keys yet: see [`keep_fresh`].
    #[must_use]
    pub fn new(config: &Config, http: reqwest::Client) -> EdgeKeys {
        let jwks_url = config
            .edge_url
            .join(".well-known/jwks.json")
            .expect("a fixed relative path");
        EdgeKeys {
            shop_issuer: config.shop_issuer.clone(),
            jwks_url,
            http,
            shop: RwLock::new(None),
            last_fetch: Mutex::new(None),
        }
    }

    /// Whether shop tokens can be checked.
    #[must_use]
    pub fn have_shop_keys(&self) -> bool {
        self.current().is_some()
    }

    fn current(&self) -> Option<Arc<VerifyingKeys>> {
        self.shop.read().expect("no holder panics").clone()
    }

    /// The claims of the session that `token` opens. For an unknown `kid` the edge is asked for its
    /// keys once.
    ///
    /// # Errors
    /// [`ShopKeyError`].
    pub async fn verify_shop(&self, token: &str, now: UnixMillis) -> Result<ShopClaims, ShopKeyError> {
        let known = self.current();
        let is_known = |keys: &VerifyingKeys| names_known_key(keys, token);
        let keys = match known {
            Some(keys) if is_known(&keys) => keys,
            _ => {
                self.fetch().await;
                self.current().ok_or(ShopKeyError::NoKeys)?
            }
        };
        Ok(shop_token::verify(&keys, &self.shop_issuer, token, now)?)
    }

    /// Asks the edge for its keys unless it was asked within [`RETRY_EVERY`]. After a failure the
    /// old keys stay.
    async fn fetch(&self) {
        let mut last = self.last_fetch.lock().await;
        if last.is_some_and(|last| last.elapsed() < RETRY_EVERY) {
            return;
        }
        *last = Some(Instant::now());
        match fetch_keys(&self.http, self.jwks_url.clone()).await {
            Ok(keys) => *self.shop.write().expect("no holder panics") = Some(Arc::new(keys)),
            Err(reason) => tracing::warn!(reason, "the edge's keys could not be fetched"),
        }
    }
}

/// Whether the token's header names one of `keys`. A text that is no token counts as known, because
/// fetching would not help.
fn names_known_key(keys: &VerifyingKeys, token: &str) -> bool {
    jose::named_key(token).is_none_or(|kid| keys.has_key(&kid))
}

async fn fetch_keys(http: &reqwest::Client, url: reqwest::Url) -> Result<VerifyingKeys, &'static str> {
    let answer = http.get(url).send().await.map_err(|_| "the edge does not answer")?;
    if !answer.status().is_success() {
        return Err("the edge answered with an error");
    }
    let body = read_body(answer, MAX_JWKS_BYTES)
        .await
        .ok_or("the edge's answer broke off or is too large")?;
    let text = String::from_utf8(body).map_err(|_| "the edge's answer is not text")?;
    VerifyingKeys::parse(&text).map_err(|_| "the edge's answer has no Ed25519 key")
}

/// Fetches the edge's keys for ever: every [`RETRY_EVERY`] until there are some, then every
/// [`REFRESH_EVERY`].
pub async fn keep_fresh(keys: Arc<EdgeKeys>) {
    loop {
        keys.fetch().await;
        let pause = if keys.have_shop_keys() {
            REFRESH_EVERY
        } else {
            RETRY_EVERY
        };
        tokio::time::sleep(pause).await;
    }
}

/// The account that `token` is of, by the configured account issuer.
///
/// # Errors
/// [`AccountError`].
pub fn verify_account(config: &Config, token: &str, now: UnixMillis) -> Result<AccountClaims, AccountError> {
    account_token::verify(&config.account_keys, &config.account_issuer, token, now)
}
