//! Requests to the origin and to the few other servers that the edge asks. A redirect is passed on
//! and never followed: a fan decides where to go.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use http::header;
use worker::{
    AbortController, Delay, Error, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response,
    ResponseBody, js_sys::Uint8Array,
};

use super::body;
use crate::platform::{BodyError, HttpRequest, HttpResponse, MAX_FETCHED_BYTES};

/// An origin that has not answered after this long is taken for dead.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Sends `request` (its URI is absolute) and reads the whole answer.
///
/// # Errors
/// The server cannot be reached, took longer than `time_limit`, or its answer broke off or is larger
/// than [`MAX_FETCHED_BYTES`].
pub(super) async fn fetch(request: HttpRequest, time_limit: Duration) -> Result<HttpResponse, Error> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let exchange = pin!(exchange(request, &signal));
    let over = pin!(Delay::from(time_limit));
    match select(exchange, over).await {
        Either::Left((answered, _)) => answered,
        Either::Right(((), _)) => {
            abort.abort();
            Err(Error::RustError(format!("no answer in {} ms", time_limit.as_millis())))
        }
    }
}

async fn exchange(request: HttpRequest, signal: &worker::AbortSignal) -> Result<HttpResponse, Error> {
    let (parts, body) = request.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        if let Ok(value) = str::from_utf8(value.as_bytes()) {
            headers.append(name.as_str(), value)?;
        }
    }
    let mut init = RequestInit::new();
    init.with_method(Method::from(parts.method.as_str().to_owned()))
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    if !body.is_empty() {
        init.with_body(Some(Uint8Array::from(body.as_slice()).into()));
    }
    let request = Request::new_with_init(&parts.uri.to_string(), &init)?;
    let mut answered = Fetch::Request(request).send_with_signal(signal).await?;

    let mut response = HttpResponse::new(whole(&mut answered).await?);
    *response.status_mut() = http::StatusCode::from_u16(answered.status_code())?;
    *response.headers_mut() = body::headers(answered.headers());
    Ok(response)
}

/// The body of an answer, decoded.
async fn whole(answered: &mut Response) -> Result<Vec<u8>, Error> {
    let encoded = answered.headers().has(header::CONTENT_ENCODING.as_str())?;
    match body::stated_length(answered.headers()) {
        Some(length) if length > MAX_FETCHED_BYTES as u64 => Err(Error::RustError(too_large())),
        Some(_) if !encoded => answered.bytes().await,
        _ if matches!(answered.body(), ResponseBody::Empty) => Ok(Vec::new()),
        _ => {
            let read = body::bounded(answered.stream()?, MAX_FETCHED_BYTES).await;
            read.map_err(|error| match error {
                BodyError::TooLarge { .. } => Error::RustError(too_large()),
                BodyError::Broken => Error::RustError("its answer broke off".to_owned()),
            })
        }
    }
}

fn too_large() -> String {
    format!("its answer is larger than {MAX_FETCHED_BYTES} bytes")
}
