//! The gate in front of the origin. A gated path is reached with a valid shop token or not at all; the origin checks again.

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use stanchion_shared::{
    admission::{self, ShopClaims, ShopTokenError},
    identity::EventId,
};

use super::{
    answer::{Refusal, header_text, sentence},
    verified::Verified,
};
use crate::platform::{HttpRequest, HttpResponse, Platform};

thread_local! {
    static SESSIONS: Verified<ShopClaims> = Verified::new();
}

/// Header that carries the shop token.
const SHOP_TOKEN_HEADER: &str = "shop-token";
/// Header that tells the origin who asked: it limits sign-ins by it. A fan's own header of this name stays at the edge.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("stanchion-client-address");
/// Request headers the origin needs; every other one stays at the edge.
const PASSED_IN: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static(SHOP_TOKEN_HEADER),
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

/// Passes a request on to the origin.
pub(super) async fn pass<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let uri: Uri = format!("{}{target}", platform.config().origin_url)
        .parse()
        .map_err(|_| Refusal::new(400, "malformed_uri", "The address cannot be read."))?;
    let mut passed = HttpRequest::new(request.body().clone());
    *passed.method_mut() = request.method().clone();
    *passed.uri_mut() = uri;
    *passed.headers_mut() = only(&PASSED_IN, request.headers());
    if let Some(address) = platform.client_address(request) {
        let address = HeaderValue::from_str(&address.to_string()).expect("addresses are ASCII");
        passed.headers_mut().insert(CLIENT_ADDRESS, address);
    }

    let answered = platform.fetch(passed).await?;
    let headers = only(&PASSED_OUT, answered.headers());
    let status = answered.status();
    let mut response = HttpResponse::new(answered.into_body());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Passes a request on if it has a valid shop token, of `event` where the path names one.
pub(super) async fn check_and_pass<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: Option<&EventId>,
) -> Result<HttpResponse, Refusal> {
    let token = header_text(request, SHOP_TOKEN_HEADER).ok_or_else(|| {
        Refusal::new(
            401,
            "shop_token_missing",
            "Shopping needs the shop token that the queue gives at your turn.",
        )
    })?;
    let config = platform.config();
    let session = SESSIONS
        .with(|sessions| sessions.claims(token, |token| admission::signed(&config.shop_keys, token)))
        .and_then(|claims| {
            claims.judge(&config.shop_issuer, platform.now())?;
            event.map_or(Ok(()), |event| claims.opens(event))
        });
    match session {
        Ok(()) => pass(platform, request).await,
        Err(error) => Err(refusal(&error)),
    }
}

fn refusal(error: &ShopTokenError) -> Refusal {
    let (status, word) = match error {
        ShopTokenError::Invalid => (401, "shop_token_invalid"),
        ShopTokenError::Expired => (401, "shop_token_expired"),
        ShopTokenError::OtherEvent => (403, "token_for_other_event"),
    };
    Refusal::new(status, word, sentence(error))
}
