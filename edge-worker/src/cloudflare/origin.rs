//! Requests to the origin, and to the few other servers that the edge asks. A redirect is passed on, never followed: where a fan goes is the fan's decision.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use worker::{
    AbortController, Delay, Error, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, js_sys::Uint8Array,
};

use super::body;
use crate::platform::{HttpRequest, HttpResponse};

/// An origin that has not answered after this long is taken for dead.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Sends `request` (its URI is absolute) and reads the whole answer.
///
/// # Errors
/// The server cannot be reached, took longer than `patience`, or its answer broke off.
pub(super) async fn fetch(request: HttpRequest, patience: Duration) -> Result<HttpResponse, Error> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let exchange = pin!(exchange(request, &signal));
    let over = pin!(Delay::from(patience));
    match select(exchange, over).await {
        Either::Left((answered, _)) => answered,
        Either::Right(((), _)) => {
            abort.abort();
            Err(Error::RustError(format!("no answer in {} ms", patience.as_millis())))
        }
    }
}

async fn exchange(request: HttpRequest, signal: &worker::AbortSignal) -> Result<HttpResponse, Error> {
    let (parts, body) = request.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        if let Ok(value) = value.to_str() {
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

    let mut response = HttpResponse::new(answered.bytes().await?);
    *response.status_mut() = http::StatusCode::from_u16(answered.status_code())?;
    *response.headers_mut() = body::headers(answered.headers());
    Ok(response)
}
