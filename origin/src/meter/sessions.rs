//! Who is shopping: a session is recorded on its first gated request and forgotten when it completes or ends.
//!
//! Kept in Redis, because several origins see the fans of one event. Three sorted sets per event, in one hash slot:
//! `stanchion:{event}:sessions` (jti, by its end), `stanchion:{event}:sessions:first_seen` (jti, by when) and `stanchion:{event}:sessions:completed` (jti,
//! by its end; so that a later request of a completed session does not bring it back).

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use redis::{RedisResult, Script};
use stanchion_shared::{admission::ShopClaims, identity::EventId, timestamp::UnixMillis};

use crate::{clock, state::App};

/// A place served this long ago and not seen since is a fan who stays away, in milliseconds.
pub const ON_THEIR_WAY_MS: u64 = 10_000;
/// Sessions a process remembers having reported; beyond, all are reported again, which does no harm.
pub const MAX_REMEMBERED: usize = 100_000;

static SEEN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/session_seen.lua")));
static COMPLETED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/session_completed.lua")));
static COUNT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/session_count.lua")));

/// The sessions this process has already reported, by jti, with the end it reported. It only saves round trips.
#[derive(Default)]
pub struct Sessions {
    reported: Mutex<HashMap<String, u64>>,
}

impl Sessions {
    fn is_reported(&self, claims: &ShopClaims) -> bool {
        self.reported.lock().expect("no holder panics").get(&claims.jti) == Some(&claims.exp)
    }

    fn remember(&self, claims: &ShopClaims, now: UnixMillis) {
        let mut reported = self.reported.lock().expect("no holder panics");
        if reported.len() >= MAX_REMEMBERED {
            reported.retain(|_, exp| *exp > now.floor_seconds());
        }
        if reported.len() >= MAX_REMEMBERED {
            reported.clear();
        }
        reported.insert(claims.jti.clone(), claims.exp);
    }
}

/// How many are shopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCounts {
    /// Seen, not over, not completed.
    pub shopping: u32,
    /// Seen for the first time within the last [`ON_THEIR_WAY_MS`], completed ones included.
    pub newly_seen: u32,
}

fn keys(event: &EventId) -> [String; 3] {
    ["", ":first_seen", ":completed"].map(|set| format!("stanchion:{{{event}}}:sessions{set}"))
}

/// Records the session of `claims`. Redis is asked only the first time this process sees it. A failure is logged and made
/// up for by the session's next request.
pub async fn seen(app: &App, claims: &ShopClaims) {
    if app.sessions.is_reported(claims) {
        return;
    }
    match report(app, &SEEN, claims).await {
        Ok(()) => app.sessions.remember(claims, clock::now()),
        Err(error) => tracing::warn!(%error, "a shopping session could not be recorded"),
    }
}

/// Takes the session of `claims` out of the count: its fan has bought. Repeating does no harm.
///
/// # Errors
/// Redis does not answer; the session then counts until it ends.
pub async fn completed(app: &App, claims: &ShopClaims) -> RedisResult<()> {
    report(app, &COMPLETED, claims).await
}

async fn report(app: &App, script: &Script, claims: &ShopClaims) -> RedisResult<()> {
    let mut invocation = script.prepare_invoke();
    for key in keys(&claims.event) {
        invocation.key(key);
    }
    invocation
        .arg(&claims.jti)
        .arg(claims.exp.saturating_mul(1000))
        .invoke_async(&mut app.redis.clone())
        .await
}

/// Counts, and forgets what has ended.
///
/// # Errors
/// Redis does not answer.
pub async fn count(app: &App, event: &EventId) -> RedisResult<SessionCounts> {
    let mut invocation = COUNT.prepare_invoke();
    for key in keys(event) {
        invocation.key(key);
    }
    let (shopping, newly_seen) = invocation
        .arg(ON_THEIR_WAY_MS)
        .invoke_async(&mut app.redis.clone())
        .await?;
    Ok(SessionCounts { shopping, newly_seen })
}
