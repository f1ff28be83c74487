//! In front of a protected site a session may live on while it is used: its shop token is short and
//! gets a later end, in the browser's cookie.
//!
//! No token outlives the shopping window that the shard of its person counts. The token says when
//! that ends ([`ShopClaims::ends_ms`]), so a change of the settings lengthens no session that has
//! begun: the person could join again meanwhile, and have a second one.
//!
//! Where sessions end when they are idle, the shard is told of their use before the token gets its
//! later end: once in half of the idle time by a browser, which keeps the new token, and once in an
//! eighth of it ([`KeptSessions`]) by whatever goes on with the old one. So a slot is free when nobody
//! comes any more.

use std::cell::RefCell;

use http::HeaderMap;
use stanchion_shared::{
    shop_token::{self, ShopClaims},
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

use super::kept_sessions::{KeptSessions, Known, Word};
use crate::{
    app::{
        cache::asking,
        http::cookie::{self, Cookie},
    },
    platform::{KeepOutcome, KeepSession, Platform, QueueStore},
};

thread_local! {
    static KEPT: RefCell<KeptSessions> = RefCell::new(KeptSessions::new());
}

/// How long a token lives that is renewed at each use, in ms; `None` where tokens live as long as
/// their sessions.
fn token_ms(snapshot: &Snapshot) -> Option<u64> {
    let settings = &snapshot.settings;
    let gate = &settings.policy.gate;
    let renewed_ms = gate.renew_sessions.then_some(settings.shopping_ms);
    [gate.idle_ms, renewed_ms].into_iter().flatten().min()
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
    let kept = match snapshot.settings.policy.gate.idle_ms {
        None => Kept::Unknown,
        Some(idle_ms) => keep(platform, snapshot, session, idle_ms).await,
    };
    let Some(renewed) = renewed(session, token_ms, kept, now) else {
        return;
    };
    let token = shop_token::sign(&platform.config().signing_keys, &renewed);
    let seconds = renewed.exp.saturating_sub(now.floor_seconds());
    cookie::set(platform, headers, Cookie::ShopToken(&session.event), &token, seconds);
}

/// The claims with a later end; `None` if the session has none.
fn renewed(session: &ShopClaims, token_ms: u64, kept: Kept, now: UnixMillis) -> Option<ShopClaims> {
    let (last, ends_ms) = match kept {
        // The shard's word counts: stops may have lengthened the session since the token was
        // signed.
        Kept::Until(until) => (until.floor_seconds(), session.ends_ms.max(Some(until.0))),
        Kept::Unknown => (session.last_second(), session.ends_ms),
        Kept::ByAnother | Kept::Over => return None,
    };
    let exp = now.plus(token_ms).floor_seconds().min(last);
    (exp > session.exp).then(|| ShopClaims {
        exp,
        ends_ms,
        ..session.clone()
    })
}

fn is_half_over(session: &ShopClaims, token_ms: u64, now: UnixMillis) -> bool {
    session.exp <= now.plus(token_ms / 2).floor_seconds()
}

/// What is known of a session that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It is over then, unless it is used again.
    Until(UnixMillis),
    /// Another request tells the shard of it just now, and gets the token with a later end. This one's
    /// is good for long enough.
    ByAnother,
    /// It is over.
    Over,
    /// It was not asked, or is silent, or the token is of an earlier version and does not say whose it
    /// is. The shopper goes on, as long as the token says.
    Unknown,
}

