//! Requests and answers between the runtime's types and the application's. Bodies that are read here
//! are whole and bounded.

use futures_util::{Stream, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use worker::{
    EncodeBody, Headers, Request, Response, ResponseBuilder, js_sys::Reflect, wasm_bindgen::JsValue, web_sys,
};

use crate::{
    app::{JOIN_PATH, Refusal},
    platform::{BodyError, HttpResponse},
};

/// The application's view of a request, whose body is not read.
///
/// It takes the runtime's own request, because the `worker` crate's reads what Cloudflare says of
/// the client (`cf`) from each: the runtime parses that from JSON, and it was a fifth of what a
/// poll costs.
///
/// # Errors
/// The request is none that the application could read.
pub(super) fn from_worker(request: web_sys::Request) -> Result<http::Request<web_sys::Request>, Refusal> {
    let unreadable = |_| Refusal::malformed_request();
    let mut head = http::Request::new(());
    *head.method_mut() = request.method().parse().map_err(|_| ()).map_err(unreadable)?;
    *head.uri_mut() = request.url().parse().map_err(|_| ()).map_err(unreadable)?;
    *head.headers_mut() = headers(&Headers(request.headers()));
    if head.uri().path() == JOIN_PATH
        && let Some(system) = client_system(&request)
    {
        head.extensions_mut().insert(system);
    }
    Ok(head.map(|()| request))
}

/// Reads the body of a request.
///
/// # Errors
/// The body is larger than `limit`, or breaks off.
pub(super) async fn read(request: web_sys::Request, limit: usize) -> Result<Vec<u8>, BodyError> {
    if request.body().is_none() {
        return Ok(Vec::new());
    }
    let broken = |_: worker::Error| BodyError::Broken;
    let mut request = Request::from(request);
    match stated_length(request.headers()) {
        Some(length) if length > limit as u64 => Err(BodyError::TooLarge { limit }),
        // HTTP lets no more arrive than that. One call replaces a stream's many, which cost as much
        // as the rest of a small request.
        Some(_) => request.bytes().await.map_err(broken),
        None => bounded(request.stream().map_err(broken)?, limit).await,
    }
}

/// The length that a request or an answer says its body has, in bytes.
pub(super) fn stated_length(headers: &Headers) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH.as_str()).ok()??.parse().ok()
}

/// The autonomous system that a request came from, as Cloudflare's front says it.
#[derive(Clone, Copy)]
pub(super) struct ClientSystem(pub(super) u32);

/// `request.cf.asn`. To look at `cf` makes the runtime parse it, so it is read for joins only.
fn client_system(request: &web_sys::Request) -> Option<ClientSystem> {
    let number = said_by_front(request, "asn")?.as_f64()?;
    let whole = (1.0..=f64::from(u32::MAX)).contains(&number);
    whole.then_some(ClientSystem(number as u32))
}

/// The continent of the data centre that a request came to, as Cloudflare's front names it. It says
/// that of the client, who is near.
pub(super) fn continent(request: &web_sys::Request) -> Option<String> {
    said_by_front(request, "continent")?.as_string()
}

/// A field of `request.cf`.
fn said_by_front(request: &web_sys::Request, name: &str) -> Option<JsValue> {
    let property = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok().filter(JsValue::is_truthy);
    property(&property(request, "cf")?, name)
}

/// Stops reading where the limit is passed: a body without a length fills no memory.
///
/// # Errors
/// The body is larger than `limit`, or breaks off.
pub(super) async fn bounded(
    mut stream: impl Stream<Item = worker::Result<Vec<u8>>> + Unpin,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        body.extend(chunk.map_err(|_| BodyError::Broken)?);
        if body.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
    }
    Ok(body)
}

/// Headers that are valid for the runtime and not for HTTP are left out; there are none in
/// practice. The runtime reads values as UTF-8, and so they are bytes here.
pub(super) fn headers(headers: &Headers) -> HeaderMap {
    let parse =
        |(name, value): (String, String)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?));
    headers.entries().filter_map(parse).collect()
}

/// The runtime's view of an answer.
///
/// # Errors
/// A header or status that the runtime does not take.
pub(super) fn to_worker(response: HttpResponse) -> worker::Result<Response> {
    let (parts, body) = response.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        // The runtime writes values as UTF-8. An answer is worth more than a header with other bytes.
        if let Ok(value) = str::from_utf8(value.as_bytes()) {
            headers.append(name.as_str(), value)?;
        }
    }
    // Only static files have a coding, and they are compressed already: the runtime would do it anew.
    let coded = parts.headers.contains_key(header::CONTENT_ENCODING);
    let builder = ResponseBuilder::new()
        .with_status(parts.status.as_u16())
        .with_encode_body(if coded {
            EncodeBody::Manual
        } else {
            EncodeBody::Automatic
        })
        .with_headers(headers);
    // The runtime throws at a body, even an empty one, with these.
    let bodyless = [
        StatusCode::NO_CONTENT,
        StatusCode::RESET_CONTENT,
        StatusCode::NOT_MODIFIED,
    ];
    Ok(if bodyless.contains(&parts.status) || body.is_empty() {
        builder.empty()
    } else {
        builder.fixed(body)
    })
}
