//! What passes between a client and a protected site.

use std::time::Duration;

use http::{HeaderMap, StatusCode};

/// Why the body of a request could not be read whole.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum BodyError {
    /// It is larger than the application takes.
    #[error("the body is larger than {limit} bytes")]
    TooLarge {
        /// What the application takes, in bytes.
        limit: usize,
    },
    /// It ended before its stated or chunked end.
    #[error("the body ended before it was complete")]
    Broken,
}

/// How long the edge waits for a protected site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteTimeLimits {
    /// From the beginning of the request until the head of the answer.
    pub head: Duration,
    /// Between two pieces of the answer's body. A runtime whose bodies stream without a clock of
    /// ours does not keep it.
    pub silence: Duration,
}

/// What a protected site answered: a head, and a body that is still on its way.
#[derive(Debug)]
pub struct SiteAnswer<B> {
    status: StatusCode,
    /// The headers, which the gate may change.
    pub headers: HeaderMap,
    body: B,
}

impl<B> SiteAnswer<B> {
    /// The answer as it came.
    pub fn new(status: StatusCode, headers: HeaderMap, body: B) -> SiteAnswer<B> {
        SiteAnswer { status, headers, body }
    }

    /// The status as the site gave it.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the runtime sends on.
    pub fn into_parts(self) -> (StatusCode, HeaderMap, B) {
        (self.status, self.headers, self.body)
    }
}
