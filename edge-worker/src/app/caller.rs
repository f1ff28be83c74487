//! Who asks: the account behind a Bearer token, and their tag in an event.

use std::rc::Rc;

use http::header;
use stanchion_shared::{
    account::{self, AccountClaims, AccountError},
    identity::{EventId, Tag},
    oidc,
    policy::IdentityPolicy,
};

use super::{
    answer::{Refusal, header_text, sentence},
    cookie, issuer, known,
    verified::Verified,
    visitor,
};
use crate::platform::{HttpRequest, Platform};

thread_local! {
    static ACCOUNTS: Verified<AccountClaims> = Verified::new();
}

/// The account behind the Bearer token; `None` where the request has no `Authorization` header.
pub(super) async fn account<P: Platform>(
    platform: &P,
    request: &HttpRequest,
) -> Result<Option<Rc<AccountClaims>>, Refusal> {
    let Some(value) = header_text(request, header::AUTHORIZATION.as_str()) else {
        return Ok(None);
    };
    let token = account::bearer(value).ok_or_else(|| unauthorized(&AccountError::Invalid))?;
    let config = platform.config();
    // Whom the token says it is by chooses the keys, and they must say the same.
    let other = config.oidc.as_ref();
    if let Some(issuer) = other.filter(|issuer| oidc::claimed_issuer(token).as_ref() == Some(&issuer.issuer)) {
        let identified = issuer::account(platform, issuer, token).await?;
        return identified.map(Some).map_err(|error| unauthorized(&error));
    }
    let identified = ACCOUNTS
        .with(|accounts| accounts.claims(token, |token| account::signed(&config.account_keys, token)))
        .and_then(|claims| claims.judge(&config.account_issuer, platform.now()).map(|()| claims));
    identified.map(Some).map_err(|error| unauthorized(&error))
}

/// Who asks where an event may know visitors: the account behind the Bearer token, or else the visitor behind the cookie.
pub(super) async fn person<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    policy: IdentityPolicy,
) -> Result<Option<Rc<AccountClaims>>, Refusal> {
    if let Some(account) = account(platform, request).await? {
        return Ok(Some(account));
    }
    let visitor = policy.anonymous.then(|| visitor::known(platform, request)).flatten();
    if visitor.is_some() {
        cookie::check_own_origin(request)?;
    }
    Ok(visitor)
}

/// As [`person`], and there must be one.
pub(super) async fn required_person<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    policy: IdentityPolicy,
) -> Result<Rc<AccountClaims>, Refusal> {
    person(platform, request, policy).await?.ok_or_else(sign_in)
}

/// Before an event is known: whether the request says who asks, by an account or as a visitor.
pub(super) async fn said_who<P: Platform>(platform: &P, request: &HttpRequest) -> Result<(), Refusal> {
    if account(platform, request).await?.is_some() || visitor::known(platform, request).is_some() {
        return Ok(());
    }
    Err(sign_in())
}

/// Nobody is known.
pub(super) fn sign_in() -> Refusal {
    Refusal::new(
        401,
        "unauthorized",
        "Sign in and send Authorization: Bearer with your account token.",
    )
    .with(header::WWW_AUTHENTICATE, "Bearer")
}

fn unauthorized(error: &AccountError) -> Refusal {
    let word = if *error == AccountError::Expired {
        "account_token_expired"
    } else {
        "account_token_invalid"
    };
    Refusal::new(401, word, sentence(error)).with(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}

/// The account's tag in an event.
pub(super) async fn tag<P: Platform>(platform: &P, event: &EventId, account: &AccountClaims) -> Result<Tag, Refusal> {
    let key = known::event_key(platform, event).await?;
    Ok(Tag::of(&key, &account.iss, &account.sub))
}
