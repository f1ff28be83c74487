//! A person comes in without a turn and gets the shop token at once: there is room beside what is
//! kept for everybody who waits. No ticket is needed and none is given.

use http::HeaderMap;
use stanchion_shared::{
    account_token::AccountClaims,
    ids::{Serial, Tag, Tier},
    shop_token::ShopClaims,
    timestamp::UnixMillis,
    wire::{QueueStatus, WalkInAnswer},
};

use super::claim::{self, Shopper};
use crate::{
    app::{
        cache::{asking, event_cache::KnownEvent},
        http::cookie::{self, Cookie},
    },
    platform::{Platform, QueueStore, WalkIn, WalkInOutcome},
};

/// A session that began without a turn.
pub(crate) struct WalkedIn {
    /// It begins now; otherwise the person was in.
    pub(crate) begins: bool,
    pub(crate) token: String,
    pub(crate) claims: ShopClaims,
}

impl WalkedIn {
    /// What a join is answered.
    pub(crate) fn answer(&self) -> WalkInAnswer {
        WalkInAnswer {
            queue_token: None,
            status: QueueStatus::YourTurn,
            shop_token: self.token.clone(),
            shop_expires_at: UnixMillis(self.claims.exp * 1000),
        }
    }

    /// Lets a browser keep the shop token.
    pub(crate) fn set_cookie<P: Platform>(&self, platform: &P, headers: &mut HeaderMap) {
        let seconds = self.claims.exp.saturating_sub(platform.now().floor_seconds());
        let cookie = Cookie::ShopToken(&self.claims.event);
        cookie::set(platform, headers, cookie, &self.token, seconds);
    }
}

/// Lets a person of this tier in, if there is room; otherwise they have to queue, also where nobody can
/// say it. A ticket with the serial `over` holds nobody up.
pub(crate) async fn walk_in<P: Platform>(
    platform: &P,
    snapshot: &KnownEvent,
    person: &AccountClaims,
    tag: Tag,
    (tier, over): (Tier, Option<Serial>),
) -> Option<WalkedIn> {
    let now = platform.now();
    match snapshot.is_current(now) && snapshot.may_walk_in(now) {
        true => ask(platform, snapshot, person, tag, WalkInKind::Begins { tier, over }).await,
        false => None,
    }
}

/// Finds the session that a person is in.
pub(crate) async fn find<P: Platform>(
    platform: &P,
    snapshot: &KnownEvent,
    person: &AccountClaims,
    tag: Tag,
) -> Option<WalkedIn> {
    ask(platform, snapshot, person, tag, WalkInKind::IsIn).await
}

/// What a person asks for.
enum WalkInKind {
    /// A session, a new one if need be.
    Begins { tier: Tier, over: Option<Serial> },
    /// The session that they are in.
    IsIn,
}

async fn ask<P: Platform>(
    platform: &P,
    snapshot: &KnownEvent,
    person: &AccountClaims,
    tag: Tag,
    kind: WalkInKind,
) -> Option<WalkedIn> {
    let (tier, over, only_if_in) = match kind {
        WalkInKind::Begins { tier, over } => (tier, over, false),
        WalkInKind::IsIn => (Tier::Human, None, true),
    };
    let mut session = [0; 16];
    platform.random(&mut session);
    let session = hex::encode(session);
    let (settings, event) = (&snapshot.settings, &snapshot.event_id);
    let walk_in = WalkIn {
        tag,
        over,
        tier,
        only_if_in,
        shopping_ms: settings.longest_session_ms(),
        idle_ms: settings.policy.gate.idle_ms,
        session: session.clone(),
    };
    let (store, shard) = (platform.store(), tag.shard(snapshot.shards()));
    let asked = store.walk_in(event, shard, walk_in);
    // What fails is in the log.
    let Ok(WalkInOutcome::Window(window)) = asking::shard(platform, event, shard, asked).await else {
        return None;
    };
    if claim::is_revoked(&settings.policy, &window) || window.over_at() <= platform.now() {
        return None;
    }
    let shopper = Shopper {
        event,
        sub: &person.sub,
        tag,
        place: None,
    };
    let (claims, token) = claim::shop_token(platform, settings, &shopper, &window);
    let begins = window.session == session;
    Some(WalkedIn { begins, token, claims })
}
