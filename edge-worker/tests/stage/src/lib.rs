//! The stage of the end-to-end suite: a running edge, reached over HTTP only, and the keys to act as origin and as fans.
//!
//! Nothing in here knows which runtime answers. `scripts/stack/run -- cargo test --test '*'` sets the variables.

pub mod beacon;
mod part;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{Method, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stanchion_shared::{
    account::{self, AccountClaims},
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    draw::record::SignedRecord,
    human,
    identity::{Bytes32, EventId, Shard, ShardCount, Tag, Tier},
    jose::{SigningKeys, VerifyingKeys},
    pass::{self, PassClaims},
    policy::{BotPolicy, LimitPolicy, MAX_A_MINUTE, QueuePolicy},
    schedule::{EFFECT_DELAY_MS, Rate},
    timestamp::UnixMillis,
    wire::{ChallengeAnswer, JoinAnswer, PutEvent, PutRelease, QueueAnswer, QueueStatus, StatusAnswer},
};

pub use part::part;

/// A variable that `scripts/stack/run` sets.
///
/// # Panics
/// It is not set: a suite that cannot reach its edge must fail, not pass.
#[must_use]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this inside scripts/stack/run -- …"))
}

/// This machine's clock, which the edge under test shares.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    UnixMillis(since.as_millis() as u64)
}

