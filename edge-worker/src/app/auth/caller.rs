//! Who sends a request: the account behind its Bearer token, or the visitor behind its cookie. An
//! endpoint resolves the caller once and hands the value on.

use std::rc::Rc;

use http::header;
use stanchion_shared::{
    account_token::{self, AccountClaims, AccountError},
    ids::{EventId, Tag},
    oidc,
    policy::IdentityPolicy,
};

use super::{oidc_issuer, verified_tokens::VerifiedTokens, visitor};
use crate::{
    app::{
        cache::event_cache,
        http::{
            cookie,
            headers::header_text,
            refusal::{Challenge, Refusal, sentence},
        },
    },
    platform::{HttpRequest, Platform},
};

thread_local! {
    static ACCOUNTS: VerifiedTokens<AccountClaims> = VerifiedTokens::new();
}

/// The caller of one request.
pub(crate) enum Caller {
    /// The request has a Bearer token that is good.
    Account(Rc<AccountClaims>),
    /// The request has no Bearer token, but the cookie of a visitor. Only some events let visitors
    /// join.
    Visitor(Rc<AccountClaims>),
    Unknown,
}

impl Caller {
    /// Resolves the caller of a request.
    ///
    /// # Errors
    /// 401: the Bearer token is not good, or there are credentials of another scheme and no visitor's
    /// cookie. 503 `issuer_unavailable`: the token's issuer cannot be asked for its keys.
    pub(crate) async fn of<P: Platform>(platform: &P, request: &HttpRequest) -> Result<Caller, Refusal> {
        let authorization = header_text(request, header::AUTHORIZATION.as_str());
        // A browser that has signed in at a site by `Basic` sends that to every address of its host.
        let has_bearer = authorization.is_some_and(|value| account_token::bearer(value).is_some());
        if !has_bearer && let Some(visitor) = visitor::of(platform, request) {
            return Ok(Caller::Visitor(visitor));
        }
        let account = account(platform, request).await?;
        Ok(account.map_or(Caller::Unknown, Caller::Account))
    }

    /// Checks that there is a caller, as long as the event is not known.
    ///
    /// # Errors
    /// 401 `unauthorized`.
    pub(crate) fn check_known(&self) -> Result<(), Refusal> {
        match self {
            Caller::Account(_) | Caller::Visitor(_) => Ok(()),
            Caller::Unknown => Err(sign_in()),
        }
    }

    /// The person who calls, in an event with this policy: an account, or a visitor where the event
    /// lets visitors join.
    ///
    /// # Errors
    /// 403 `origin_of_other`: a visitor's write does not come from a page of this site.
    pub(crate) fn person(
        &self,
        request: &HttpRequest,
        policy: IdentityPolicy,
    ) -> Result<Option<Rc<AccountClaims>>, Refusal> {
        match self {
            Caller::Account(account) => Ok(Some(Rc::clone(account))),
            Caller::Visitor(visitor) if policy.anonymous => {
                cookie::check_own_origin(request)?;
                Ok(Some(Rc::clone(visitor)))
            }
            Caller::Visitor(_) | Caller::Unknown => Ok(None),
        }
    }

    /// As [`Caller::person`], where the request needs a person.
    ///
    /// # Errors
    /// Also 401 `unauthorized`.
    pub(crate) fn required_person(
        &self,
        request: &HttpRequest,
        policy: IdentityPolicy,
    ) -> Result<Rc<AccountClaims>, Refusal> {
        self.person(request, policy)?.ok_or_else(sign_in)
    }
}

/// The account behind the Bearer token; `None` if the request has no `Authorization` header.
async fn account<P: Platform>(platform: &P, request: &HttpRequest) -> Result<Option<Rc<AccountClaims>>, Refusal> {
    let Some(value) = header_text(request, header::AUTHORIZATION.as_str()) else {
        return Ok(None);
    };
    let token = account_token::bearer(value).ok_or_else(|| unauthorized(&AccountError::Invalid))?;
    let config = platform.config();
    // The issuer that the token names decides which keys verify it, and the verified claims must
    // name the same issuer.
    let configured = config.oidc.as_ref();
    if let Some(issuer) = configured.filter(|issuer| oidc::claimed_issuer(token).as_ref() == Some(&issuer.issuer)) {
        let identified = oidc_issuer::account(platform, issuer, token).await?;
        return identified.map(Some).map_err(|error| unauthorized(&error));
    }
    let identified = ACCOUNTS
        .with(|accounts| {
            accounts.claims(token, |token| {
                account_token::verify_signature(&config.account_keys, token)
            })
        })
        .and_then(|claims| claims.check(&config.account_issuer, platform.now()).map(|()| claims));
    identified.map(Some).map_err(|error| unauthorized(&error))
}

/// The person's tag in an event.
///
/// # Errors
/// 404 `event_unknown`, 503 `unavailable`.
pub(crate) async fn tag<P: Platform>(platform: &P, event: &EventId, person: &AccountClaims) -> Result<Tag, Refusal> {
    let key = event_cache::event_key(platform, event).await?;
    Ok(Tag::of(&key, &person.iss, &person.sub))
}

/// The request needs an account and has none.
pub(crate) fn sign_in() -> Refusal {
    Refusal::unauthorized(
        Challenge::AccountToken,
        "unauthorized",
        "Sign in and send Authorization: Bearer with your account token.",
    )
}

fn unauthorized(error: &AccountError) -> Refusal {
    let word = if *error == AccountError::Expired {
        "account_token_expired"
    } else {
        "account_token_invalid"
    };
    Refusal::unauthorized(Challenge::OtherAccountToken, word, sentence(error))
}
