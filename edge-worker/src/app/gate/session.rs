//! The shopping session of a request: a shop token in the header (apps) or in the event's cookie
//! (browsers). It is judged by keys and clock, and by what the organiser has revoked.

use std::rc::Rc;

use stanchion_shared::{
    ids::EventId,
    policy::gate::GateMode,
    shop_token::{self, ShopClaims, ShopTokenError},
};

use crate::{
    app::{
        auth::verified_tokens::VerifiedTokens,
        cache::event_cache::{self, KnownEvent},
        http::{
            cookie::{self, Cookie},
            headers::{SHOP_TOKEN_HEADER, header_text},
            refusal::{Challenge, Refusal, sentence},
        },
    },
    platform::{HttpRequest, Platform},
};

thread_local! {
    static SESSIONS: VerifiedTokens<ShopClaims> = VerifiedTokens::new();
}

/// A live shopping session, and the shop token that proves it.
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) claims: Rc<ShopClaims>,
}

/// The session that opens `event` of Stanchion's own shop, or any event of it if the path names
/// none, and its event as it was last known.
///
/// # Errors
/// 401 or 403 if there is none, 503 if the gate is closed for everybody or nothing is known of the
/// event.
pub(crate) async fn of<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: Option<&EventId>,
) -> Result<(Session, KnownEvent), Refusal> {
    let session = find(platform, request, event)?;
    // A session at a protected site opens nothing of Stanchion's own shop, whose paths need not name
    // the event.
    if !platform.config().sites.is_of_shop(&session.claims.event) {
        return Err(refusal(&ShopTokenError::OtherEvent));
    }
    // Whoever is in stays in while the event cannot be read: the last policy known holds, and with it
    // the revocations that were known.
    let snapshot = event_cache::last_known(platform, &session.claims.event).await?;
    Ok((admitted(platform, session, &snapshot).await?, snapshot))
}

/// As [`of`], for the event of a snapshot that is at hand.
///
/// # Errors
/// As [`of`].
pub(super) async fn of_event<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
) -> Result<Session, Refusal> {
    let session = find(platform, request, Some(&snapshot.event_id))?;
    admitted(platform, session, snapshot).await
}

/// The session that the request proves, of whatever event, as long as its token is good.
///
/// # Errors
/// 401, or 403 for a write that comes from another site's page.
pub(crate) fn any<P: Platform>(platform: &P, request: &HttpRequest) -> Result<Session, Refusal> {
    find(platform, request, None)
}

/// The same, of one event.
///
/// # Errors
/// As [`any`].
pub(crate) fn of_browser<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<Session, Refusal> {
    find(platform, request, Some(event))
}

/// The session that the request proves, whatever the organiser has decided since it began.
fn find<P: Platform>(platform: &P, request: &HttpRequest, event: Option<&EventId>) -> Result<Session, Refusal> {
    let (token, claims) = match header_text(request, SHOP_TOKEN_HEADER) {
        Some(token) => (token, judge(platform, token, event).map_err(|error| refusal(&error))?),
        None => {
            let token = in_cookie(platform, request, event)?;
            // A browser cannot help which cookies it has. One that opens another event is none.
            let in_cookie = |error| match error {
                ShopTokenError::OtherEvent => missing(),
                error => refusal(&error),
            };
            (token, judge(platform, token, event).map_err(in_cookie)?)
        }
    };
    Ok(Session {
        token: token.to_owned(),
        claims,
    })
}

/// The session, unless the organiser lets nobody in or has revoked it, or it has ended.
async fn admitted<P: Platform>(platform: &P, session: Session, snapshot: &KnownEvent) -> Result<Session, Refusal> {
    let gate = &snapshot.settings.policy.gate;
    if gate.mode == GateMode::Reject {
        return Err(Refusal::gate_closed());
    }
    if gate.revokes(&session.claims.jti, session.claims.began_at()) {
        return Err(revoked());
    }
    if event_cache::has_ended(platform, snapshot, &session.claims.jti).await {
        return Err(ended());
    }
    Ok(session)
}

fn judge<P: Platform>(platform: &P, token: &str, event: Option<&EventId>) -> Result<Rc<ShopClaims>, ShopTokenError> {
    let config = platform.config();
    let claims = SESSIONS
        .with(|sessions| sessions.claims(token, |token| shop_token::verify_signature(&config.shop_keys, token)))?;
    claims.check(&config.shop_issuer, platform.now())?;
    event.map_or(Ok(()), |event| claims.opens(event))?;
    Ok(claims)
}

/// The shop token in the event's cookie. If the path names no event it is the one session that is
/// alive: of several the request must say which it means.
fn in_cookie<'a, P: Platform>(
    platform: &P,
    request: &'a HttpRequest,
    event: Option<&EventId>,
) -> Result<&'a str, Refusal> {
    let found = match event {
        Some(event) => {
            let mut tokens = cookie::values(platform, request, Cookie::ShopToken(event)).peekable();
            let first = tokens.peek().copied();
            tokens
                .find(|token| judge(platform, token, Some(event)).is_ok())
                .or(first)
        }
        None => {
            let tokens = cookie::shop_tokens(platform, request);
            let mut alive = tokens.filter(|token| judge(platform, token, None).is_ok());
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

const CHALLENGE: Challenge = Challenge::Header(SHOP_TOKEN_HEADER);

fn missing() -> Refusal {
    Refusal::unauthorized(
        CHALLENGE,
        "shop_token_missing",
        "Shopping needs the shop token that the queue gives at your turn.",
    )
}

fn revoked() -> Refusal {
    Refusal::unauthorized(
        CHALLENGE,
        "shop_token_revoked",
        "This shopping session was ended by the organiser.",
    )
}

fn ended() -> Refusal {
    Refusal::unauthorized(
        CHALLENGE,
        "shop_token_ended",
        "This shopping session has ended. Join again to shop.",
    )
}

fn refusal(error: &ShopTokenError) -> Refusal {
    let unauthorized = |word| Refusal::unauthorized(CHALLENGE, word, sentence(error));
    match error {
        ShopTokenError::Invalid => unauthorized("shop_token_invalid"),
        ShopTokenError::Expired => unauthorized("shop_token_expired"),
        ShopTokenError::OtherEvent => Refusal::new(403, "token_for_other_event", sentence(error)),
    }
}
