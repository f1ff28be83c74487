//! The whole application over the store, as the component runs it, with a native clock and no HTTP around it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    net::IpAddr,
    time::Duration,
};

use http::{Method, header};
use serde_json::{Value, json};
use stanchion_edge::{
    app::{self, config::EdgeConfig},
    platform::{
        Claim, ClaimOutcome, HttpRequest, HttpResponse, Join, JoinOutcome, Leave, LeaveOutcome, Platform, PutOutcome,
        QueueStore, Sight, SightedBy, StoreError,
    },
    spin::store::Store,
};
use stanchion_shared::{
    account::{self, AccountClaims},
    draw::record::SignedRecord,
    human,
    identity::{Draw, EventId, EventKey, Shard},
    schedule::Schedule,
    standing::Snapshot,
    timestamp::UnixMillis,
    wire::{ChallengeAnswer, PutEvent, PutRelease},
};

use crate::{
    connection::Native,
    world::{KEYS, now, signing_keys},
};

pub(crate) struct Edge {
    pub(crate) redis: Native,
    config: EdgeConfig,
    /// Where fans come from.
    pub(crate) address: Option<IpAddr>,
    /// The shards that know who used what do not answer.
    pub(crate) sights_fail: bool,
    /// What the origin serves as the table of addresses; `None`: there is no origin.
    pub(crate) table: Option<&'static str>,
    /// How long the origin thinks.
    pub(crate) origin_thinks: Duration,
    /// How often the origin was asked.
    pub(crate) origin_asked: Cell<u32>,
    /// What the data centre's cache holds.
    pub(crate) kept: RefCell<HashMap<String, HttpResponse>>,
}

impl Edge {
    pub(crate) fn new(url: &str) -> Edge {
        let config = EdgeConfig::parse(|name| {
            Some(match name {
                "STANCHION_ENVIRONMENT" => "development".to_owned(),
                "STANCHION_ORIGIN_URL" => "http://localhost".to_owned(),
                "STANCHION_SIGNING_KEYS" | "STANCHION_ACCOUNT_JWKS" => KEYS.to_owned(),
                "STANCHION_TICKET_KEYS" => format!("1:{}", "ab".repeat(32)),
                "STANCHION_ACCOUNT_ISSUER" => "accounts".to_owned(),
                name if EdgeConfig::OPTIONAL.contains(&name) => String::new(),
                _ => "cd".repeat(32),
            })
        });
        Edge {
            redis: Native::new(url),
            config: config.unwrap(),
            address: None,
            sights_fail: false,
            table: None,
            origin_thinks: Duration::ZERO,
            origin_asked: Cell::new(0),
            kept: RefCell::default(),
        }
    }

    /// From now on this is the event of a site of somebody else's.
    pub(crate) fn in_front_of_a_site(&mut self, event: &EventId) {
        self.config.site_events = vec![event.clone()];
    }

    /// What is ours lies below this.
    fn own(&self) -> &'static str {
        if self.config.site_events.is_empty() {
            ""
        } else {
            "/.stanchion"
        }
    }

    pub(crate) fn store(&self) -> Store<'_, Native> {
        Store::new(&self.redis, &self.config.signing_keys)
    }

    /// Status and body.
    pub(crate) async fn ask(&self, method: Method, uri: &str, fan: &str, body: Option<Value>) -> (u16, Value) {
        let (status, _, body) = self.ask_whole(method, uri, fan, body).await;
        (status, body)
    }

    pub(crate) async fn ask_whole(
        &self,
        method: Method,
        uri: &str,
        fan: &str,
        body: Option<Value>,
    ) -> (u16, HttpResponse, Value) {
        let claims = AccountClaims {
            iss: "accounts".to_owned(),
            sub: fan.to_owned(),
            iat: now().floor_seconds(),
            exp: now().floor_seconds() + 600,
        };
        let token = account::sign(&signing_keys(), &claims);
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Vec::new, |body| serde_json::to_vec(&body).unwrap());
        let response = app::handle(self, request.body(body).unwrap()).await;
        let told = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        (response.status().as_u16(), response, told)
    }

    pub(crate) async fn join(&self, event: &EventId, fan: &str) -> Value {
        let uri = format!("{}/api/v1/queue/challenge?event_id={event}", self.own());
        let (status, challenge) = self.ask(Method::GET, &uri, fan, None).await;
        assert_eq!(status, 200, "{challenge}");
        let challenge: ChallengeAnswer = serde_json::from_value(challenge).unwrap();
        let body = json!({
            "event_id": event,
            "device_fingerprint": "",
            "captcha_token": human::solve(&challenge).unwrap(),
        });
        let uri = format!("{}/api/v1/queue/join", self.own());
        let (status, joined) = self.ask(Method::POST, &uri, fan, Some(body)).await;
        assert_eq!(status, 200, "{joined}");
        joined
    }

    pub(crate) async fn status(&self, fan: &str, ticket: &Value) -> (u16, Value) {
        let uri = format!("/api/v1/queue/status?token={}", ticket.as_str().unwrap());
        self.ask(Method::GET, &uri, fan, None).await
    }

    /// Polls until the place is known.
    pub(crate) async fn place(&self, fan: &str, ticket: &Value) -> Value {
        for _ in 0..200 {
            let (status, told) = self.status(fan, ticket).await;
            assert_eq!(status, 200, "{told}");
            if told["position"].is_u64() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{fan} gets no place");
    }
}

