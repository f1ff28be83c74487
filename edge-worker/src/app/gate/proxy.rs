//! Carries requests to the origin: what travels there with a request, and what comes back with its
//! response.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use stanchion_shared::wire::SessionWord;

use super::session_end;
use crate::{
    app::http::{headers::SHOP_TOKEN_HEADER, refusal::Refusal, response::NO_STORE},
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Header that tells the origin the client's address, by which it limits sign-ins. A client's own
/// header of this name stays at the edge.
pub(super) const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("stanchion-client-address");
/// Request headers that the origin needs. Every other one stays at the edge.
const PASSED_IN: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    header::ACCEPT_LANGUAGE,
];
/// Response headers that a fan needs. Every other one says more about the origin than it should.
const PASSED_OUT: [HeaderName; 9] = [
    header::CONTENT_TYPE,
    header::CACHE_CONTROL,
    header::ETAG,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    header::ALLOW,
    header::LOCATION,
    header::REFERRER_POLICY,
    header::X_CONTENT_TYPE_OPTIONS,
];

/// Passes a request on that needs no session. No shop token is passed on, even if the client sent
/// one.
///
/// # Errors
/// 503 `unavailable`: the origin does not answer.
pub(crate) async fn pass<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    Ok(pass_to_shop(platform, request, None).await?.0)
}

/// Passes a request on with the shop token of its session. The origin may say what becomes of the
/// session.
///
/// # Errors
/// As [`pass`].
pub(crate) async fn pass_in_session<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    shop_token: &str,
) -> Result<(HttpResponse, Option<SessionWord>), Refusal> {
    pass_to_shop(platform, request, Some(shop_token)).await
}

async fn pass_to_shop<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    shop_token: Option<&str>,
) -> Result<(HttpResponse, Option<SessionWord>), Refusal> {
    let mut passed = request_to(shop_url(platform)?, platform, request)?;
    passed.headers_mut().extend(only(&PASSED_IN, request.headers()));
    if let Some(token) = shop_token {
        add_shop_token(&mut passed, token);
    }
    let (mut response, word) = fetch(platform, passed).await?;
    // The response belongs to one person, even if the origin forgot to say so.
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(NO_STORE));
    Ok((response, word))
}

/// Asks the origin at `target` (path and query) for what everybody may know. Nothing about the
/// client travels. `cached` is a response that need not be sent again.
///
/// # Errors
/// 503 `unavailable`: the origin does not answer.
pub(crate) async fn fetch_public<P: Platform>(
    platform: &P,
    target: &str,
    cached: Option<&HttpResponse>,
) -> Result<HttpResponse, Refusal> {
    let mut passed = HttpRequest::new(Vec::new());
    *passed.uri_mut() = uri_at(shop_url(platform)?, target)?;
    if let Some(tag) = cached.and_then(|cached| cached.headers().get(header::ETAG)) {
        passed.headers_mut().insert(header::IF_NONE_MATCH, tag.clone());
    }
    Ok(fetch(platform, passed).await?.0)
}

/// A request with the same method, target and content, addressed to an origin. Its only header is the
/// client's address.
pub(super) fn request_to<P: Platform>(
    origin_url: &str,
    platform: &P,
    request: &HttpRequest,
) -> Result<HttpRequest, Refusal> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri = uri_at(origin_url, target)?;
    // Content of these has no meaning (RFC 9110, section 9.3.1), and some runtimes refuse to send it.
    let without_content = [Method::GET, Method::HEAD].contains(request.method());
    let content = if without_content {
        Vec::new()
    } else {
        request.body().clone()
    };
    let mut passed = HttpRequest::new(content);
    *passed.method_mut() = request.method().clone();
    *passed.uri_mut() = uri;
    if let Some(address) = platform.client_address(request) {
        let address = HeaderValue::from_str(&address.to_string()).expect("addresses are ASCII");
        passed.headers_mut().insert(CLIENT_ADDRESS, address);
    }
    Ok(passed)
}

fn shop_url<P: Platform>(platform: &P) -> Result<&str, Refusal> {
    platform.config().sites.shop_url().ok_or_else(Refusal::not_found)
}

/// An address at an origin. A target that does not begin with `/` would become a part of the host.
fn uri_at(origin_url: &str, target: &str) -> Result<Uri, Refusal> {
    let is_path = target.starts_with('/');
    let uri = is_path.then(|| format!("{origin_url}{target}").parse().ok()).flatten();
    uri.ok_or_else(Refusal::malformed_uri)
}

/// Lets a shop token travel with a request.
fn add_shop_token(passed: &mut HttpRequest, token: &str) {
    if let Ok(token) = HeaderValue::from_str(token) {
        passed.headers_mut().insert(SHOP_TOKEN_HEADER, token);
    }
}

/// The origin's answer with the headers that a fan needs, and its word about the session.
async fn fetch<P: Platform>(platform: &P, passed: HttpRequest) -> Result<(HttpResponse, Option<SessionWord>), Refusal> {
    let mut fetched = platform.fetch(passed).await?;
    let word = session_end::take(fetched.headers_mut());
    let headers = only(&PASSED_OUT, fetched.headers());
    let status = fetched.status();
    let mut response = HttpResponse::new(fetched.into_body());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok((response, word))
}

/// The headers with these names.
fn only(names: &[HeaderName], from: &HeaderMap) -> HeaderMap {
    let found = |name: &HeaderName| from.get(name).map(|value| (name.clone(), value.clone()));
    names.iter().filter_map(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_target_says_the_host_stays_the_origins() {
        let host = |target: &str| {
            uri_at("https://origin.example", target)
                .ok()
                .map(|uri| uri.host().unwrap().to_owned())
        };
        for target in [
            "/",
            "/a?b",
            "//evil.example/",
            "/@evil.example",
            "/\\evil.example",
            "/.evil.example",
            "/:80",
        ] {
            assert!(host(target).is_none_or(|host| host == "origin.example"), "{target}");
        }
        for target in [
            "",
            "*",
            "@evil.example/",
            ".evil.example/",
            ":8080/",
            "?a",
            "https://evil.example/",
        ] {
            assert_eq!(host(target), None, "{target}");
        }
    }
}