async fn keep<P: Platform>(platform: &P, snapshot: &Snapshot, claims: &ShopClaims, idle_ms: u64) -> Kept {
    let Some(tag) = claims.tag else {
        return Kept::Unknown;
    };
    let now = platform.now();
    match KEPT.with_borrow_mut(|kept| kept.ask(&claims.jti, idle_ms, now)) {
        Known::Told(word) => return word.into(),
        Known::IsTold => return Kept::ByAnother,
        Known::Nothing => {}
    }
    let (event, shard) = (&claims.event, tag.shard(snapshot.shards()));
    let session = claims.jti.clone();
    let store = platform.store();
    let keep = KeepSession { tag, session, idle_ms };
    let word = match asking::shard(platform, event, shard, store.keep_session(event, shard, keep)).await {
        Ok(KeepOutcome::Kept { until }) => Word::Until(until),
        Ok(KeepOutcome::Over) => Word::Over,
        Err(_) => return Kept::Unknown, // the log says it
    };
    KEPT.with_borrow_mut(|kept| kept.note(&claims.jti, now, word));
    word.into()
}

impl From<Word> for Kept {
    fn from(word: Word) -> Kept {
        match word {
            Word::Until(until) => Kept::Until(until),
            Word::Over => Kept::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use stanchion_shared::{
        ids::{EventId, Place},
        shop_token::AUDIENCE,
    };

    use super::*;

    const BEGAN: UnixMillis = UnixMillis(1_800_000_000_000);
    const MINUTE_MS: u64 = 60_000;

    /// A session of ten minutes, with a token of one.
    fn session() -> ShopClaims {
        ShopClaims {
            iss: "edge".to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: "fan".to_owned(),
            jti: "session".to_owned(),
            iat: BEGAN.floor_seconds(),
            nbf: None,
            exp: BEGAN.plus(MINUTE_MS).floor_seconds(),
            began_ms: Some(BEGAN.0),
            ends_ms: Some(BEGAN.plus(10 * MINUTE_MS).0),
            event: EventId::parse("arena").unwrap(),
            place: Some(Place(1)),
            tag: None,
        }
    }

    fn minute(minutes: u64) -> u64 {
        BEGAN.plus(minutes * MINUTE_MS).floor_seconds()
    }

    #[test]
    fn however_long_the_settings_let_a_token_live_it_ends_with_the_window_that_it_names() {
        let mut token = session();
        for at in 0..60 {
            let now = BEGAN.plus(at * MINUTE_MS);
            // As after a put with longer sessions: six times an hour.
            if let Some(later) = renewed(&token, 60 * MINUTE_MS, Kept::Unknown, now) {
                token = later;
            }
            assert!(token.exp <= minute(10), "at minute {at}");
        }
        assert_eq!((token.exp, token.ends_ms), (minute(10), session().ends_ms));
    }

    #[test]
    fn a_token_that_does_not_say_when_its_window_ends_gets_no_later_end() {
        let old = ShopClaims {
            ends_ms: None,
            ..session()
        };
        assert_eq!(renewed(&old, 60 * MINUTE_MS, Kept::Unknown, BEGAN.plus(30_000)), None);
    }

    #[test]
    fn the_shard_knows_of_a_window_that_stops_have_lengthened_and_the_token_remembers_it() {
        let until = BEGAN.plus(12 * MINUTE_MS);
        let now = BEGAN.plus(11 * MINUTE_MS);
        let later = renewed(&session(), 5 * MINUTE_MS, Kept::Until(until), now).unwrap();
        assert_eq!((later.exp, later.ends_ms), (minute(12), Some(until.0)));
        let sooner = Kept::Until(BEGAN.plus(2 * MINUTE_MS));
        let kept = renewed(&session(), 5 * MINUTE_MS, sooner, BEGAN.plus(30_000)).unwrap();
        assert_eq!((kept.exp, kept.ends_ms), (minute(2), session().ends_ms));
    }

    #[test]
    fn a_session_that_is_over_is_not_renewed_and_no_token_becomes_shorter() {
        assert_eq!(renewed(&session(), 5 * MINUTE_MS, Kept::Over, BEGAN), None);
        assert_eq!(renewed(&session(), 30_000, Kept::Unknown, BEGAN), None);
        assert_eq!(
            renewed(&session(), 5 * MINUTE_MS, Kept::Until(BEGAN.plus(30_000)), BEGAN),
            None
        );
    }
}