impl Platform for Edge {
    fn now(&self) -> UnixMillis {
        now()
    }

    fn random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }

    fn config(&self) -> &EdgeConfig {
        &self.config
    }

    fn client_address(&self, _: &HttpRequest) -> Option<IpAddr> {
        self.address
    }

    async fn kept(&self, path: &str) -> Option<HttpResponse> {
        self.kept.borrow().get(path).cloned()
    }

    async fn keep(&self, path: &str, answer: &HttpResponse) {
        self.kept.borrow_mut().insert(path.to_owned(), answer.clone());
    }

    async fn fetch(&self, _: HttpRequest) -> Result<HttpResponse, StoreError> {
        Err(StoreError("these tests have no origin".to_owned()))
    }

    async fn ask(&self, _: HttpRequest, patience: Duration) -> Result<HttpResponse, StoreError> {
        self.origin_asked.update(|asked| asked + 1);
        let thought = tokio::time::timeout(patience, tokio::time::sleep(self.origin_thinks)).await;
        match (thought, self.table) {
            (Ok(()), Some(table)) => Ok(http::Response::builder()
                .header(header::ETAG, "\"one\"")
                .body(table.as_bytes().to_vec())
                .unwrap()),
            _ => Err(StoreError("the origin does not answer".to_owned())),
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn client_system(&self, _: &HttpRequest) -> Option<u32> {
        None
    }

    fn warn(&self, sentence: &str) {
        eprintln!("{sentence}");
    }
}

impl QueueStore for Edge {
    async fn put_event(&self, event: &EventId, put: PutEvent) -> Result<PutOutcome, StoreError> {
        self.store().put_event(event, put).await
    }

    async fn put_release(&self, event: &EventId, put: PutRelease) -> Result<PutOutcome, StoreError> {
        self.store().put_release(event, put).await
    }

    async fn snapshot(&self, event: &EventId) -> Result<Option<Snapshot>, StoreError> {
        self.store().snapshot(event).await
    }

    async fn event_key(&self, event: &EventId) -> Result<Option<EventKey>, StoreError> {
        self.store().event_key(event).await
    }

    async fn record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        self.store().record(event, draw).await
    }

    async fn schedule(&self, event: &EventId) -> Result<Option<Schedule>, StoreError> {
        self.store().schedule(event).await
    }

    async fn shard_log(&self, event: &EventId, draw: Draw, shard: Shard) -> Result<Option<Vec<u8>>, StoreError> {
        self.store().shard_log(event, draw, shard).await
    }

    async fn join(&self, event: &EventId, shard: Shard, join: Join) -> Result<JoinOutcome, StoreError> {
        self.store().join(event, shard, join).await
    }

    async fn sighted(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<SightedBy, StoreError> {
        if self.sights_fail {
            return Err(StoreError("this shard does not answer".to_owned()));
        }
        self.store().sighted(event, shard, sight).await
    }

    async fn note(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<(), StoreError> {
        self.store().note(event, shard, sight).await
    }

    async fn claim(&self, event: &EventId, shard: Shard, claim: Claim) -> Result<ClaimOutcome, StoreError> {
        self.store().claim(event, shard, claim).await
    }

    async fn leave(&self, event: &EventId, shard: Shard, leave: Leave) -> Result<LeaveOutcome, StoreError> {
        self.store().leave(event, shard, leave).await
    }
}
