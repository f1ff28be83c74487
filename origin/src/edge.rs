//! The client of the edge's control API, with signed requests and typed answers. An error says what
//! to do next.

use std::time::Duration;

use reqwest::{Method, StatusCode, Url};
use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    ids::{Bytes32, EventId},
    wire::{EdgeStats, ErrorBody, PutAccepted, PutEvent, PutRelease},
};

use crate::{clock, response_body::read_body};

/// How long the edge may take. It is well below the lease of a release, so that one slow answer
/// does not end the lease.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// How long the edge may take to learn of an event. The first put makes its chain of 2^20 secrets,
/// and several launches at once wait for one another.
pub const PUT_EVENT_TIMEOUT: Duration = Duration::from_secs(20);
/// Largest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The edge's machine word for a version that is not larger than the last one.
pub const STALE_VERSION: &str = "version_stale";
/// The edge's machine word for an event that was never put.
pub const EVENT_UNKNOWN: &str = "event_unknown";

/// Why the edge did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// There is no answer, or none that can be read. The edge may or may not have done it.
    #[error("the edge cannot be reached: {0}")]
    Unreachable(&'static str),
    /// The edge has seen this version or a later one: take a new version.
    #[error("the edge has seen a later version")]
    StaleVersion,
    /// The edge does not know the event: put it.
    #[error("the edge does not know the event")]
    UnknownEvent,
    /// The edge refuses, for instance because something was changed that is fixed. Repeating does
    /// not help.
    #[error("the edge refused ({status}): {} ({})", .body.message, .body.error)]
    Refused {
        /// The status of its answer.
        status: StatusCode,
        /// The reason that it gives.
        body: ErrorBody,
    },
}

/// The edge's control API. Cheap to clone.
#[derive(Clone)]
pub struct EdgeClient {
    http: reqwest::Client,
    edge_url: Url,
    control_key: Bytes32,
}

impl EdgeClient {
    /// `edge_url` ends with `/`; `control_key` signs the requests.
    #[must_use]
    pub fn new(http: reqwest::Client, edge_url: Url, control_key: Bytes32) -> EdgeClient {
        EdgeClient {
            http,
            edge_url,
            control_key,
        }
    }

    /// Tells the edge of an event.
    ///
    /// # Errors
    /// [`EdgeError`].
    pub async fn put_event(&self, event: &EventId, put: &PutEvent) -> Result<PutAccepted, EdgeError> {
        self.call(PUT_EVENT_TIMEOUT, Method::PUT, event, "", Some(put)).await
    }

    /// Tells the edge how fast to admit.
    ///
    /// # Errors
    /// [`EdgeError`].
    pub async fn put_release(&self, event: &EventId, put: &PutRelease) -> Result<PutAccepted, EdgeError> {
        self.call(TIMEOUT, Method::PUT, event, "/release", Some(put)).await
    }

    /// Reads what the edge's coordinator of the event knows.
    ///
    /// # Errors
    /// [`EdgeError`].
    pub async fn stats(&self, event: &EventId) -> Result<EdgeStats, EdgeError> {
        self.call(TIMEOUT, Method::GET, event, "/stats", None::<&()>).await
    }

    async fn call<B: Serialize, A: DeserializeOwned>(
        &self,
        timeout: Duration,
        method: Method,
        event: &EventId,
        what: &str,
        body: Option<&B>,
    ) -> Result<A, EdgeError> {
        let url = control_url(&self.edge_url, event, what);
        let body = body.map_or_else(Vec::new, |body| serde_json::to_vec(body).expect("wire types serialise"));
        let signed = ControlRequest {
            method: method.as_str(),
            path: url.path(),
            query: "",
            body: &body,
        };
        let (time, signature) = control::sign(&self.control_key, &signed, clock::now());
        let answer = self
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
            return serde_json::from_slice(&body)
                .map_err(|_| EdgeError::Unreachable("its answer is not the expected one"));
        }
        Err(refusal(status, &body))
    }
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
