//! The shopping sessions of each event: a session is recorded at its first guarded request, and
//! leaves the count when it completes or ends. The edge says which ended early.
//!
//! They are kept in Redis, because several origins see the fans of one event. An event has four
//! sorted sets and a hash in one hash slot:
//!
//! - `stanchion:{event}:sessions`: jti, by the session's end.
//! - `stanchion:{event}:sessions:places`: jti, by the session's place; only the latest places.
//! - `stanchion:{event}:sessions:completed`: jti, by the session's end. A later request of a
//!   completed session does not bring it back, nor one of a session that was ended.
//! - `stanchion:{event}:sessions:marks`: mark to jti, and once it was ended the instant.
//! - `stanchion:{event}:sessions:unseen`: marks of sessions that were ended before any request of
//!   theirs came, by the end of their shop tokens.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use redis::{AsyncCommands, RedisResult, Script};
use stanchion_shared::{
    ids::EventId, schedule::EFFECT_DELAY_MS, sessions::EndedSession, shop_token::ShopClaims, timestamp::UnixMillis,
};

use crate::{clock, redis_connections::RedisConnection};

/// Most sessions that a process remembers as reported. Beyond it all are reported again, which does
/// no harm.
pub const MAX_REMEMBERED: usize = 100_000;

static RECORD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/record_session.lua")));
static COMPLETE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/complete_session.lua")));
static END: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/end_sessions.lua")));
static EMPTIED: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/carts_emptied.lua")));
static COUNT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/count_sessions.lua")));

/// The cart of a session that was ended is emptied again until so long afterwards, in ms: until every
/// gate knows the end, and requests that passed before have their answers.
pub const EMPTIED_AGAIN_MS: u64 = 2 * EFFECT_DELAY_MS;

/// The shopping sessions in Redis; one per process.
pub struct Sessions {
    redis: RedisConnection,
    reported: ReportedSessions,
}

/// The number of sessions of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCounts {
    /// Sessions that were seen, have not ended and have not completed.
    pub shopping: u32,
    /// Sessions that were seen, with a place after the one asked about. Completed sessions are
    /// included.
    pub seen_after: u32,
}

impl Sessions {
    /// The sessions in this Redis.
    #[must_use]
    pub fn new(redis: RedisConnection) -> Sessions {
        Sessions {
            redis,
            reported: ReportedSessions::default(),
        }
    }

    /// Records the session of `claims`. Redis is asked only the first time that this process sees
    /// the session. A failure is logged; the session's next request makes up for it.
    pub async fn seen(&self, claims: &ShopClaims) {
        if self.reported.contains(claims) {
            return;
        }
        match self.report(&RECORD, claims).await {
            Ok(()) => self.reported.remember(claims, clock::now()),
            Err(error) => tracing::warn!(%error, "a shopping session could not be recorded"),
        }
    }

    /// Takes the session of `claims` out of the count, because its fan has bought. It may be
    /// repeated.
    ///
    /// # Errors
    /// Redis does not answer; the session then counts until it ends.
    pub async fn completed(&self, claims: &ShopClaims) -> RedisResult<()> {
        self.report(&COMPLETE, claims).await
    }

    /// Takes sessions that have ended early out of the count. Returns those whose carts are to be
    /// emptied, by jti. It may be repeated.
    ///
    /// # Errors
    /// Redis does not answer; the next second does it.
    pub async fn end(&self, event: &EventId, ended: &[EndedSession]) -> RedisResult<Vec<String>> {
        if ended.is_empty() {
            return Ok(Vec::new());
        }
        let mut invocation = END.prepare_invoke();
        for key in keys(event) {
            invocation.key(key);
        }
        for one in ended {
            let until = one.until.saturating_mul(1000);
            invocation.arg(one.session.to_string()).arg(until);
        }
        invocation.invoke_async(&mut self.redis.clone()).await
    }

    /// The carts of these ended sessions were emptied.
    ///
    /// # Errors
    /// Redis does not answer; they are emptied once more.
    pub async fn carts_emptied(&self, event: &EventId, sessions: &[String]) -> RedisResult<()> {
        let mut invocation = EMPTIED.prepare_invoke();
        for key in keys(event) {
            invocation.key(key);
        }
        let invocation = invocation.arg(EMPTIED_AGAIN_MS).arg(sessions);
        invocation.invoke_async(&mut self.redis.clone()).await
    }

    async fn report(&self, script: &Script, claims: &ShopClaims) -> RedisResult<()> {
        let mut invocation = script.prepare_invoke();
        for key in keys(&claims.event) {
            invocation.key(key);
        }
        let end = claims.exp.saturating_mul(1000);
        // A session without a place began without a turn: it is after none.
        let place = claims.place.map_or(0, |place| place.0);
        invocation.arg(&claims.jti).arg(end).arg(place);
        invocation.invoke_async(&mut self.redis.clone()).await
    }

    /// Counts the sessions, and forgets ended sessions and places up to `place`. Only the meter
    /// calls this, with a growing `place`.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn count(&self, event: &EventId, place: u64) -> RedisResult<SessionCounts> {
        let mut invocation = COUNT.prepare_invoke();
        for key in keys(event) {
            invocation.key(key);
        }
        let (shopping, seen_after) = invocation.arg(place).invoke_async(&mut self.redis.clone()).await?;
        Ok(SessionCounts { shopping, seen_after })
    }

    /// Counts the fans who are shopping, and changes nothing.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn shopping(&self, event: &EventId) -> RedisResult<u32> {
        let [sessions, ..] = keys(event);
        let now = format!("({}", clock::now().0);
        self.redis.clone().zcount(sessions, now, "+inf").await
    }
}

fn keys(event: &EventId) -> [String; 5] {
    ["", ":places", ":completed", ":marks", ":unseen"].map(|set| format!("stanchion:{{{event}}}:sessions{set}"))
}

/// The sessions that this process has reported to Redis, by jti, with the end it reported. It only
/// saves round trips.
#[derive(Default)]
struct ReportedSessions {
    reported: Mutex<HashMap<String, u64>>,
}

impl ReportedSessions {
    fn contains(&self, claims: &ShopClaims) -> bool {
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

#[cfg(test)]
mod tests {
    use stanchion_shared::{ids::Place, shop_token::AUDIENCE};

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
            nbf: None,
            exp,
            began_ms: None,
            ends_ms: None,
            event,
            place: Some(Place(1)),
            tag: None,
        }
    }

    #[test]
    fn a_session_is_reported_once_and_again_when_its_end_moves() {
        let sessions = ReportedSessions::default();
        assert!(!sessions.contains(&claims(1, 2_000)));
        sessions.remember(&claims(1, 2_000), NOW);
        assert!(sessions.contains(&claims(1, 2_000)) && !sessions.contains(&claims(1, 2_001)));
    }

    #[test]
    fn only_so_many_are_remembered_and_ended_ones_go_first() {
        let sessions = ReportedSessions::default();
        let held = |sessions: &ReportedSessions| sessions.reported.lock().unwrap().len();
        for jti in 0..MAX_REMEMBERED {
            // Every second one has ended by NOW.
            sessions.remember(&claims(jti, if jti % 2 == 0 { 1_000 } else { 2_000 }), NOW);
        }
        assert_eq!(held(&sessions), MAX_REMEMBERED);
        sessions.remember(&claims(MAX_REMEMBERED, 2_000), NOW);
        assert_eq!(held(&sessions), MAX_REMEMBERED / 2 + 1);
        assert!(sessions.contains(&claims(1, 2_000)));
    }
}
