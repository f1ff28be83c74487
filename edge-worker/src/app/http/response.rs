//! Responses with the headers that every response has, and how long caches may keep them.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::headers::header_text;
use crate::platform::{HttpRequest, HttpResponse};

/// `Content-Type` of pages.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// `Content-Type` of answers to programs.
pub(crate) const JSON: &str = "application/json";
/// `Cache-Control` of what belongs to one person, which is most of what the edge answers.
pub(crate) const NO_STORE: &str = "no-store";
/// `Cache-Control` of what everybody may see and what changes every second.
pub(crate) const ONE_SECOND: &str = "public, max-age=1";

/// `Cache-Control` of what everybody may see and may keep, and asks about before each use: a page
/// names the assets of its version, and others may be gone.
pub(crate) const REVALIDATED: &str = "public, no-cache";

/// `Cache-Control` of what everybody may see and what never changes.
pub(crate) const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// JSON that no cache may store.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    cached_json(status, body, NO_STORE)
}

/// JSON with a `Cache-Control` of its own.
pub(crate) fn cached_json<T: Serialize>(status: StatusCode, body: &T, cache_control: &'static str) -> HttpResponse {
    let body = serde_json::to_vec(body).expect("wire types serialise");
    bytes(status, body, JSON, cache_control)
}

/// Any body, with the headers that every response has.
pub(crate) fn bytes(
    status: StatusCode,
    body: Vec<u8>,
    content_type: &'static str,
    cache_control: &'static str,
) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 304 if the client already has the response of this entity tag (RFC 9110, section 13.1.2: weak
/// comparison).
pub(crate) fn not_modified(request: &HttpRequest, tag: &str) -> Option<HttpResponse> {
    let client_tags = header_text(request, header::IF_NONE_MATCH.as_str())?;
    let same = |one: &str| one == "*" || one.trim_start_matches("W/") == tag.trim_start_matches("W/");
    if !client_tags.split(',').map(str::trim).any(same) {
        return None;
    }
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
        .headers_mut()
        .insert(header::ETAG, HeaderValue::from_str(tag).ok()?);
    Some(response)
}
