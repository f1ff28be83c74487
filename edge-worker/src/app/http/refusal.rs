//! A refusal is why a request is not served: a status, a machine-readable word, a sentence for
//! people. It becomes `{"error": …, "message": …}`.

use http::{HeaderName, HeaderValue, StatusCode, header};
use stanchion_shared::wire::ErrorBody;

use super::{limits::BODY_TIME_LIMIT, response::json};
use crate::platform::{BodyError, HttpResponse, StoreError};

/// How long a client is asked to wait when a part behind the edge does not answer, in seconds.
const RETRY_AFTER_SECONDS: u32 = 2;
/// How long a client is asked to wait while the organiser lets nobody in, in seconds.
const GATE_CLOSED_SECONDS: u32 = 60;

const UNKNOWN_EVENT: &str = "event_unknown";

/// Why a request is not served: a status, a word for programs, a sentence for people.
#[derive(Debug)]
pub struct Refusal {
    status: u16,
    body: ErrorBody,
    header: Option<(HeaderName, String)>,
}

/// What would be accepted instead of what a request brought (RFC 9110, section 11.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// An account token (RFC 6750). There was none.
    AccountToken,
    /// An account token; the one that came is not good.
    OtherAccountToken,
    /// One of Stanchion's headers, with a token or signature that is good.
    Header(&'static str),
}

impl Challenge {
    fn value(self) -> String {
        match self {
            Challenge::AccountToken => "Bearer".to_owned(),
            Challenge::OtherAccountToken => "Bearer error=\"invalid_token\"".to_owned(),
            Challenge::Header(name) => format!("Stanchion header=\"{name}\""),
        }
    }
}

impl Refusal {
    /// Makes a refusal without further headers. 401 is [`Refusal::unauthorized`].
    #[must_use]
    pub fn new(status: u16, error: &str, message: impl Into<String>) -> Refusal {
        Refusal {
            status,
            body: ErrorBody::new(error, message),
            header: None,
        }
    }

    /// 401: the request brings no proof of who sent it, or one that is not good.
    pub(crate) fn unauthorized(challenge: Challenge, error: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(401, error, message).with(header::WWW_AUTHENTICATE, challenge.value())
    }

    /// 503: a part behind the edge does not answer.
    pub(crate) fn unavailable(message: impl Into<String>) -> Refusal {
        Refusal::new(503, "unavailable", message).with(header::RETRY_AFTER, RETRY_AFTER_SECONDS.to_string())
    }

    /// Sets the one further header that a refusal may have.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Refusal {
        self.header = Some((name, value.into()));
        self
    }

    /// The runtime handed over a request whose method or address cannot be parsed.
    #[must_use]
    pub fn malformed_request() -> Refusal {
        Refusal::new(400, "malformed_request", "The request cannot be read.")
    }

    /// A variable is missing or unusable. The runtime's log says which.
    #[must_use]
    pub fn misconfigured() -> Refusal {
        Refusal::new(
            500,
            "misconfigured",
            "The waiting room is not configured. Its log names what is missing.",
        )
    }

    /// There is no queue for the event.
    pub(crate) fn unknown_event() -> Refusal {
        Refusal::new(404, UNKNOWN_EVENT, "There is no queue for this event.")
    }

    /// The path is nothing that the edge serves.
    pub(crate) fn not_found() -> Refusal {
        Refusal::new(404, "not_found", "There is nothing at this address.")
    }

    /// No site is at the host of the request (RFC 9110, section 15.5.20).
    pub(crate) fn unknown_host() -> Refusal {
        Refusal::new(421, "host_unknown", "There is no site at this host name.")
    }

    /// The address of the request cannot be passed on.
    pub(crate) fn malformed_uri() -> Refusal {
        Refusal::new(400, "malformed_uri", "The address cannot be read.")
    }

    /// The gate's mode is `reject`: the organiser lets nobody in.
    pub(crate) fn gate_closed() -> Refusal {
        Refusal::new(
            503,
            "gate_closed",
            "The organiser lets nobody in at the moment. Places in the queue are kept.",
        )
        .with(header::RETRY_AFTER, GATE_CLOSED_SECONDS.to_string())
    }

    /// The queue ticket was given to another account than the caller's.
    pub(crate) fn ticket_of_another_account() -> Refusal {
        Refusal::new(403, "ticket_of_other", "This ticket belongs to another account.")
    }

    /// The sentence for people.
    pub(crate) fn message(&self) -> &str {
        &self.body.message
    }

    /// Whether the edge or a part behind it failed, and not the request.
    pub(crate) fn is_fault(&self) -> bool {
        self.status >= 500
    }

    /// Whether the caller is known and may not do what they ask for.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.status == 403
    }

    /// Whether a rate limit refused the request.
    pub(crate) fn is_too_many(&self) -> bool {
        self.status == 429
    }

    /// Whether it is [`Refusal::unknown_event`].
    pub(crate) fn is_unknown_event(&self) -> bool {
        self.body.error == UNKNOWN_EVENT
    }

    /// The refusal as a response.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let mut response = json(
            StatusCode::from_u16(self.status).expect("statuses are literals"),
            &self.body,
        );
        if let Some((name, value)) = self.header {
            let value = HeaderValue::from_str(&value).expect("values of our headers are ASCII");
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl Refusal {
    /// The body of a request did not come in time.
    pub(crate) fn body_too_slow() -> Refusal {
        let seconds = BODY_TIME_LIMIT.as_secs();
        let message = format!("The body of a request must be there within {seconds} seconds.");
        Refusal::new(408, "body_too_slow", message)
    }
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge { limit } => {
                Refusal::new(413, "body_too_large", format!("A request body may have {limit} bytes."))
            }
            BodyError::Broken => Refusal::new(400, "body_broken", "The body ended before it was complete."),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        Refusal::unavailable("This part of the queue does not answer. Nothing is lost: try again soon.")
    }
}

/// Writes an error as a sentence for people. Error messages are written as parts of a sentence.
pub(crate) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
