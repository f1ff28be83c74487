//! Pages of other sites may ask the API (CORS): by tokens that they hold, never by our cookies, which browsers do not send
//! along unless an answer says that they may, and none does.

use http::{HeaderValue, Method, StatusCode, header};

use super::route;
use crate::platform::{HttpRequest, HttpResponse};

const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, if-none-match, queue-token, shop-token";
const EXPOSED_HEADERS: &str = "etag, retry-after";
/// A browser remembers what it may for this long, in seconds.
const REMEMBERED_SECONDS: &str = "86400";

/// What is open to other sites' pages: all of the API but what the origin alone may ask.
fn is_open(path: &str) -> bool {
    (path.starts_with("/api/v1/") && !path.starts_with("/api/v1/control/")) || path.starts_with("/.well-known/")
}

/// The answer to a browser that asks beforehand; `None` if this is no such question.
pub(super) fn preflight(request: &HttpRequest, path: &str) -> Option<HttpResponse> {
    let asked = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if *request.method() != Method::OPTIONS || !asked || !is_open(path) {
        return None;
    }
    let allowed = route::methods(path);
    let allowed = HeaderValue::from_str(&allowed.join(", "))
        .ok()
        .filter(|allowed| !allowed.is_empty())?;
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allowed);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(ALLOWED_HEADERS),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static(REMEMBERED_SECONDS),
    );
    Some(answer)
}

/// Lets any page read the answer. One that caches keep always says so: they do not ask who reads it next.
pub(super) fn allow(request: &HttpRequest, path: &str, answer: &mut HttpResponse) {
    let is_public = |control: &HeaderValue| control.as_bytes().starts_with(b"public");
    let kept = answer.headers().get(header::CACHE_CONTROL).is_some_and(is_public);
    if !is_open(path) || !(kept || request.headers().contains_key(header::ORIGIN)) {
        return;
    }
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED_HEADERS),
    );
}
