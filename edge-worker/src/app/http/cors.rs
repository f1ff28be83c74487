//! Cross-origin requests (CORS): pages of other sites may use the API with tokens that they hold.
//! They cannot use a fan's cookies: browsers send cookies along only if a response allows it, and
//! no response of the edge does.

use http::{HeaderValue, Method, StatusCode, header};

use crate::platform::{HttpRequest, HttpResponse};

const ALLOWED_HEADERS: &str = "authorization, content-type, idempotency-key, if-none-match, queue-token, shop-token";
const EXPOSED_HEADERS: &str = "etag, retry-after";
/// How long a browser may remember the answer to a preflight request, in seconds.
const PREFLIGHT_MAX_AGE_SECONDS: &str = "86400";

/// Whether pages of other sites may ask for a path: all of the API but the control API. Its callers,
/// the origin and owners of protected sites, are no pages.
fn is_open(path: &str) -> bool {
    (path.starts_with("/api/v1/") && !path.starts_with("/api/v1/control/")) || path.starts_with("/.well-known/")
}

/// Answers a browser's preflight request; `None` if the request is none. `methods_of` lists the
/// methods that a path takes.
pub(crate) fn preflight(
    request: &HttpRequest,
    path: &str,
    methods_of: impl Fn(&str) -> Vec<String>,
) -> Option<HttpResponse> {
    let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if *request.method() != Method::OPTIONS || !is_preflight || !is_open(path) {
        return None;
    }
    let allowed = HeaderValue::from_str(&methods_of(path).join(", "))
        .ok()
        .filter(|allowed| !allowed.is_empty())?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, allowed);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static(ALLOWED_HEADERS),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static(PREFLIGHT_MAX_AGE_SECONDS),
    );
    Some(response)
}

/// Lets any page read the response. A response that caches may keep always says so, since a cache
/// gives it to pages of every site.
pub(crate) fn allow(request: &HttpRequest, path: &str, response: &mut HttpResponse) {
    let is_public = |control: &HeaderValue| control.as_bytes().starts_with(b"public");
    let cacheable = response.headers().get(header::CACHE_CONTROL).is_some_and(is_public);
    if !is_open(path) || !(cacheable || request.headers().contains_key(header::ORIGIN)) {
        return;
    }
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(EXPOSED_HEADERS),
    );
}
