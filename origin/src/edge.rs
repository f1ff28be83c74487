//! The client of the edge's control API: signed requests, typed answers, and errors that say what to do next.

use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    identity::EventId,
    wire::{EdgeStats, ErrorBody, PutAccepted, PutEvent, PutRelease},
};

use crate::{clock, outbound::read_body, state::App};

/// How long the edge may take; well below the lease, so that one slow answer does not end it.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// How long an edge may take to take an event in: the first put makes its chain of 2^20 secrets, and several launches at
/// once wait for one another.
pub const PUT_EVENT_TIMEOUT: Duration = Duration::from_secs(20);
/// Largest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The edge's word for a version that is not larger than the last one.
pub const STALE_VERSION: &str = "version_stale";
/// The edge's word for an event that was never put.
pub const EVENT_UNKNOWN: &str = "event_unknown";

/// Why the edge did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// No answer, or one that cannot be read: it may or may not have been done.
    #[error("the edge cannot be reached: {0}")]
    Unreachable(&'static str),
    /// It has seen this version or a later one: take a new one.
    #[error("the edge has seen a later version")]
    StaleVersion,
    /// It does not know the event: put it.
    #[error("the edge does not know the event")]
    UnknownEvent,
    /// It refuses, for instance because something that never changes was changed. Repeating does not help.
    #[error("the edge refused ({status}): {} ({})", .body.message, .body.error)]
    Refused {
        /// Its status.
        status: StatusCode,
        /// Its reason.
        body: ErrorBody,
    },
}

/// Tells the edge of an event.
///
/// # Errors
/// [`EdgeError`].
pub async fn put_event(app: &App, event: &EventId, put: &PutEvent) -> Result<PutAccepted, EdgeError> {
    call(app, PUT_EVENT_TIMEOUT, Method::PUT, event, "", Some(put)).await
}

/// Tells the edge how fast to admit.
///
/// # Errors
/// [`EdgeError`].
pub async fn put_release(app: &App, event: &EventId, put: &PutRelease) -> Result<PutAccepted, EdgeError> {
    call(app, TIMEOUT, Method::PUT, event, "/release", Some(put)).await
}

/// What the edge's coordinator of the event knows.
///
/// # Errors
/// [`EdgeError`].
pub async fn stats(app: &App, event: &EventId) -> Result<EdgeStats, EdgeError> {
    call(app, TIMEOUT, Method::GET, event, "/stats", None::<&()>).await
}

async fn call<B: Serialize, A: DeserializeOwned>(
    app: &App,
    timeout: Duration,
    method: Method,
    event: &EventId,
    what: &str,
    body: Option<&B>,
) -> Result<A, EdgeError> {
    let url = control_url(&app.config.edge_url, event, what);
    let body = body.map_or_else(Vec::new, |body| serde_json::to_vec(body).expect("wire types serialise"));
    let signed = ControlRequest {
        method: method.as_str(),
        path: url.path(),
        query: "",
        body: &body,
    };
    let (time, signature) = control::sign(&app.config.control_key, &signed, clock::now());
    let answer = app
        .http
        .request(method, url)
        .timeout(timeout)
        .header(TIME_HEADER, time)
        .header(SIGNATURE_HEADER, signature)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .map_err(|_| EdgeError::Unreachable("it does not answer"))?;
    let status = answer.status();
    let body = read_body(answer, MAX_ANSWER_BYTES)
        .await
        .ok_or(EdgeError::Unreachable("its answer broke off"))?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|_| EdgeError::Unreachable("its answer is not the expected one"));
    }
    Err(refusal(status, &body))
}

fn control_url(edge: &Url, event: &EventId, what: &str) -> Url {
    edge.join(&format!("api/v1/control/events/{event}{what}"))
        .expect("event ids need no escaping")
}

fn refusal(status: StatusCode, body: &[u8]) -> EdgeError {
    let body = serde_json::from_slice(body).unwrap_or_else(|_| ErrorBody::new("unknown", "It gave no reason."));
    match status {
        StatusCode::NOT_FOUND if body.error == EVENT_UNKNOWN => EdgeError::UnknownEvent,
        StatusCode::CONFLICT if body.error == STALE_VERSION => EdgeError::StaleVersion,
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            EdgeError::Unreachable("it answers with an error of its own")
        }
        status => EdgeError::Refused { status, body },
    }
}
