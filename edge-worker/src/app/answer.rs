//! How answers look: JSON with the right caching, and refusals as `{error, message}`.

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::wire::ErrorBody;

use crate::platform::{HttpRequest, HttpResponse, StoreError};

/// For how long a client is asked to wait when a part behind the edge does not answer, in seconds.
const RETRY_AFTER_SECONDS: u32 = 2;

const UNKNOWN_EVENT: &str = "event_unknown";

/// Why a request is not answered: a status, a word for programs, a sentence for people.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    body: ErrorBody,
    header: Option<(HeaderName, String)>,
}

impl Refusal {
    /// A refusal without further headers.
    #[must_use]
    pub fn new(status: u16, error: &str, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            body: ErrorBody::new(error, message),
            header: None,
        }
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Refusal {
        self.header = Some((name, value.into()));
        self
    }

    /// The body is over `limit`; runtimes use it while they read.
    #[must_use]
    pub fn body_too_large(limit: usize) -> Refusal {
        Refusal::new(413, "body_too_large", format!("A request body may have {limit} bytes."))
    }

    /// A variable is missing or unusable; the runtime's log says which.
    #[must_use]
    pub fn misconfigured() -> Refusal {
        Refusal::new(
            500,
            "misconfigured",
            "The waiting room is not configured. Its log names what is missing.",
        )
    }

    /// Something of ours failed, not the request.
    pub(super) fn is_fault(&self) -> bool {
        self.status >= 500
    }

    /// Who asks is known, and may not.
    pub(super) fn is_forbidden(&self) -> bool {
        self.status == 403
    }

    /// It says to come again later.
    pub(super) fn is_too_many(&self) -> bool {
        self.status == 429
    }

    /// It says that there is no such event.
    pub(super) fn is_unknown_event(&self) -> bool {
        self.body.error == UNKNOWN_EVENT
    }

    pub(super) fn unknown_event() -> Refusal {
        Refusal::new(404, UNKNOWN_EVENT, "There is no queue for this event.")
    }

    /// As a response.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let mut response = json(
            StatusCode::from_u16(self.status).expect("statuses are literals"),
            &self.body,
        );
        if let Some((name, value)) = self.header {
            let value = HeaderValue::from_str(&value).expect("header values are ours");
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Refusal::new(
            503,
            "unavailable",
            "This part of the queue does not answer. Nothing is lost: try again soon.",
        )
        .with(header::RETRY_AFTER, RETRY_AFTER_SECONDS.to_string())
    }
}

/// An error as a sentence for people: errors are written as parts of one.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

/// JSON that nobody stores: the default, since most answers are personal.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    cached_json(status, body, "no-store")
}

/// JSON with a `Cache-Control` of its own.
pub(super) fn cached_json<T: Serialize>(status: StatusCode, body: &T, cache: &'static str) -> HttpResponse {
    let body = serde_json::to_vec(body).expect("wire types serialise");
    bytes(status, body, "application/json", cache)
}

/// Any body, with the headers that every answer has.
pub(super) fn bytes(
    status: StatusCode,
    body: Vec<u8>,
    content_type: &'static str,
    cache: &'static str,
) -> HttpResponse {
    let mut response = HttpResponse::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 304 if the client says that it has the answer of this tag (RFC 9110, section 13.1.2: weak comparison).
pub(super) fn not_modified(request: &HttpRequest, tag: &str) -> Option<HttpResponse> {
    let held = header_text(request, header::IF_NONE_MATCH.as_str())?;
    let same = |one: &str| one == "*" || one.trim_start_matches("W/") == tag.trim_start_matches("W/");
    if !held.split(',').map(str::trim).any(same) {
        return None;
    }
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
        .headers_mut()
        .insert(header::ETAG, HeaderValue::from_str(tag).ok()?);
    Some(response)
}

/// The body of a request, which must say that it is JSON and be of the form expected.
pub(super) fn read_json<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Refusal> {
    let content_type = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            415,
            "unsupported_media_type",
            "Send the body as Content-Type: application/json.",
        ));
    }
    serde_json::from_slice(request.body())
        .map_err(|error| Refusal::new(400, "malformed_body", format!("The body is not as expected: {error}.")))
}

/// The value of a query parameter, if it is there once. Our parameters need no percent-encoding.
pub(super) fn query<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The value of a header, if it is text.
pub(super) fn header_text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}
