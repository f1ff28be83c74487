//! In front of a protected site a session may live on while it is used: its shop token is short and
//! gets a later end, in the browser's cookie.
//!
//! Where sessions end when they are idle, the shard of the person is told so once in half of the idle
//! time, before the token gets its later end. So a slot is free when nobody comes any more.

use http::HeaderMap;
use stanchion_shared::{
    shop_token::{self, ShopClaims},
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

use crate::{
    app::{
        cache::asking,
        http::cookie::{self, Cookie},
    },
    platform::{KeepOutcome, KeepSession, Platform, QueueStore},
};

/// How long a token lives that is renewed at each use, in ms; `None` where tokens live as long as
/// their sessions.
fn token_ms(snapshot: &Snapshot) -> Option<u64> {
    let settings = &snapshot.settings;
    let gate = &settings.policy.gate;
    let renewed_ms = gate.renew_sessions.then_some(settings.shopping_ms);
    [gate.idle_ms, renewed_ms].into_iter().flatten().min()
}

/// The last second of a session by the present settings.
fn last_second(snapshot: &Snapshot, session: &ShopClaims) -> u64 {
    let longest_ms = snapshot.settings.longest_session_ms();
    session.began_at().plus(longest_ms).floor_seconds()
}

/// Gives a session whose token is half over a later end.
pub(super) async fn renew<P: Platform>(
    platform: &P,
    headers: &mut HeaderMap,
    snapshot: &Snapshot,
    session: &ShopClaims,
) {
    let now = platform.now();
    let Some(token_ms) = token_ms(snapshot).filter(|token_ms| is_half_over(session, *token_ms, now)) else {
        return;
    };
    let last = match snapshot.settings.policy.gate.idle_ms {
        None => last_second(snapshot, session),
        Some(idle_ms) => match keep(platform, snapshot, session, idle_ms).await {
            Kept::Until(until) => until.floor_seconds(),
            Kept::Unknown => last_second(snapshot, session),
            Kept::Over => return,
        },
    };
    let exp = now.plus(token_ms).floor_seconds().min(last).max(session.exp);
    if exp == session.exp {
        return;
    }
    let renewed = ShopClaims { exp, ..session.clone() };
    let token = shop_token::sign(&platform.config().signing_keys, &renewed);
    let seconds = exp.saturating_sub(now.floor_seconds());
    cookie::set(platform, headers, Cookie::ShopToken(&session.event), &token, seconds);
}

fn is_half_over(session: &ShopClaims, token_ms: u64, now: UnixMillis) -> bool {
    session.exp <= now.plus(token_ms / 2).floor_seconds()
}

/// What the shard says of a session that is used.
enum Kept {
    /// It is over then, unless it is used again.
    Until(UnixMillis),
    /// It is over.
    Over,
    /// The shard is silent, or the token is of an earlier version and does not say whose it is. The
    /// shopper goes on.
    Unknown,
}

async fn keep<P: Platform>(platform: &P, snapshot: &Snapshot, claims: &ShopClaims, idle_ms: u64) -> Kept {
    let Some(tag) = claims.tag else {
        return Kept::Unknown;
    };
    let (event, shard) = (&claims.event, tag.shard(snapshot.shards()));
    let session = claims.jti.clone();
    let store = platform.store();
    let keep = KeepSession { tag, session, idle_ms };
    match asking::shard(platform, event, shard, store.keep_session(event, shard, keep)).await {
        Ok(KeepOutcome::Kept { until }) => Kept::Until(until),
        Ok(KeepOutcome::Over) => Kept::Over,
        Err(_) => Kept::Unknown, // the log says it
    }
}
