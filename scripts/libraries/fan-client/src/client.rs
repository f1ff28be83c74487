//! HTTP as a fan's browser speaks it: keep-alive, a bounded number of sockets, and retries where the page retries.
//!
//! A request is retried after no connection and after 502, 503, 504 and 429, with growing, jittered pauses. Each retry is
//! counted. Everything else is an answer, and the fan decides whether it was to be expected.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::{timestamp::UnixMillis, wire::ErrorBody};
use tokio::sync::Semaphore;

use crate::{
    clock,
    counts::RequestCounts,
    latency::{Latencies, RequestKind},
};

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// After nothing but failed attempts for this long, a fan has seen an error. It is longer than any restart of a part.
const PATIENCE: Duration = Duration::from_secs(180);
/// Pause before the second attempt; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
/// Longest pause, also where `Retry-After` says more.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Idle connections are kept this long. workerd closes them after five seconds, and a request at that moment breaks.
const IDLE_TIMEOUT: Duration = Duration::from_millis(4_500);

/// Sends requests to one address. Cheap to clone; all clones share sockets and counters.
#[derive(Clone)]
pub struct FanClient {
    http: reqwest::Client,
    base: String,
    sockets: Arc<Semaphore>,
    latencies: Arc<Latencies>,
    counts: Arc<RequestCounts>,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct FanRequest {
    kind: RequestKind,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct FanResponse {
    /// What was asked for.
    pub kind: RequestKind,
    /// The HTTP status.
    pub status: StatusCode,
    /// All of the body.
    pub body: Vec<u8>,
    /// When the whole of it was here.
    pub received_at: UnixMillis,
    retry_after: Option<Duration>,
}

/// Something a fan would see as an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FanError(pub String);

impl FanRequest {
    /// A request without body.
    pub fn new(kind: RequestKind, method: Method, path: impl Into<String>) -> FanRequest {
        FanRequest {
            kind,
            method,
            path: path.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// With one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> FanRequest {
        self.headers.push((name, value.into()));
        self
    }

    /// With the account's token.
    pub fn bearer(self, token: &str) -> FanRequest {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With the shop token.
    pub fn shop_token(self, token: &str) -> FanRequest {
        self.header("shop-token", token)
    }

    /// With a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> FanRequest {
        self.body = Some(serde_json::to_vec(body).expect("wire types serialise"));
        self.header("content-type", "application/json")
    }
}

impl FanResponse {
    /// The machine word of an error, or nothing.
    pub fn word(&self) -> String {
        serde_json::from_slice::<ErrorBody>(&self.body).map_or_else(|_| String::new(), |body| body.error)
    }

    /// The body as JSON of a type.
    ///
    /// # Errors
    /// It is not that.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, FanError> {
        serde_json::from_slice(&self.body)
            .map_err(|error| FanError(format!("{}: an answer that cannot be read: {error}", self.kind.name())))
    }

    /// The body of a success.
    ///
    /// # Errors
    /// Another status, or a body that cannot be read.
    pub fn success<T: DeserializeOwned>(&self) -> Result<T, FanError> {
        if self.status.is_success() {
            self.parse()
        } else {
            Err(self.unexpected())
        }
    }

    /// This answer, as the error that it is to the fan.
    pub fn unexpected(&self) -> FanError {
        FanError(format!(
            "{}: {} {}",
            self.kind.name(),
            self.status.as_u16(),
            self.word()
        ))
    }

    fn asks_for_another_try(&self) -> bool {
        matches!(
            self.status,
            StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
        )
    }
}

impl FanClient {
    /// For the address `base`, with at most `sockets` requests under way at once.
    ///
    /// # Errors
    /// The system lets no HTTP client be made.
    pub fn new(
        base: &str,
        sockets: usize,
        latencies: Arc<Latencies>,
        counts: Arc<RequestCounts>,
    ) -> Result<FanClient, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(ATTEMPT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(sockets)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(FanClient {
            http,
            base: base.to_owned(),
            sockets: Arc::new(Semaphore::new(sockets)),
            latencies,
            counts,
        })
    }

    /// One attempt.
    ///
    /// # Errors
    /// The reason why no whole answer came.
    pub async fn attempt(&self, ask: &FanRequest) -> Result<FanResponse, String> {
        let wanted = Instant::now();
        let _socket = self.sockets.acquire().await.expect("never closed");
        let sent = Instant::now();
        self.latencies.record(RequestKind::OwnQueue, sent - wanted);
        self.counts.count_sent();
        let mut request = self
            .http
            .request(ask.method.clone(), format!("{}{}", self.base, ask.path));
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let response = request.send().await.map_err(|error| reason(&error))?;
        let status = response.status();
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok().map(Duration::from_secs));
        let body = response.bytes().await.map_err(|error| reason(&error))?.to_vec();
        self.latencies.record(ask.kind, sent.elapsed());
        Ok(FanResponse {
            kind: ask.kind,
            status,
            body,
            received_at: clock::now(),
            retry_after,
        })
    }

    /// Sends until there is an answer that a page would show.
    ///
    /// # Errors
    /// Nothing but failed attempts for [`PATIENCE`].
    pub async fn send(&self, ask: &FanRequest) -> Result<FanResponse, FanError> {
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let (why, asked_for) = match self.attempt(ask).await {
                Ok(answer) if answer.asks_for_another_try() => {
                    let why = format!("{} {}", answer.status.as_u16(), answer.word());
                    (why, answer.retry_after.unwrap_or_default())
                }
                Ok(answer) => return Ok(answer),
                Err(why) => (why, Duration::ZERO),
            };
            if started.elapsed() > PATIENCE {
                return Err(FanError(format!("{}: gave up after {why}", ask.kind.name())));
            }
            self.counts.count_retry(format!("{}: {why}", ask.kind.name()));
            tokio::time::sleep(jittered(pause.max(asked_for).min(LONGEST_PAUSE))).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn reason(error: &reqwest::Error) -> String {
    if error.is_connect() {
        "no connection".to_owned()
    } else if error.is_timeout() {
        "no answer in time".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}

/// Between one and one and a half times as long, so that fans who failed together do not come back together, and never
/// sooner than they were asked to.
fn jittered(pause: Duration) -> Duration {
    static STATE: AtomicU64 = AtomicU64::new(0);
    // SplitMix64's increment; its upper bits are spread well enough for a pause.
    let state = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    let share = (state.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 54) as f64 / 1_024.0;
    pause.mul_f64(1.0 + share / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_shorter_than_asked_for() {
        let pauses: Vec<_> = (0..100).map(|_| jittered(Duration::from_secs(2))).collect();
        assert!(
            pauses
                .iter()
                .all(|pause| (Duration::from_secs(2)..=Duration::from_secs(3)).contains(pause))
        );
        assert!(pauses.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
