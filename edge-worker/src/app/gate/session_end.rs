//! A protected site, or our own origin, ends a shopping session with a header of its answer:
//! `Stanchion-Session: end`, or `bought` where the gate's mode is `when_busy`.

use http::{HeaderMap, HeaderName};
use stanchion_shared::{
    policy::gate::GateMode,
    shop_token::ShopClaims,
    snapshot::Snapshot,
    wire::{SESSION_HEADER, SessionWord},
};

use crate::{
    app::{
        cache::asking,
        http::cookie::{self, Cookie},
    },
    platform::{EndSession, Platform, QueueStore},
};

const SESSION: HeaderName = HeaderName::from_static(SESSION_HEADER);

/// Takes the header out of an answer. Returns its word; `end` counts more than `bought`, and any
/// other value means nothing.
pub(super) fn take(headers: &mut HeaderMap) -> Option<SessionWord> {
    let word = headers
        .get_all(&SESSION)
        .iter()
        // Some runtimes join the values of a header that is there twice.
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(SessionWord::parse)
        .max();
    headers.remove(&SESSION);
    word
}

/// Whether the word ends a session of this event.
pub(crate) fn ends(word: Option<SessionWord>, snapshot: &Snapshot) -> bool {
    match word {
        Some(SessionWord::End) => true,
        Some(SessionWord::Bought) => snapshot.settings.policy.gate.mode == GateMode::WhenBusy,
        None => false,
    }
}

/// Ends the session at the shard of its person, and takes the shop token from the browser. If the
/// shard does not answer, the session goes on until its end or the site's next word.
pub(crate) async fn end<P: Platform>(platform: &P, headers: &mut HeaderMap, snapshot: &Snapshot, claims: &ShopClaims) {
    // A token of an earlier version does not say whose it is.
    let Some(tag) = claims.tag else {
        return;
    };
    let (event, shard) = (&claims.event, tag.shard(snapshot.shards()));
    let session = claims.jti.clone();
    let store = platform.store();
    let ended = store.end_session(event, shard, EndSession { tag, session });
    match asking::shard(platform, event, shard, ended).await {
        Ok(_) => cookie::set(platform, headers, Cookie::ShopToken(event), "", 0),
        Err(error) => platform.warn(&format!("a session that the site ended goes on: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_its_two_words_mean_something_and_the_header_is_taken_out_in_any_case() {
        for (value, word) in [
            ("end", Some(SessionWord::End)),
            (" End ", Some(SessionWord::End)),
            ("end, end", Some(SessionWord::End)),
            ("keep,end", Some(SessionWord::End)),
            ("end,bought", Some(SessionWord::End)),
            ("Bought", Some(SessionWord::Bought)),
            ("", None),
            ("ended", None),
            ("keep", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(SESSION, HeaderValue::from_str(value).unwrap());
            assert_eq!(take(&mut headers), word, "{value:?}");
            assert!(headers.is_empty());
        }
        let mut headers = HeaderMap::new();
        headers.append(SESSION, HeaderValue::from_static("x"));
        headers.append(SESSION, HeaderValue::from_static("end"));
        assert_eq!(take(&mut headers), Some(SessionWord::End), "sent twice");
        assert!(headers.is_empty());
        assert_eq!(take(&mut headers), None);
    }
}
