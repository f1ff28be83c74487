//! A protected site ends a shopping session with a header of its answer: `Stanchion-Session: end`.

use http::{HeaderMap, HeaderName};
use stanchion_shared::{shop_token::ShopClaims, snapshot::Snapshot};

use crate::{
    app::{
        cache::asking,
        http::cookie::{self, Cookie},
    },
    platform::{EndSession, Platform, QueueStore},
};

/// The header. It is between the site and the edge, and reaches no client.
const SESSION: HeaderName = HeaderName::from_static("stanchion-session");
/// What it says to end the session of the request.
const END: &[u8] = b"end";

/// Takes the header out of an answer. Returns whether it ends the session; any other value means
/// nothing.
pub(super) fn take(headers: &mut HeaderMap) -> bool {
    let ends = headers
        .get_all(&SESSION)
        .iter()
        // Some runtimes join the values of a header that is there twice.
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|value| value.trim_ascii().eq_ignore_ascii_case(END));
    headers.remove(&SESSION);
    ends
}

/// Ends the session at the shard of its person, and takes the shop token from the browser. If the
/// shard does not answer, the session goes on until its end or the site's next word.
pub(super) async fn end<P: Platform>(platform: &P, headers: &mut HeaderMap, snapshot: &Snapshot, claims: &ShopClaims) {
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
    fn only_the_word_end_ends_a_session_and_the_header_is_taken_out_in_any_case() {
        for (value, ends) in [
            ("end", true),
            (" End ", true),
            ("end, end", true),
            ("keep,end", true),
            ("", false),
            ("ended", false),
            ("keep", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(SESSION, HeaderValue::from_str(value).unwrap());
            assert_eq!(take(&mut headers), ends, "{value:?}");
            assert!(headers.is_empty());
        }
        let mut headers = HeaderMap::new();
        headers.append(SESSION, HeaderValue::from_static("x"));
        headers.append(SESSION, HeaderValue::from_static("end"));
        assert!(take(&mut headers) && headers.is_empty(), "sent twice");
        assert!(!take(&mut headers));
    }
}
