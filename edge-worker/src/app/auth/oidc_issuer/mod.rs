//! Accounts of an OpenID Connect issuer: its published keys, and the tokens that this instance has
//! verified with them.
//!
//! [`key_cache`] decides when the issuer is asked for its keys, and for how long they are trusted.

mod key_cache;

use std::{cell::RefCell, rc::Rc};

use http::{HeaderMap, Method, StatusCode, header};
use stanchion_shared::{
    account_token::{AccountClaims, AccountError},
    oidc::{self, ExpectedToken, IssuerKeys},
    timestamp::UnixMillis,
};

use super::verified_tokens::VerifiedTokens;
use crate::{
    app::http::refusal::Refusal,
    config::OidcConfig,
    platform::{HttpRequest, Platform},
};
use key_cache::{KeyCache, KeyPlan, PublishedKeys};

thread_local! {
    /// Never borrowed across an await.
    static KEYS: RefCell<KeyCache> = RefCell::new(KeyCache::new());
}

/// The account that a token of the issuer identifies.
///
/// # Errors
/// Outer: 503 `issuer_unavailable` while the token cannot be verified. Inner: the token identifies
/// no account.
pub(crate) async fn account<P: Platform>(
    platform: &P,
    issuer: &OidcConfig,
    token: &str,
) -> Result<Result<Rc<AccountClaims>, AccountError>, Refusal> {
    let Ok(named) = oidc::named_key(token) else {
        return Ok(Err(AccountError::Invalid));
    };
    let now = platform.now();
    let keys = match KEYS.with_borrow_mut(|cache| cache.plan(named.as_deref(), now)) {
        KeyPlan::Use(keys) => keys,
        KeyPlan::Ask => ask(platform, issuer, now).await?,
        KeyPlan::AskOrUse(keys) => ask(platform, issuer, now).await.unwrap_or(keys),
        KeyPlan::UnknownKey => return Ok(Err(AccountError::Invalid)),
        KeyPlan::Later { wait_ms } => return Err(unavailable(wait_ms)),
    };
    let expected = ExpectedToken {
        issuer: &issuer.issuer,
        audience: &issuer.audience,
    };
    let signed = keys
        .verified
        .claims(token, |token| keys.published.verify_signature(token, expected));
    Ok(signed.and_then(|claims| claims.check(&issuer.issuer, platform.now()).map(|()| claims)))
}

/// Asks the issuer for its keys.
async fn ask<P: Platform>(
    platform: &P,
    issuer: &OidcConfig,
    asked_at: UnixMillis,
) -> Result<Rc<PublishedKeys>, Refusal> {
    match fetch(platform, issuer).await {
        Ok((published, max_age)) => {
            let keys = Rc::new(PublishedKeys {
                published,
                verified: VerifiedTokens::new(),
                asked_at,
                fresh_ms: key_cache::fresh_ms(max_age),
            });
            KEYS.with_borrow_mut(|cache| cache.answered(Rc::clone(&keys)));
            Ok(keys)
        }
        Err(problem) => {
            platform.warn(&format!(
                "the keys of the OpenID Connect issuer cannot be read: {problem}"
            ));
            KEYS.with_borrow_mut(|cache| cache.failed(asked_at, platform.now()));
            Err(unavailable(key_cache::ASK_AGAIN_MS))
        }
    }
}

fn unavailable(wait_ms: u64) -> Refusal {
    Refusal::new(
        503,
        "issuer_unavailable",
        "Whoever issued your account token cannot be asked for its keys at the moment. Try again soon.",
    )
    .with(header::RETRY_AFTER, wait_ms.div_ceil(1000).max(1).to_string())
}

/// Fetches the keys, and for how long the issuer lets them be kept, in seconds, where it says so.
async fn fetch<P: Platform>(platform: &P, issuer: &OidcConfig) -> Result<(IssuerKeys, Option<u64>), String> {
    let mut request = HttpRequest::new(Vec::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = issuer.keys_uri.clone();
    request
        .headers_mut()
        .insert(header::ACCEPT, http::HeaderValue::from_static("application/json"));
    let response = platform
        .fetch_within(request, key_cache::PATIENCE)
        .await
        .map_err(|error| error.to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("status {}", response.status().as_u16()));
    }
    let keys = IssuerKeys::parse(response.body()).map_err(|error| error.to_string())?;
    Ok((keys, max_age(response.headers())))
}

/// `max-age` of `Cache-Control`, in seconds; 0 if the response must not be kept.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let control = headers.get(header::CACHE_CONTROL)?.to_str().ok()?;
    let mut parts = control.split(',').map(str::trim);
    if parts.clone().any(|part| part == "no-store" || part == "no-cache") {
        return Some(0);
    }
    parts.find_map(|part| part.strip_prefix("max-age=")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_says_in_several_ways_how_long_its_keys_may_be_kept() {
        for (control, expected) in [
            ("public, max-age=600", Some(600)),
            ("max-age=0, must-revalidate", Some(0)),
            ("no-store", Some(0)),
            ("no-cache, max-age=600", Some(0)),
            ("public", None),
            ("max-age=x", None),
        ] {
            let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, control.parse().unwrap())]);
            assert_eq!(max_age(&headers), expected, "{control}");
        }
        assert_eq!(max_age(&HeaderMap::new()), None);
    }
}
