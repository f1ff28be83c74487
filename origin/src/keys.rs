//! Who may sign what: account tokens are ours, shop tokens are the edge's. The edge's keys are fetched, never configured.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use serde::Deserialize;
use stanchion_shared::{
    account::{self, AccountClaims, AccountError},
    admission::{self, ShopClaims, ShopTokenError},
    jose::VerifyingKeys,
    timestamp::UnixMillis,
};
use tokio::{sync::Mutex, time::Instant};

use crate::{config::Config, outbound::read_body, state::SharedApp};

/// How often the edge's keys are fetched again.
pub const REFRESH_EVERY: Duration = Duration::from_secs(60);
/// How soon a failed fetch is tried again, and how often at most an unknown `kid` may cause a fetch.
pub const RETRY_EVERY: Duration = Duration::from_secs(2);
/// Largest JWK Set that is read, in bytes.
pub const MAX_JWKS_BYTES: usize = 16 * 1024;

/// The edge's public keys, with their names.
struct ShopKeys {
    keys: VerifyingKeys,
    kids: Vec<String>,
}

/// Verifies account tokens and shop tokens.
pub struct Keys {
    shop_issuer: String,
    jwks_url: reqwest::Url,
    shop: RwLock<Option<Arc<ShopKeys>>>,
    /// When the edge was asked last; held while asking, so that many unknown `kid`s cause one fetch.
    last_fetch: Mutex<Option<Instant>>,
}

/// Why a shop token was not accepted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShopKeyError {
    /// The edge has not been reached since the start.
    #[error("the edge's keys are not known yet")]
    NoKeys,
    /// The token itself.
    #[error(transparent)]
    Token(#[from] ShopTokenError),
}

#[derive(Deserialize)]
struct KeyNames {
    keys: Vec<KeyName>,
}

#[derive(Deserialize)]
struct KeyName {
    kid: String,
}

impl ShopKeys {
    fn parse(json: &str) -> Option<ShopKeys> {
        let keys = VerifyingKeys::parse(json).ok()?;
        let names: KeyNames = serde_json::from_str(json).ok()?;
        Some(ShopKeys {
            keys,
            kids: names.keys.into_iter().map(|key| key.kid).collect(),
        })
    }
}

impl Keys {
    /// No shop keys yet: see [`keep_fresh`].
    #[must_use]
    pub fn new(config: &Config) -> Keys {
        let jwks_url = config
            .edge_url
            .join(".well-known/jwks.json")
            .expect("a fixed relative path");
        Keys {
            shop_issuer: config.shop_issuer.clone(),
            jwks_url,
            shop: RwLock::new(None),
            last_fetch: Mutex::new(None),
        }
    }

    /// Whether gated requests can be judged.
    #[must_use]
    pub fn have_shop_keys(&self) -> bool {
        self.current().is_some()
    }

    fn current(&self) -> Option<Arc<ShopKeys>> {
        self.shop.read().expect("no holder panics").clone()
    }

    /// The session that `token` opens. A `kid` never seen before makes the edge be asked once, then is judged again.
    ///
    /// # Errors
    /// [`ShopKeyError`].
    pub async fn verify_shop(
        &self,
        http: &reqwest::Client,
        token: &str,
        now: UnixMillis,
    ) -> Result<ShopClaims, ShopKeyError> {
        let known = self.current();
        let is_known = |keys: &ShopKeys| names_known_key(keys, token);
        let keys = match known {
            Some(keys) if is_known(&keys) => keys,
            _ => {
                self.fetch(http).await;
                self.current().ok_or(ShopKeyError::NoKeys)?
            }
        };
        Ok(admission::verify(&keys.keys, &self.shop_issuer, token, now)?)
    }

    /// Asks the edge for its keys unless it was asked within [`RETRY_EVERY`]. Failure keeps the keys there are.
    async fn fetch(&self, http: &reqwest::Client) {
        let mut last = self.last_fetch.lock().await;
        if last.is_some_and(|last| last.elapsed() < RETRY_EVERY) {
            return;
        }
        *last = Some(Instant::now());
        match fetch_keys(http, self.jwks_url.clone()).await {
            Ok(keys) => *self.shop.write().expect("no holder panics") = Some(Arc::new(keys)),
            Err(reason) => tracing::warn!(reason, "the edge's keys could not be fetched"),
        }
    }
}

/// Whether the token's header names one of `keys`. What is no token at all counts as known: fetching would not help.
fn names_known_key(keys: &ShopKeys, token: &str) -> bool {
    let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid);
    kid.is_none_or(|kid| keys.kids.contains(&kid))
}

async fn fetch_keys(http: &reqwest::Client, url: reqwest::Url) -> Result<ShopKeys, &'static str> {
    let answer = http.get(url).send().await.map_err(|_| "the edge does not answer")?;
    if !answer.status().is_success() {
        return Err("the edge answered with an error");
    }
    let body = read_body(answer, MAX_JWKS_BYTES)
        .await
        .ok_or("the edge's answer broke off or is too large")?;
    let text = String::from_utf8(body).map_err(|_| "the edge's answer is not text")?;
    ShopKeys::parse(&text).ok_or("the edge's answer is not a set of Ed25519 keys")
}

/// Fetches the edge's keys for ever: every [`RETRY_EVERY`] until there are some, then every [`REFRESH_EVERY`].
pub async fn keep_fresh(app: SharedApp) {
    loop {
        app.keys.fetch(&app.http).await;
        let pause = if app.keys.have_shop_keys() {
            REFRESH_EVERY
        } else {
            RETRY_EVERY
        };
        tokio::time::sleep(pause).await;
    }
}

/// Who `token` identifies, by the configured account issuer.
///
/// # Errors
/// [`AccountError`].
pub fn verify_account(config: &Config, token: &str, now: UnixMillis) -> Result<AccountClaims, AccountError> {
    account::verify(&config.account_keys, &config.account_issuer, token, now)
}