/// A name that no other test, and no earlier run against the same edge, uses.
pub fn unique(prefix: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    format!(
        "{prefix}-{}-{}-{}",
        now().0,
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}

/// The running edge.
pub struct Edge {
    /// Without a slash at the end.
    pub url: String,
    /// One connection pool for all requests of a test.
    pub http: reqwest::Client,
    control_key: Bytes32,
    account_keys: SigningKeys,
    account_issuer: String,
}

/// Tests ask as fast as they can; how often fans may is a test of its own.
const UNLIMITED: LimitPolicy = LimitPolicy {
    joins_per_account_a_minute: MAX_A_MINUTE,
    joins_per_address_a_minute: MAX_A_MINUTE,
    polls_per_ticket_a_minute: MAX_A_MINUTE,
};

/// A fan with an account.
pub struct Fan {
    /// `sub` of the account.
    pub subject: String,
    /// Account token.
    pub token: String,
}

/// An event that this test owns.
pub struct Event {
    /// Unique to this test.
    pub id: EventId,
    /// What is put to the edge.
    pub put: PutEvent,
}

impl Event {
    /// An event with short windows, 4 shards and the cheapest proof of work.
    #[must_use]
    pub fn on_sale_in(ms: u64) -> Event {
        let put = PutEvent {
            version: now().0 * 1000,
            name: "A night out".to_owned(),
            on_sale_time: now().plus(ms),
            shards: ShardCount::new(4).unwrap(),
            draw_window_ms: 1_000,
            turn_ms: 10_000,
            shopping_ms: 10_000,
            challenge_max_number: 1_000,
            policy: QueuePolicy {
                // Tests join as an app does, which sends no signals; what the page sends is a test of its own.
                bots: BotPolicy {
                    apps_without_signals: true,
                    ..BotPolicy::default()
                },
                limits: UNLIMITED,
                ..QueuePolicy::default()
            },
        };
        Event {
            id: EventId::parse(&unique("e")).unwrap(),
            put,
        }
    }
}

/// A release with a lease that outlives the test.
#[must_use]
pub fn release(version: u64, per_second: u64) -> PutRelease {
    let rate_per_second = Rate::per_second(per_second);
    PutRelease {
        version,
        rate_per_second,
        lease_ms: 60_000,
        paused: false,
        sold_out: false,
    }
}

/// The body of a successful answer.
///
/// # Panics
/// The answer is a refusal or of another form; it is shown.
pub async fn read<T: DeserializeOwned>(response: Response) -> T {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// (status, machine word); the answer must be `{error, message}` as JSON with a sentence in it.
pub async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let content_type = response.headers().get(header::CONTENT_TYPE).cloned();
    assert_eq!(
        content_type.as_ref().map(|value| value.as_bytes()),
        Some(&b"application/json"[..]),
        "{status}"
    );
    let body: Value = response.json().await.unwrap();
    assert!(
        body["message"].as_str().is_some_and(|message| message.len() > 5),
        "{body}"
    );
    (status, body["error"].as_str().expect("a machine word").to_owned())
}

/// Waits until every instance of the edge knows what one has told: each has its own snapshot, and none goes on with an
/// older one for longer than this.
pub async fn settle() {
    tokio::time::sleep(Duration::from_millis(EFFECT_DELAY_MS + 100)).await;
}

impl Default for Edge {
    fn default() -> Self {
        Edge::new()
    }
}

impl Edge {
    /// The edge of the stack around this test.
    #[must_use]
    pub fn new() -> Edge {
        Edge {
            url: variable("STANCHION_EDGE_URL"),
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap(),
            control_key: Bytes32::parse(&variable("STANCHION_CONTROL_KEY")).unwrap(),
            account_keys: SigningKeys::parse(&variable("STANCHION_ACCOUNT_SIGNING_KEYS")).unwrap(),
            account_issuer: variable("STANCHION_ACCOUNT_ISSUER"),
        }
    }

    /// A new person.
    #[must_use]
    pub fn fan(&self) -> Fan {
        self.fan_named(&unique("fan"))
    }

    /// A person with this subject.
    #[must_use]
    pub fn fan_named(&self, subject: &str) -> Fan {
        let iat = now().floor_seconds();
        let claims = AccountClaims {
            iss: self.account_issuer.clone(),
            sub: subject.to_owned(),
            iat,
            exp: iat + 3_600,
        };
        Fan {
            subject: subject.to_owned(),
            token: account::sign(&self.account_keys, &claims),
        }
    }

    /// A token with any claims, signed by the account issuer.
    #[must_use]
    pub fn account_token(&self, claims: &AccountClaims) -> String {
        account::sign(&self.account_keys, claims)
    }

    /// A fan pass with any claims, signed by the account issuer.
    #[must_use]
    pub fn fan_pass(&self, claims: &PassClaims) -> String {
        pass::sign(&self.account_keys, claims)
    }

    /// GET without any credentials.
    pub async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    /// A control request, signed at `time`.
    pub async fn control_at(&self, time: UnixMillis, method: Method, path: &str, body: &Value) -> Response {
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(body).unwrap()
        };
        let signed = ControlRequest {
            method: method.as_str(),
            path,
            query: "",
            body: &body,
        };
        let (time, signature) = control::sign(&self.control_key, &signed, time);
        let request = self.http.request(method, format!("{}{path}", self.url)).body(body);
        let request = request.header(TIME_HEADER, time).header(SIGNATURE_HEADER, signature);
        request
            .header(header::CONTENT_TYPE, "application/json")
            .send()
            .await
            .unwrap()
    }

    /// A control request, signed now.
    pub async fn control(&self, method: Method, path: &str, body: &Value) -> Response {
        self.control_at(now(), method, path, body).await
    }

    /// Puts the event.
    pub async fn put_event(&self, event: &Event) -> Response {
        let path = format!("/api/v1/control/events/{}", event.id);
        self.control(Method::PUT, &path, &serde_json::to_value(&event.put).unwrap())
            .await
    }

    /// Puts a release.
    pub async fn put_release(&self, event: &Event, release: &PutRelease) -> Response {
        let path = format!("/api/v1/control/events/{}/release", event.id);
        self.control(Method::PUT, &path, &serde_json::to_value(release).unwrap())
            .await
    }

    /// Puts the event and a release of `per_second`.
    pub async fn open(&self, event: &Event, per_second: u64) {
        read::<Value>(self.put_event(event).await).await;
        read::<Value>(
            self.put_release(event, &release(event.put.version + 1, per_second))
                .await,
        )
        .await;
    }

    /// A fresh challenge for the fan.
    pub async fn challenge(&self, event: &EventId, fan: &Fan) -> ChallengeAnswer {
        read(self.challenge_response(event, fan).await).await
    }

    /// As [`Edge::challenge`], refused or not.
    pub async fn challenge_response(&self, event: &EventId, fan: &Fan) -> Response {
        let url = format!("{}/api/v1/queue/challenge?event_id={event}", self.url);
        self.http.get(url).bearer_auth(&fan.token).send().await.unwrap()
    }

    /// A fresh challenge, solved.
    pub async fn solved(&self, event: &EventId, fan: &Fan) -> String {
        human::solve(&self.challenge(event, fan).await).expect("solvable")
    }

    /// Joins with this captcha token.
    pub async fn join_with(&self, event: &EventId, fan: &Fan, captcha_token: &str) -> Response {
        let body = json!({ "event_id": event, "device_fingerprint": "test", "captcha_token": captcha_token });
        let request = self
            .http
            .post(format!("{}/api/v1/queue/join", self.url))
            .bearer_auth(&fan.token);
        request.json(&body).send().await.unwrap()
    }

    /// Joins as a browser does: challenge, solve, join.
    pub async fn join(&self, event: &EventId, fan: &Fan) -> JoinAnswer {
        let captcha_token = self.solved(event, fan).await;
        read(self.join_with(event, fan, &captcha_token).await).await
    }

    /// Gives a ticket up.
    pub async fn leave(&self, fan: &Fan, queue_token: &str) -> Response {
        let request = self
            .http
            .post(format!("{}/api/v1/queue/leave", self.url))
            .bearer_auth(&fan.token);
        request
            .json(&json!({ "queue_token": queue_token }))
            .send()
            .await
            .unwrap()
    }

    /// A poll, with or without proof of who asks.
    pub async fn status_response(&self, fan: Option<&Fan>, queue_token: &str) -> Response {
        let mut request = self
            .http
            .get(format!("{}/api/v1/queue/status", self.url))
            .header("queue-token", queue_token);
        if let Some(fan) = fan {
            request = request.bearer_auth(&fan.token);
        }
        request.send().await.unwrap()
    }

    /// A poll by the ticket's holder.
    pub async fn status(&self, fan: &Fan, queue_token: &str) -> StatusAnswer {
        read(self.status_response(Some(fan), queue_token).await).await
    }

    /// Polls until the status is one of `wanted`, at most 30 s.
    pub async fn status_until(&self, fan: &Fan, queue_token: &str, wanted: &[QueueStatus]) -> StatusAnswer {
        let deadline = now().plus(30_000);
        loop {
            let answer = self.status(fan, queue_token).await;
            if wanted.contains(&answer.status) {
                return answer;
            }
            assert!(now() < deadline, "still {:?} instead of {wanted:?}", answer.status);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The public snapshot.
    pub async fn queue(&self, event: &EventId) -> QueueAnswer {
        read(self.get(&format!("/api/v1/events/{event}/queue")).await).await
    }

    /// The edge's public keys.
    pub async fn keys(&self) -> VerifyingKeys {
        VerifyingKeys::parse(&self.get("/.well-known/jwks.json").await.text().await.unwrap()).unwrap()
    }

    /// A closed draw's record.
    pub async fn record(&self, event: &EventId, draw: u32) -> SignedRecord {
        read(
            self.of_closed_draw(&format!("/api/v1/events/{event}/draws/{draw}"))
                .await,
        )
        .await
    }

    /// What is public once a draw is closed; somebody was told that it is.
    async fn of_closed_draw(&self, path: &str) -> Response {
        let response = self.get(path).await;
        if response.status() != StatusCode::NOT_FOUND {
            return response;
        }
        settle().await;
        self.get(path).await
    }

    /// The logs of all shards of a closed draw.
    pub async fn logs(&self, event: &EventId, draw: u32, shards: ShardCount) -> Vec<(Shard, Vec<(Tier, Tag)>)> {
        let mut logs = Vec::new();
        for shard in shards.all() {
            let response = self
                .of_closed_draw(&format!("/api/v1/events/{event}/draws/{draw}/shards/{}", shard.0))
                .await;
            assert!(response.status().is_success(), "{}", response.status());
            let bytes = response.bytes().await.unwrap();
            logs.push((
                shard,
                stanchion_shared::draw::digest::parse_log(&bytes).expect("whole entries"),
            ));
        }
        logs
    }
}
