//! Requests that Stanchion's own origin answers, but for browsing. The edge checks what each needs
//! before the origin hears of it: a pace, an account token, or a shopping session.

use std::rc::Rc;

use http::{Method, header};
use stanchion_shared::{account_token::AccountClaims, ids::EventId};

use crate::{
    app::{
        auth::caller::{self, Caller},
        cache::account_cache,
        gate::{proxy, session, session_end},
        http::{form::query, headers::header_text, refusal::Refusal},
        network_pace::{self, Paced},
        rate_limit,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// The length of the signature in the address of a barcode's picture, in hex digits
/// (`origin/src/tickets/barcode.rs`).
const ADDRESS_SIGNATURE_LENGTH: usize = 32;

/// Passes a sign-in or sign-up on.
///
/// # Errors
/// 429 `too_many_requests`; 503 `unavailable`: the origin does not answer.
pub(crate) async fn sign_in<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    network_pace::count(platform, request, Paced::SignIn).await?;
    proxy::pass(platform, request).await
}

/// Passes a request on that has an account token.
///
/// # Errors
/// 401: there is none, or it is not good. 429 `too_many_requests`. 503: the origin, or the issuer
/// of the token, does not answer.
pub(crate) async fn of_account<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    account(platform, request).await?;
    proxy::pass(platform, request).await
}

/// As [`of_account`], for what an account is among the verified fans of an event.
///
/// # Errors
/// As [`of_account`].
pub(crate) async fn of_fan<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let account = account(platform, request).await?;
    if *request.method() == Method::HEAD {
        return proxy::pass(platform, request).await;
    }
    if *request.method() == Method::GET {
        let fetch = async || proxy::pass(platform, request).await;
        return account_cache::get_or_fetch(platform, request, &account, fetch).await;
    }
    let changed = proxy::pass(platform, request).await;
    account_cache::forget(&account, request.uri().path());
    changed
}

/// Passes a request on that has an account token, or whose address is signed.
///
/// # Errors
/// As [`of_account`].
pub(crate) async fn signed_address<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    if header_text(request, header::AUTHORIZATION.as_str()).is_some() {
        return of_account(platform, request).await;
    }
    let is_signature =
        |text: &str| text.len() == ADDRESS_SIGNATURE_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !query(request, "signature").is_some_and(is_signature) {
        return Err(caller::sign_in());
    }
    network_pace::count(platform, request, Paced::Uncached).await?;
    proxy::pass(platform, request).await
}

/// Passes a guarded request on if it has a live session, of `event` where the path names one. A
/// session of an event that admits while there is room ends when its fan has bought.
///
/// # Errors
/// What [`session::of`] says; 503 `unavailable`: the origin does not answer.
pub(crate) async fn guarded<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: Option<&EventId>,
) -> Result<HttpResponse, Refusal> {
    let (session, snapshot) = session::of(platform, request, event).await?;
    let (mut response, word) = proxy::pass_in_session(platform, request, &session.token).await?;
    if session_end::ends(word, &snapshot) {
        session_end::end(platform, response.headers_mut(), &snapshot, &session.claims).await;
    }
    Ok(response)
}

/// The account that asks, within its limit. A visitor has no account at the origin.
async fn account<P: Platform>(platform: &P, request: &HttpRequest) -> Result<Rc<AccountClaims>, Refusal> {
    match Caller::of(platform, request).await? {
        Caller::Account(account) => {
            rate_limit::origin_request(&account, platform.now())?;
            Ok(account)
        }
        Caller::Visitor(_) | Caller::Unknown => Err(caller::sign_in()),
    }
}
