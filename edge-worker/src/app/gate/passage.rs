//! Requests on their way to our origin: what they carry in, and what comes out.

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use super::session::SHOP_TOKEN_HEADER;
use crate::{
    app::answer::Refusal,
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Header that tells the origin who asked: it limits sign-ins by it. A fan's own header of this name stays at the edge.
pub(super) const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("stanchion-client-address");
/// Request headers the origin needs; every other one stays at the edge.
const PASSED_IN: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    header::ACCEPT_LANGUAGE,
];
/// Answer headers a fan needs; every other one says more about the origin than it should.
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

fn only(names: &[HeaderName], from: &HeaderMap) -> HeaderMap {
    let found = |name: &HeaderName| from.get(name).map(|value| (name.clone(), value.clone()));
    names.iter().filter_map(found).collect()
}

/// A request with this body and method for the same target at the origin, and no headers yet.
pub(super) fn at_origin<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpRequest, Refusal> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri = uri_at_origin(platform, target)?;
    let mut passed = HttpRequest::new(request.body().clone());
    *passed.method_mut() = request.method().clone();
    *passed.uri_mut() = uri;
    if let Some(address) = platform.client_address(request) {
        let address = HeaderValue::from_str(&address.to_string()).expect("addresses are ASCII");
        passed.headers_mut().insert(CLIENT_ADDRESS, address);
    }
    Ok(passed)
}

fn uri_at_origin<P: Platform>(platform: &P, target: &str) -> Result<Uri, Refusal> {
    let uri = format!("{}{target}", platform.config().origin_url).parse();
    uri.map_err(|_| Refusal::new(400, "malformed_uri", "The address cannot be read."))
}

/// Lets `token` travel with the request.
pub(super) fn carry(passed: &mut HttpRequest, token: &str) {
    if let Ok(token) = HeaderValue::from_str(token) {
        passed.headers_mut().insert(SHOP_TOKEN_HEADER, token);
    }
}

/// Passes a request on, with the shop token that let it pass. Without one none is carried, whatever was sent.
pub(super) async fn to_origin<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    shop_token: Option<&str>,
) -> Result<HttpResponse, Refusal> {
    let mut passed = at_origin(platform, request)?;
    passed.headers_mut().extend(only(&PASSED_IN, request.headers()));
    if let Some(token) = shop_token {
        carry(&mut passed, token);
    }
    let mut response = answered(platform, passed).await?;
    // It is somebody's own, whatever the origin forgot to say.
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Asks what everybody may know, and only whether it is still `held`.
pub(super) async fn unsigned<P: Platform>(
    platform: &P,
    target: &str,
    held: Option<&HttpResponse>,
) -> Result<HttpResponse, Refusal> {
    let mut passed = HttpRequest::new(Vec::new());
    *passed.uri_mut() = uri_at_origin(platform, target)?;
    if let Some(tag) = held.and_then(|held| held.headers().get(header::ETAG)) {
        passed.headers_mut().insert(header::IF_NONE_MATCH, tag.clone());
    }
    answered(platform, passed).await
}

async fn answered<P: Platform>(platform: &P, passed: HttpRequest) -> Result<HttpResponse, Refusal> {
    let answered = platform.fetch(passed).await?;
    let headers = only(&PASSED_OUT, answered.headers());
    let status = answered.status();
    let mut response = HttpResponse::new(answered.into_body());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
