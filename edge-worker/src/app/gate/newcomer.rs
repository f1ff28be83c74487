//! Somebody comes to a protected site while there is room: the first request passes.
//!
//! The checks are those of a join, as far as they need no script: how often an account and an address
//! ask, and how many people use its networks. A person who would be refused has to join, with a proof
//! of work, and so has one whose network has many already: nothing else would keep a program from
//! taking all the room.

use std::rc::Rc;

use http::HeaderMap;
use stanchion_shared::{
    account_token::AccountClaims,
    ids::{Serial, Tag},
    score::{BotVerdict, sharing::AccountKind},
};

use super::without_session::may_be_new;
use crate::{
    app::{
        auth::{
            caller::{self, Caller},
            visitor,
        },
        bots::score::{self, JoinAttempt},
        cache::event_cache::{self, KnownEvent},
        http::{headers::header_text, refusal::Refusal},
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

/// Lets the person of a request in, if there is room, or finds the session that they are in: the
/// browser may have lost its token, or have kept it for too long. A ticket with the serial `over` holds
/// nobody up. A person who is not let in, for whatever reason, sees the waiting page.
///
/// # Errors
/// Nobody can say who it is.
pub(super) async fn walk_in<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
    over: Option<Serial>,
) -> Result<Option<Newcomer>, Refusal> {
    if snapshot.slots().is_none() || is_fetched_ahead(request) {
        return Ok(None);
    }
    let has_room = snapshot.may_walk_in(platform.now());
    match find_person(platform, request, snapshot).await? {
        Some(person) => {
            let tag = caller::tag(platform, &snapshot.event_id, &person).await?;
            let mut session = walk_in::find(platform, snapshot, &person, tag).await;
            if session.is_none() && has_room {
                session = checked(platform, request, snapshot, &person, over).await?;
            }
            Ok(session.map(|session| Newcomer { session, visitor: None }))
        }
        None if has_room && may_be_new(platform, request, snapshot) => {
            let (person, token) = visitor::new(platform);
            let session = checked(platform, request, snapshot, &person, over).await?;
            let visitor = Some(token);
            Ok(session.map(|session| Newcomer { session, visitor }))
        }
        None => Ok(None),
    }
}

/// Whether a browser asks for a page that nobody has asked for yet (Resource Hints and Speculation
/// Rules). Nobody would use its session.
fn is_fetched_ahead(request: &HttpRequest) -> bool {
    let says = |name| header_text(request, name).is_some_and(|purpose| purpose.contains("prefetch"));
    ["sec-purpose", "purpose"].into_iter().any(says)
}

/// The person whom a request names, if it does so in a way that is good here. A site may have an
/// `Authorization` of its own.
async fn find_person<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
) -> Result<Option<Rc<AccountClaims>>, Refusal> {
    let caller = match Caller::of(platform, request).await {
        Ok(caller) => caller,
        Err(refusal) if refusal.is_fault() => return Err(refusal),
        Err(_) => return Ok(None),
    };
    let person = caller.person(request, snapshot.settings.policy.identity);
    Ok(person.unwrap_or_default())
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
    let (address, policy) = (platform.client_address(request), &snapshot.settings.policy);
    if rate_limit::join(event, tag, address, policy.limits, now).is_err() {
        return Ok(None);
    }
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
    let is_crowded = scored.is_crowded(policy.bots.accounts_per_address);
    let BotVerdict::Join(tier) = scored.score.verdict() else {
        return Ok(None);
    };
    if is_crowded {
        return Ok(None);
    }
    let session = walk_in::walk_in(platform, snapshot, person, tag, (tier, over)).await;
    if session.is_some() {
        score::note_uses(platform, snapshot, scored.new_uses.of_walk_in()).await;
    }
    Ok(session)
}
