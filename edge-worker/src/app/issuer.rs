//! Accounts of somebody else's issuer: its keys as it publishes them, and the tokens that this instance has verified by them.

use std::{cell::RefCell, rc::Rc, time::Duration};

use http::{Method, StatusCode, header};
use stanchion_shared::{
    account::{AccountClaims, AccountError},
    oidc::{Expected, IssuerKeys},
    timestamp::UnixMillis,
};

use super::{answer::Refusal, config::Issuer, verified::Verified};
use crate::platform::{HttpRequest, Platform, StoreError};

/// Keys are asked for again after this long, in ms.
const REFRESH_MS: u64 = 300_000;
/// A token by an unknown key has the keys asked for anew, but not more often than this, in ms.
const UNKNOWN_KEY_MS: u64 = 5_000;
/// After an issuer without keys did not answer, it is left alone for so long, in ms.
const RETRY_MS: u64 = 1_000;
/// A request waits for the issuer at most this long.
const PATIENCE: Duration = Duration::from_secs(3);

/// What one set of keys has verified goes with it.
struct Keys {
    published: IssuerKeys,
    verified: Verified<AccountClaims>,
}

#[derive(Default)]
struct Known {
    keys: Option<Rc<Keys>>,
    asked_at: UnixMillis,
    failed_at: UnixMillis,
}

thread_local! {
    /// Never borrowed across an await.
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The account that a token of the issuer identifies.
///
/// # Errors
/// 503 while there are no keys; the inner one if the token identifies nobody.
pub(super) async fn account<P: Platform>(
    platform: &P,
    issuer: &Issuer,
    token: &str,
) -> Result<Result<Rc<AccountClaims>, AccountError>, Refusal> {
    let keys = keys(platform, issuer, token).await?;
    let expected = Expected {
        issuer: &issuer.issuer,
        audience: &issuer.audience,
    };
    let signed = keys
        .verified
        .claims(token, |token| keys.published.signed(token, expected));
    Ok(signed.and_then(|claims| claims.judge(&issuer.issuer, platform.now()).map(|()| claims)))
}

async fn keys<P: Platform>(platform: &P, issuer: &Issuer, token: &str) -> Result<Rc<Keys>, Refusal> {
    let now = platform.now();
    let (known, due) = KNOWN.with_borrow_mut(|known| {
        let after_ms = match &known.keys {
            // Whoever comes meanwhile asks as well: an instance may be new, and the crowd at its door.
            None if now.since(known.failed_at) >= RETRY_MS => 0,
            None => u64::MAX,
            Some(keys) if !keys.published.know(token) => UNKNOWN_KEY_MS,
            Some(_) => REFRESH_MS,
        };
        let due = now.since(known.asked_at) >= after_ms;
        if due {
            known.asked_at = now;
        }
        (known.keys.clone(), due)
    });
    if due {
        match fetched(platform, issuer).await {
            Ok(published) => {
                let verified = Verified::new();
                let keys = Rc::new(Keys { published, verified });
                KNOWN.with_borrow_mut(|known| known.keys = Some(Rc::clone(&keys)));
                return Ok(keys);
            }
            Err(problem) => {
                platform.warn(&format!("the issuer's keys: {problem}"));
                KNOWN.with_borrow_mut(|known| known.failed_at = platform.now());
            }
        }
    }
    // An issuer that is away for a while takes nobody's account away.
    known.ok_or_else(|| StoreError("the issuer's keys cannot be had".to_owned()).into())
}

async fn fetched<P: Platform>(platform: &P, issuer: &Issuer) -> Result<IssuerKeys, String> {
    let mut request = HttpRequest::new(Vec::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = issuer.keys_uri.clone();
    request
        .headers_mut()
        .insert(header::ACCEPT, http::HeaderValue::from_static("application/json"));
    let answered = platform
        .ask(request, PATIENCE)
        .await
        .map_err(|error| error.to_string())?;
    if answered.status() != StatusCode::OK {
        return Err(format!("status {}", answered.status().as_u16()));
    }
    IssuerKeys::parse(answered.body()).map_err(|error| error.to_string())
}
