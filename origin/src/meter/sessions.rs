//! Who is shopping: a session is recorded on its first gated request and forgotten when it completes or ends.
//!
//! Kept in Redis, because several origins see the fans of one event. Three sorted sets per event, in one hash slot:
//! `stanchion:{event}:sessions` (jti, by its end), `stanchion:{event}:sessions:places` (jti, by its place; the latest ones
//! only) and `stanchion:{event}:sessions:completed` (jti, by its end; so that a later request of a completed session does
//! not bring it back).

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use redis::{AsyncCommands, RedisResult, Script};
use stanchion_shared::{admission::ShopClaims, identity::EventId, timestamp::UnixMillis};

use crate::{clock, state::App};

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
    /// Seen, with a place after the one asked about; completed ones included.
    pub seen_after: u32,
}

fn keys(event: &EventId) -> [String; 3] {
    ["", ":places", ":completed"].map(|set| format!("stanchion:{{{event}}}:sessions{set}"))
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
    let end = claims.exp.saturating_mul(1000);
    invocation.arg(&claims.jti).arg(end).arg(claims.place.0);
    invocation.invoke_async(&mut app.redis.clone()).await
}

/// Counts, and forgets what has ended and the places up to `place`. Only the meter asks for this: its `place` grows.
///
/// # Errors
/// Redis does not answer.
pub async fn count(app: &App, event: &EventId, place: u64) -> RedisResult<SessionCounts> {
    let mut invocation = COUNT.prepare_invoke();
    for key in keys(event) {
        invocation.key(key);
    }
    let (shopping, seen_after) = invocation.arg(place).invoke_async(&mut app.redis.clone()).await?;
    Ok(SessionCounts { shopping, seen_after })
}

/// How many are shopping, for those who only watch.
///
/// # Errors
/// Redis does not answer.
pub async fn shopping(app: &App, event: &EventId) -> RedisResult<u32> {
    let [sessions, ..] = keys(event);
    let now = format!("({}", clock::now().0);
    app.redis.clone().zcount(sessions, now, "+inf").await
}

#[cfg(test)]
mod tests {
    use stanchion_shared::{admission::AUDIENCE, identity::Place};

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn claims(jti: usize, exp: u64) -> ShopClaims {
        let event = EventId::parse("e").unwrap();
        let (iss, aud, sub) = ("edge".to_owned(), AUDIENCE.to_owned(), "fan".to_owned());
        ShopClaims {
            iss,
            aud,
            sub,
            jti: jti.to_string(),
            iat: 0,
            exp,
            event,
            place: Place(1),
        }
    }

    #[test]
    fn a_session_is_reported_once_and_again_when_its_end_moves() {
        let sessions = Sessions::default();
        assert!(!sessions.is_reported(&claims(1, 2_000)));
        sessions.remember(&claims(1, 2_000), NOW);
        assert!(sessions.is_reported(&claims(1, 2_000)) && !sessions.is_reported(&claims(1, 2_001)));
    }

    #[test]
    fn only_so_many_are_remembered_and_ended_ones_go_first() {
        let sessions = Sessions::default();
        let held = |sessions: &Sessions| sessions.reported.lock().unwrap().len();
        for jti in 0..MAX_REMEMBERED {
            // Every second one has ended by NOW.
            sessions.remember(&claims(jti, if jti % 2 == 0 { 1_000 } else { 2_000 }), NOW);
        }
        assert_eq!(held(&sessions), MAX_REMEMBERED);
        sessions.remember(&claims(MAX_REMEMBERED, 2_000), NOW);
        assert_eq!(held(&sessions), MAX_REMEMBERED / 2 + 1);
        assert!(sessions.is_reported(&claims(1, 2_000)));
    }
}
