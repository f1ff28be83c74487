//! Accounts of somebody else's issuer: its keys as it publishes them, and the tokens that this instance has verified by them.
//!
//! [`known`] says when the issuer is asked, and for how long what it said is trusted.

mod known;

use std::{cell::RefCell, rc::Rc};

use http::{HeaderMap, Method, StatusCode, header};
use stanchion_shared::{
    account::{AccountClaims, AccountError},
    oidc::{self, Expected, IssuerKeys},
    timestamp::UnixMillis,
};

use super::{answer::Refusal, config::Issuer, verified::Verified};
use crate::platform::{HttpRequest, Platform};
use known::{Keys, Known, Plan};

thread_local! {
    /// Never borrowed across an await.
    static KNOWN: RefCell<Known> = RefCell::new(Known::new());
}

/// The account that a token of the issuer identifies.
///
/// # Errors
/// 503 `issuer_unavailable` while nothing can be said of the token; the inner one if it identifies nobody.
pub(super) async fn account<P: Platform>(
    platform: &P,
    issuer: &Issuer,
    token: &str,
) -> Result<Result<Rc<AccountClaims>, AccountError>, Refusal> {
    let Ok(named) = oidc::named_key(token) else {
        return Ok(Err(AccountError::Invalid));
    };
    let now = platform.now();
    let keys = match KNOWN.with_borrow_mut(|known| known.plan(named.as_deref(), now)) {
        Plan::Use(keys) => keys,
        Plan::Ask => asked(platform, issuer, now).await?,
        Plan::AskOrUse(keys) => asked(platform, issuer, now).await.unwrap_or(keys),
        Plan::Unknown => return Ok(Err(AccountError::Invalid)),
        Plan::Later { wait_ms } => return Err(unavailable(wait_ms)),
    };
    let expected = Expected {
        issuer: &issuer.issuer,
        audience: &issuer.audience,
    };
    let signed = keys
        .verified
        .claims(token, |token| keys.published.signed(token, expected));
    Ok(signed.and_then(|claims| claims.judge(&issuer.issuer, platform.now()).map(|()| claims)))
}

/// The issuer's keys, asked for now.
async fn asked<P: Platform>(platform: &P, issuer: &Issuer, asked_at: UnixMillis) -> Result<Rc<Keys>, Refusal> {
    match fetched(platform, issuer).await {
        Ok((published, max_age)) => {
            let keys = Rc::new(Keys {
                published,
                verified: Verified::new(),
                asked_at,
                fresh_ms: known::fresh_ms(max_age),
            });
            KNOWN.with_borrow_mut(|known| known.answered(Rc::clone(&keys)));
            Ok(keys)
        }
        Err(problem) => {
            platform.warn(&format!("the issuer's keys: {problem}"));
            KNOWN.with_borrow_mut(|known| known.failed(asked_at, platform.now()));
            Err(unavailable(known::ASK_AGAIN_MS))
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

/// The keys, and for how long the issuer lets them be kept, in seconds, where it says so.
async fn fetched<P: Platform>(platform: &P, issuer: &Issuer) -> Result<(IssuerKeys, Option<u64>), String> {
    let mut request = HttpRequest::new(Vec::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = issuer.keys_uri.clone();
    request
        .headers_mut()
        .insert(header::ACCEPT, http::HeaderValue::from_static("application/json"));
    let answered = platform
        .ask(request, known::PATIENCE)
        .await
        .map_err(|error| error.to_string())?;
    if answered.status() != StatusCode::OK {
        return Err(format!("status {}", answered.status().as_u16()));
    }
    let keys = IssuerKeys::parse(answered.body()).map_err(|error| error.to_string())?;
    Ok((keys, max_age(answered.headers())))
}

/// What `Cache-Control` says, in seconds: 0 where it wants nothing kept.
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
