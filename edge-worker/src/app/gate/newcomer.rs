//! Somebody comes to a protected site while nobody waits and there is room: the first request passes.
//!
//! The checks are those of a join, as far as they need no script: how often an account and an address
//! ask, what is known of the address, and how many people use its networks. Whoever would be refused
//! has to join.

use http::HeaderMap;
use stanchion_shared::{
    account_token::AccountClaims,
    ids::{Serial, Tag},
    score::{BotVerdict, sharing::AccountKind},
};

use super::without_session::may_be_new;
use crate::{
    app::{
        auth::{caller::Caller, visitor},
        bots::score::{self, JoinAttempt},
        cache::event_cache::{self, KnownEvent},
        http::refusal::Refusal,
        rate_limit,
        ticket::walk_in::{self, WalkedIn},
    },
    platform::{HttpRequest, Platform},
};

/// A person who just came in.
pub(super) struct Newcomer {
    pub(super) session: WalkedIn,
    /// The token of a visitor whom the browser does not know yet.
    visitor: Option<String>,
}

impl Newcomer {
    /// Lets the browser keep the session, and who it is.
    pub(super) fn set_cookies<P: Platform>(&self, platform: &P, headers: &mut HeaderMap) {
        if let Some(token) = &self.visitor {
            visitor::remember(platform, headers, token);
        }
        self.session.set_cookie(platform, headers);
    }
}

/// Lets the person of a request in, if nobody waits and there is room. A ticket with the serial `over`
/// holds nobody up.
///
/// # Errors
/// The request is forbidden, or asks too often.
pub(super) async fn walk_in<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
    over: Option<Serial>,
) -> Result<Option<Newcomer>, Refusal> {
    if !snapshot.may_walk_in(platform.now()) {
        return Ok(None);
    }
    let known = Caller::of(platform, request).await?;
    let known = known.person(request, snapshot.settings.policy.identity)?;
    let (person, visitor) = match known {
        Some(person) => ((*person).clone(), None),
        None if may_be_new(platform, request, snapshot) => {
            let (person, token) = visitor::new(platform);
            (person, Some(token))
        }
        None => return Ok(None),
    };
    let session = checked(platform, request, snapshot, &person, over).await?;
    Ok(session.map(|session| Newcomer { session, visitor }))
}

async fn checked<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
    person: &AccountClaims,
    over: Option<Serial>,
) -> Result<Option<WalkedIn>, Refusal> {
    let now = platform.now();
    let event = &snapshot.event_id;
    let key = event_cache::event_key(platform, event).await?;
    let tag = Tag::of(&key, &person.iss, &person.sub);
    let address = platform.client_address(request);
    rate_limit::join(event, tag, address, snapshot.settings.policy.limits, now)?;
    let attempt = JoinAttempt {
        request,
        device_fingerprint: "",
        snapshot,
        key: &key,
        tag,
        account: person.account.map(|record| AccountKind::of(record, now)),
        arrived_at: now,
    };
    let scored = score::score(platform, attempt, None, None).await;
    if scored.score.verdict() == BotVerdict::Refuse {
        return Ok(None);
    }
    let session = walk_in::walk_in(platform, snapshot, person, tag, over).await;
    if session.is_some() {
        score::note_uses(platform, snapshot, scored.new_uses).await;
    }
    Ok(session)
}
