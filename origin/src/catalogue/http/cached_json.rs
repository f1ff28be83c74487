//! A JSON response that caches may keep for some seconds and revalidate afterwards.

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::InternalError;

/// Caches may show an answer for so long without asking. A price never changes; a state may be late
/// by this time.
const CACHE_CONTROL: &str = "public, max-age=5";

/// `body` as JSON with an `ETag` of its bytes; 304 without a body if the caller has it already.
pub(super) fn respond<T: Serialize>(request: &HeaderMap, body: &T) -> Result<Response, InternalError> {
    let bytes = serde_json::to_vec(body).map_err(InternalError::new)?;
    let etag = format!("\"{}\"", hex::encode(&Sha256::digest(&bytes)[..16]));
    let headers = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, CACHE_CONTROL.to_owned()),
    ];
    if holds(request, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, [(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// Whether `If-None-Match` names `etag` (RFC 9110, section 13.1.2: weak comparison).
fn holds(request: &HeaderMap, etag: &str) -> bool {
    let lists = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_recognised_in_every_form_of_the_header() {
        for (value, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
        ] {
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, value.parse().unwrap())]);
            assert_eq!(holds(&headers, "\"a\""), expected, "{value}");
        }
    }
}
