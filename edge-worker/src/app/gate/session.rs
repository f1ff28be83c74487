//! The shopping session behind a request: a shop token in the header (apps) or in the event's cookie (browsers), judged by
//! keys, clock, and what the event's policy has revoked.

use std::rc::Rc;

use stanchion_shared::{
    admission::{self, ShopClaims, ShopTokenError},
    identity::EventId,
    policy::gate::Mode,
};

use crate::{
    app::{
        answer::{Refusal, header_text, sentence},
        cookie, known,
        verified::Verified,
    },
    platform::{HttpRequest, Platform},
};

/// Header that carries the shop token.
pub(in crate::app) const SHOP_TOKEN_HEADER: &str = "shop-token";

thread_local! {
    static SESSIONS: Verified<ShopClaims> = Verified::new();
}

/// A session that is alive, and the token that says so.
pub(super) struct Session {
    pub(super) token: String,
    pub(super) claims: Rc<ShopClaims>,
}

/// The session that opens `event`, or where the path names none, any.
///
/// # Errors
/// 401 or 403 if there is none, 503 if the gate is closed for everybody or the event's policy cannot be had.
pub(super) async fn of<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: Option<&EventId>,
) -> Result<Session, Refusal> {
    let token = match header_text(request, SHOP_TOKEN_HEADER) {
        Some(token) => token,
        None => in_cookie(platform, request, event)?,
    };
    let claims = judge(platform, token, event).map_err(|error| refusal(&error))?;
    let snapshot = known::snapshot(platform, &claims.event).await?;
    let gate = &snapshot.config.policy.gate;
    if gate.mode == Mode::Reject {
        return Err(closed());
    }
    if gate.revokes(&claims.jti, claims.iat) {
        return Err(revoked());
    }
    Ok(Session {
        token: token.to_owned(),
        claims,
    })
}

fn judge<P: Platform>(platform: &P, token: &str, event: Option<&EventId>) -> Result<Rc<ShopClaims>, ShopTokenError> {
    let config = platform.config();
    let claims =
        SESSIONS.with(|sessions| sessions.claims(token, |token| admission::signed(&config.shop_keys, token)))?;
    claims.judge(&config.shop_issuer, platform.now())?;
    event.map_or(Ok(()), |event| claims.opens(event))?;
    Ok(claims)
}

/// Where the path names no event, the one session that is alive: of several the request must say which it means.
fn in_cookie<'a, P: Platform>(
    platform: &P,
    request: &'a HttpRequest,
    event: Option<&EventId>,
) -> Result<&'a str, Refusal> {
    let found = match event {
        Some(event) => cookie::find(request, &cookie::shop_token_of(event)),
        None => {
            let prefix = format!("{}shop.", cookie::PREFIX);
            let tokens = cookie::all(request).filter(|(name, _)| name.starts_with(&prefix));
            let mut alive = tokens
                .map(|(_, token)| token)
                .filter(|token| judge(platform, token, None).is_ok());
            let first = alive.next();
            if alive.next().is_some() {
                let message = "Several events are open to you: send the Shop-Token of the one you mean.";
                return Err(Refusal::new(400, "shop_token_ambiguous", message));
            }
            first
        }
    };
    let token = found.ok_or_else(missing)?;
    cookie::check_own_origin(request)?;
    Ok(token)
}

fn missing() -> Refusal {
    Refusal::new(
        401,
        "shop_token_missing",
        "Shopping needs the shop token that the queue gives at your turn.",
    )
}

fn revoked() -> Refusal {
    Refusal::new(
        401,
        "shop_token_revoked",
        "This shopping session was ended by the organiser.",
    )
}

/// The admin lets nobody in.
pub(in crate::app) fn closed() -> Refusal {
    Refusal::new(
        503,
        "gate_closed",
        "The organiser lets nobody in at the moment. Places in the queue are kept.",
    )
    .with(http::header::RETRY_AFTER, "60")
}

fn refusal(error: &ShopTokenError) -> Refusal {
    let (status, word) = match error {
        ShopTokenError::Invalid => (401, "shop_token_invalid"),
        ShopTokenError::Expired => (401, "shop_token_expired"),
        ShopTokenError::OtherEvent => (403, "token_for_other_event"),
    };
    Refusal::new(status, word, sentence(error))
}
