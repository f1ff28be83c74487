//! Requests that pass to a protected site, and its answers. Their bodies are streams of the host. A
//! stream that the component has not read is handed on as it is, so the host joins both ends and
//! nothing enters the component's memory. The instance may even be gone before the body has ended.
//!
//! WASI's HTTP hides the headers of a connection from a component, and knows no other protocol after
//! an answer. So a WebSocket cannot pass (<https://github.com/WebAssembly/WASI/issues/797>).

use http::HeaderMap;
use spin_sdk::{
    http::{FromResponse, Response},
    wasip3::{
        http::{
            client,
            types::{self, ErrorCode, Fields, RequestOptions, RequestOptionsError, Trailers},
        },
        http_compat::{IncomingBody, IncomingMessage, IncomingResponseBody},
        wit_bindgen::{FutureReader, StreamReader},
        wit_future,
    },
};

use super::body::RequestBody;
use crate::platform::{SiteAnswer, SiteTimeLimits};

/// Sends a request on and waits for the head of the answer. A redirect is passed on: the host
/// follows none.
///
/// # Errors
/// A sentence: the site cannot be reached, or took longer than `limits.head`.
pub(super) async fn pass(
    request: http::Request<RequestBody>,
    limits: SiteTimeLimits,
) -> Result<SiteAnswer<IncomingResponseBody>, String> {
    let (head, body) = request.into_parts();
    let options = options(limits).map_err(|error| format!("the time limits: {error:?}"))?;
    let fields = fields(head.headers).map_err(|error| error.to_string())?;
    let (contents, trailers) = match body {
        RequestBody::Unread(body) => {
            let (contents, trailers) = unread(body);
            (Some(contents), trailers)
        }
        RequestBody::Empty => (None, wit_future::new(|| Ok(None)).1),
    };
    let (passed, _) = types::Request::new(fields, contents, trailers, Some(options));
    let uri = head.uri;
    let target = uri.path_and_query().map(http::uri::PathAndQuery::as_str);
    passed
        .set_method(&head.method.into())
        .and_then(|()| passed.set_scheme(uri.scheme().map(Into::into).as_ref()))
        .and_then(|()| passed.set_authority(uri.authority().map(http::uri::Authority::as_str)))
        .and_then(|()| passed.set_path_with_query(target))
        .map_err(|()| "the request cannot be written".to_owned())?;
    let answered = client::send(passed).await.map_err(|error| error.to_string())?;
    let answered = Response::from_response(answered).map_err(|error| error.to_string())?;
    let (head, body) = answered.into_parts();
    Ok(SiteAnswer::new(head.status, head.headers, body))
}

/// Without a limit of its own the host would break an upload off after ten minutes.
fn options(limits: SiteTimeLimits) -> Result<RequestOptions, RequestOptionsError> {
    let nanoseconds = |limit: std::time::Duration| Some(u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX));
    let options = RequestOptions::new();
    options.set_connect_timeout(nanoseconds(limits.head))?;
    options.set_first_byte_timeout(nanoseconds(limits.head))?;
    options.set_between_bytes_timeout(nanoseconds(limits.silence))?;
    Ok(options)
}

/// The host's view of a site's answer.
///
/// # Errors
/// A header that the host does not take.
pub(super) fn to_spin(answer: SiteAnswer<IncomingResponseBody>) -> Result<types::Response, ErrorCode> {
    let (status, headers, body) = answer.into_parts();
    let fields = fields(headers)?;
    let (contents, trailers) = unread(body);
    let (response, _) = types::Response::new(fields, Some(contents), trailers);
    response
        .set_status_code(status.as_u16())
        .map_err(|()| ErrorCode::HttpProtocolError)?;
    Ok(response)
}

fn fields(headers: HeaderMap) -> Result<Fields, ErrorCode> {
    headers
        .try_into()
        .map_err(|error| ErrorCode::InternalError(Some(format!("the headers: {error:?}"))))
}

type Unread = (StreamReader<u8>, FutureReader<Result<Option<Trailers>, ErrorCode>>);

/// The host's stream of a body of which nothing has been read.
fn unread<M: IncomingMessage>(mut body: IncomingBody<M>) -> Unread {
    let message = body.take_unstarted().expect("the gate reads no body that passes");
    // What becomes of the body concerns nobody here: both ends are the host's.
    let (_, result) = wit_future::new(|| Ok(()));
    message.consume_body(result)
}
