//! Requests and answers between the runtime's types and the application's, bodies whole and bounded.

use futures_util::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use worker::{Headers, Request, Response, ResponseBuilder, js_sys::Reflect, wasm_bindgen::JsValue, web_sys};

use crate::{
    app::{JOIN_PATH, Refusal},
    platform::{HttpRequest, HttpResponse},
};

/// The application's view of a request.
///
/// It takes the runtime's own request, because the `worker` crate's reads what Cloudflare says of the client (`cf`) from
/// each: the runtime parses that from JSON, and it was a fifth of what a poll costs.
///
/// # Errors
/// The body is larger than `limit`, or the request is none that the application could read.
pub(super) async fn from_worker(request: web_sys::Request, limit: usize) -> Result<HttpRequest, Refusal> {
    let unreadable = |_| Refusal::new(400, "malformed_request", "The request cannot be read.");
    let headers = headers(&Headers(request.headers()));
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(Refusal::body_too_large(limit));
    }
    let mut read = HttpRequest::new(Vec::new());
    *read.method_mut() = request.method().parse().map_err(|_| ()).map_err(unreadable)?;
    *read.uri_mut() = request.url().parse().map_err(|_| ()).map_err(unreadable)?;
    *read.headers_mut() = headers;
    if read.uri().path() == JOIN_PATH
        && let Some(system) = client_system(&request)
    {
        read.extensions_mut().insert(system);
    }
    if request.body().is_some() {
        *read.body_mut() = match announced {
            Some(_) => whole(request.into()).await?,
            None => bounded(request.into(), limit).await?,
        };
    }
    Ok(read)
}

/// The autonomous system that a request came from, as Cloudflare's front says it.
#[derive(Clone, Copy)]
pub(super) struct ClientSystem(pub(super) u32);

/// `request.cf.asn`. To look at `cf` makes the runtime parse it, so it is read for joins only.
fn client_system(request: &web_sys::Request) -> Option<ClientSystem> {
    let property = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).ok().filter(JsValue::is_truthy);
    let number = property(&property(request, "cf")?, "asn")?.as_f64()?;
    let whole = (1.0..=f64::from(u32::MAX)).contains(&number);
    whole.then_some(ClientSystem(number as u32))
}

fn broken<E>(_: E) -> Refusal {
    Refusal::new(400, "body_broken", "The body ended before it was complete.")
}

/// A body whose length was announced and is within the limit: HTTP lets no more arrive than that. One call instead of a
/// stream's many, which cost as much as the rest of a small request.
async fn whole(mut request: Request) -> Result<Vec<u8>, Refusal> {
    request.bytes().await.map_err(broken)
}

/// Stops reading where the limit is passed: a body without a length fills no memory.
async fn bounded(mut request: Request, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    let mut stream = request.stream().map_err(broken)?;
    while let Some(chunk) = stream.next().await {
        body.extend(chunk.map_err(broken)?);
        if body.len() > limit {
            return Err(Refusal::body_too_large(limit));
        }
    }
    Ok(body)
}

/// Headers that are valid for the runtime and not for HTTP are left out; there are none in practice.
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
        // Bytes beyond ASCII are nobody's header of ours; an answer is worth more than such a header.
        if let Ok(value) = value.to_str() {
            headers.append(name.as_str(), value)?;
        }
    }
    let builder = ResponseBuilder::new()
        .with_status(parts.status.as_u16())
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
