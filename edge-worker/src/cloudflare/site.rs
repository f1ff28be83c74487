//! Requests that pass to a protected site, and its answers. Their bodies are streams of the runtime,
//! which joins them with each other: nothing of them enters the program, and the runtime holds no
//! more than what the slower side has not taken yet.
//!
//! A request is made from the client's, and an answer from the site's. What the application has not
//! changed is copied by the runtime itself, byte for byte, also header values that JavaScript cannot
//! read, and a GET with a body, which JavaScript could not make.

use std::{collections::BTreeMap, pin::pin};

use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use worker::{
    AbortController, AbortSignal, Delay, Error, Headers,
    js_sys::global,
    wasm_bindgen::{JsCast, JsValue},
    wasm_bindgen_futures::JsFuture,
    web_sys::{Request, RequestInit, RequestRedirect, Response, ResponseInit, WorkerGlobalScope},
};

use super::body;
use crate::platform::{SiteAnswer, SiteTimeLimits};

/// Sends a request on and waits for the head of the answer. A redirect is passed on and never
/// followed. The limit between pieces of the body is not kept: the runtime has none.
///
/// # Errors
/// The site cannot be reached, took longer than `limits.head`, or its status is none.
pub(super) async fn pass(
    request: http::Request<Request>,
    limits: SiteTimeLimits,
) -> Result<SiteAnswer<Response>, Error> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let exchange = pin!(exchange(request, &signal));
    let over = pin!(Delay::from(limits.head));
    match select(exchange, over).await {
        Either::Left((answered, _)) => answered,
        Either::Right(((), _)) => {
            abort.abort();
            Err(Error::RustError(format!("no answer in {} s", limits.head.as_secs())))
        }
    }
}

async fn exchange(request: http::Request<Request>, signal: &AbortSignal) -> Result<SiteAnswer<Response>, Error> {
    let (head, received) = request.into_parts();
    // The runtime takes a request in place of its settings, too.
    let received: &RequestInit = received.unchecked_ref();
    let moved = Request::new_with_str_and_init(&head.uri.to_string(), received)?;
    let settings = RequestInit::new();
    settings.set_redirect(RequestRedirect::Manual);
    settings.set_signal(Some(signal));
    let passed = Request::new_with_request_and_init(&moved, &settings)?;
    change(&Headers(passed.headers()), &head.headers)?;

    let worker: WorkerGlobalScope = global().unchecked_into();
    let answered: Response = JsFuture::from(worker.fetch_with_request(&passed))
        .await?
        .unchecked_into();
    let status = StatusCode::from_u16(answered.status())?;
    let headers = body::headers(&Headers(answered.headers()));
    Ok(SiteAnswer::new(status, headers, answered))
}

/// The runtime's view of a site's answer. It has the WebSocket that the site opened, if it did.
///
/// # Errors
/// A status or a header that the runtime does not take.
pub(super) fn to_worker(answer: SiteAnswer<Response>) -> Result<Response, JsValue> {
    let (_, headers, answered) = answer.into_parts();
    let settings: &ResponseInit = answered.unchecked_ref();
    let response = Response::new_with_opt_readable_stream_and_init(answered.body().as_ref(), settings)?;
    change(&Headers(response.headers()), &headers)?;
    Ok(response)
}

/// What stands in a value, as the runtime shows it, for bytes that are not UTF-8.
const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Makes `headers` what the application wants. Those that have the wanted values already are not
/// touched, and so keep their bytes; values that come behind them are added. Those that the
/// application cannot read are removed: it has not judged them.
fn change(headers: &Headers, wanted: &HeaderMap) -> worker::Result<()> {
    let mut present: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers.entries() {
        present.entry(name).or_default().push(value);
    }
    let mut untouched: BTreeMap<String, usize> = BTreeMap::new();
    for (name, values) in present {
        let wanted: Vec<_> = wanted
            .get_all(name.as_str())
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        let begins = values
            .iter()
            .map(String::as_bytes)
            .eq(wanted.iter().copied().take(values.len()));
        // The runtime has no way to take a part out of a value that is not UTF-8. The site gets all
        // cookies then, Stanchion's among them, rather than cookies with other bytes.
        let is_whole = name == header::COOKIE.as_str() && wanted.iter().any(|value| is_damaged(value));
        if is_whole {
            untouched.insert(name, wanted.len());
        } else if begins {
            untouched.insert(name, values.len());
        } else {
            headers.delete(&name)?;
        }
    }
    for name in wanted.keys() {
        let kept = untouched.get(name.as_str()).copied().unwrap_or_default();
        for value in wanted.get_all(name).iter().skip(kept) {
            if let Ok(value) = str::from_utf8(value.as_bytes()) {
                headers.append(name.as_str(), value)?;
            }
        }
    }
    Ok(())
}

fn is_damaged(value: &[u8]) -> bool {
    value.windows(REPLACEMENT.len()).any(|part| part == REPLACEMENT)
}
