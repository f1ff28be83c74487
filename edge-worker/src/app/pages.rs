//! The pages a fan sees. Plain files, compiled in, so that every runtime serves the same and nothing can be missing.

use http::{HeaderValue, StatusCode, header};

use super::{
    answer::{Refusal, bytes},
    route::Page,
};
use crate::platform::HttpResponse;

/// Scripts, styles and connections from this site only, nothing inline, no frames around it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";
/// Files keep their names between versions, so they are asked for again soon.
const ONE_MINUTE: &str = "public, max-age=60";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// (name under `/assets/`, content type, content).
const ASSETS: [(&str, &str, &[u8]); 0] = [];

fn with_policy(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

pub(super) fn page(page: Page) -> HttpResponse {
    let html = match page {
        Page::Events => include_bytes!("../../web/index.html").as_slice(),
        Page::Event => include_bytes!("../../web/event.html").as_slice(),
    };
    with_policy(bytes(StatusCode::OK, html.to_vec(), HTML, ONE_MINUTE))
}

pub(super) fn asset(name: &str) -> Result<HttpResponse, Refusal> {
    let found = ASSETS.iter().find(|(asset, ..)| *asset == name);
    let (_, content_type, content) =
        found.ok_or_else(|| Refusal::new(404, "not_found", "There is nothing at this address."))?;
    Ok(with_policy(bytes(
        StatusCode::OK,
        content.to_vec(),
        content_type,
        ONE_MINUTE,
    )))
}
