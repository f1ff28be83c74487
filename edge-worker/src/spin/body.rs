//! Requests and answers between the runtime's types and the application's, bodies whole and bounded.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, COOKIE},
};
use http_body_util::BodyExt;
use spin_sdk::http::{FullBody, Request, Response};

use super::target;
use crate::{
    app::Refusal,
    platform::{HttpRequest, HttpResponse},
};

/// The application's view of a request.
///
/// # Errors
/// The body is larger than `limit`, or it broke off, or the request is none that the application could read.
pub(super) async fn from_spin(request: Request, limit: usize) -> Result<HttpRequest, Refusal> {
    let (parts, mut body) = request.into_parts();
    let announced = parts.headers.get(http::header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Refusal::body_too_large(limit));
    }
    // Stops reading where the limit is passed: a body without a length, or with a wrong one, fills no memory.
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::new(400, "body_broken", "The body ended before it was complete."))?;
        // Trailers are nothing that the application knows of.
        if let Ok(chunk) = frame.into_data() {
            read.extend_from_slice(&chunk);
        }
        if read.len() > limit {
            return Err(Refusal::body_too_large(limit));
        }
    }
    let mut whole = HttpRequest::new(read);
    *whole.method_mut() = parts.method;
    *whole.uri_mut() = target::without_dots(parts.uri).map_err(|_| unreadable())?;
    *whole.headers_mut() = each_once(&parts.headers);
    Ok(whole)
}

fn unreadable() -> Refusal {
    Refusal::new(400, "malformed_request", "The request cannot be read.")
}

/// A header that came several times becomes one value with commas between (RFC 9110, section 5.3), as runtimes that follow
/// the Fetch standard hand it over: otherwise a ticket that was sent twice would be one on this runtime and none on those.
/// Credentials that are empty are none, as Cloudflare's runtime has it.
fn each_once(headers: &HeaderMap) -> HeaderMap {
    let joined = |name: &HeaderName| {
        let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        // Cookies alone have another sign between them (RFC 9113, section 8.2.3).
        let between = if *name == COOKIE { "; " } else { ", " };
        HeaderValue::from_bytes(&values.join(between.as_bytes())).expect("valid values with commas between are one")
    };
    let once = headers.keys().map(|name| (name.clone(), joined(name)));
    once.filter(|(name, value)| *name != AUTHORIZATION || !value.is_empty())
        .collect()
}

/// The runtime's view of an answer, or of a request to the origin.
pub(super) fn full(body: Vec<u8>) -> FullBody<Bytes> {
    FullBody::new(Bytes::from(body))
}

/// Reads the whole answer to a request; `None` if it broke off.
pub(super) async fn answered(response: Response) -> Option<HttpResponse> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let mut whole = HttpResponse::new(body.to_vec());
    *whole.status_mut() = parts.status;
    *whole.headers_mut() = parts.headers;
    Some(whole)
}
