//! Requests and answers between the runtime's types and the application's. Bodies that are read here
//! are whole and bounded.

use std::time::Duration;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE},
};
use http_body_util::BodyExt;
use spin_sdk::{
    http::{FullBody, Request, Response},
    wasip3::{
        http_compat::{IncomingBody, IncomingMessage, IncomingRequestBody},
        wit_bindgen::StreamResult,
        wit_future,
    },
};

use super::{target, time_limit};
use crate::{
    app::Refusal,
    platform::{BodyError, HttpResponse, MAX_FETCHED_BYTES},
};

/// A look whether a body has content takes so long at most. One that has ended is seen to have ended at
/// once.
const LOOK_LIMIT: Duration = Duration::from_secs(1);

/// The body of a request, of which nothing has been read.
pub(super) enum RequestBody {
    /// As it came.
    Unread(IncomingRequestBody),
    /// It was looked at. It has no content, or its request goes no further.
    Empty,
}

impl RequestBody {
    /// Whether it has any content, whatever the headers say: WASI hides `Transfer-Encoding`. A reader
    /// that has room for nothing learns only whether the stream has ended. What has not ended in time has
    /// content.
    pub(super) async fn has_content(&mut self) -> bool {
        let RequestBody::Unread(mut body) = std::mem::replace(self, RequestBody::Empty) else {
            return false;
        };
        let Some(message) = body.take_unstarted() else {
            return true;
        };
        let (_, result) = wit_future::new(|| Ok(()));
        let (mut stream, _trailers) = message.consume_body(result);
        let looked = time_limit::within(LOOK_LIMIT, stream.read(Vec::new())).await;
        !matches!(looked, Some((StreamResult::Dropped, _)))
    }

    /// Reads it whole, see [`read`].
    ///
    /// # Errors
    /// As [`read`].
    pub(super) async fn read(self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match self {
            RequestBody::Unread(body) => read(body, limit).await,
            RequestBody::Empty => Ok(Vec::new()),
        }
    }
}

/// The application's view of a request, whose body is not read.
///
/// # Errors
/// The request is none that the application could read.
pub(super) fn from_spin(request: Request) -> Result<http::Request<RequestBody>, Refusal> {
    let (parts, body) = request.into_parts();
    let mut read = http::Request::new(RequestBody::Unread(body));
    *read.method_mut() = parts.method;
    *read.uri_mut() = target::without_dots(parts.uri).map_err(|_| Refusal::malformed_request())?;
    *read.headers_mut() = each_once(&parts.headers);
    Ok(read)
}

/// Reads the body of a request or of an answer. Stops where the limit is passed: a body without a
/// length, or with a wrong one, fills no memory.
///
/// # Errors
/// The body is larger than `limit`, or breaks off.
async fn read<M: IncomingMessage>(mut body: IncomingBody<M>, limit: usize) -> Result<Vec<u8>, BodyError> {
    if stated_length(&body).is_some_and(|length| length > limit as u64) {
        return Err(BodyError::TooLarge { limit });
    }
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        // Trailers are nothing that the application knows of.
        if let Ok(chunk) = frame.into_data() {
            read.extend_from_slice(&chunk);
        }
        if read.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
    }
    Ok(read)
}

/// The length that a message says its body has, in bytes.
fn stated_length(body: &impl BodyExt) -> Option<u64> {
    body.size_hint().upper()
}

/// A header that came several times becomes one value with commas between (RFC 9110, section 5.3),
/// as runtimes that follow the Fetch standard hand it over: otherwise a ticket that was sent twice
/// would be one on this runtime and none on those. Credentials that are empty are none, as
/// Cloudflare's runtime has it.
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

/// The answer with the length of its body, where it may have one (RFC 9110, section 8.6). Spin would
/// send it in chunks, and Spin 4.1 leaves Nagle's algorithm on: the last chunk waits some 40 ms for the
/// client's delayed acknowledgement.
pub(super) fn with_length(mut answer: HttpResponse) -> HttpResponse {
    let status = answer.status();
    if !status.is_informational() && status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED {
        let length = answer.body().len();
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    answer
}

/// The runtime's view of an answer, or of a request to the origin.
pub(super) fn full(body: Vec<u8>) -> FullBody<Bytes> {
    FullBody::new(Bytes::from(body))
}

/// Reads the whole answer to a request.
///
/// # Errors
/// It is larger than [`MAX_FETCHED_BYTES`], or breaks off.
pub(super) async fn answered(response: Response) -> Result<HttpResponse, BodyError> {
    let (parts, body) = response.into_parts();
    let mut whole = HttpResponse::new(read(body, MAX_FETCHED_BYTES).await?);
    *whole.status_mut() = parts.status;
    *whole.headers_mut() = parts.headers;
    Ok(whole)
}
