//! The whole application over the store, as the component runs it, with a native clock and no HTTP around it.

use http::{Method, header};
use serde_json::{Value, json};
use stanchion_edge::{
    app::{self, config::EdgeConfig},
    platform::{
        Claim, ClaimOutcome, HttpRequest, HttpResponse, Join, JoinOutcome, Leave, LeaveOutcome, Platform, PutOutcome,
        QueueStore, Sight, StoreError,
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
    server::{Keeps, Server},
    world::{Event, KEYS, now, signing_keys},
};

struct Edge {
    redis: Native,
    config: EdgeConfig,
    /// Where fans come from.
    address: Option<std::net::IpAddr>,
    /// The shards that know who used what do not answer.
    sights_fail: bool,
}

impl Edge {
    fn new(url: &str) -> Edge {
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
        }
    }

    fn store(&self) -> Store<'_, Native> {
        Store::new(&self.redis, &self.config.signing_keys)
    }

    /// Status and body.
    async fn ask(&self, method: Method, uri: &str, fan: &str, body: Option<Value>) -> (u16, Value) {
        let (status, _, body) = self.ask_whole(method, uri, fan, body).await;
        (status, body)
    }

    async fn ask_whole(&self, method: Method, uri: &str, fan: &str, body: Option<Value>) -> (u16, HttpResponse, Value) {
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

    async fn join(&self, event: &EventId, fan: &str) -> Value {
        let uri = format!("/api/v1/queue/challenge?event_id={event}");
        let (status, challenge) = self.ask(Method::GET, &uri, fan, None).await;
        assert_eq!(status, 200, "{challenge}");
        let challenge: ChallengeAnswer = serde_json::from_value(challenge).unwrap();
        let body = json!({
            "event_id": event,
            "device_fingerprint": "",
            "captcha_token": human::solve(&challenge).unwrap(),
        });
        let (status, joined) = self.ask(Method::POST, "/api/v1/queue/join", fan, Some(body)).await;
        assert_eq!(status, 200, "{joined}");
        joined
    }

    async fn status(&self, fan: &str, ticket: &Value) -> (u16, Value) {
        let uri = format!("/api/v1/queue/status?token={}", ticket.as_str().unwrap());
        self.ask(Method::GET, &uri, fan, None).await
    }

    /// Polls until the place is known.
    async fn place(&self, fan: &str, ticket: &Value) -> Value {
        for _ in 0..200 {
            let (status, told) = self.status(fan, ticket).await;
            assert_eq!(status, 200, "{told}");
            if told["position"].is_u64() {
                return told;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
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

    fn client_address(&self, _: &HttpRequest) -> Option<std::net::IpAddr> {
        self.address
    }

    async fn kept(&self, _: &str) -> Option<HttpResponse> {
        None
    }

    async fn keep(&self, _: &str, _: &HttpResponse) {}

    async fn fetch(&self, _: HttpRequest) -> Result<HttpResponse, StoreError> {
        Err(StoreError("these tests have no origin".to_owned()))
    }

    async fn ask(&self, request: HttpRequest, _: std::time::Duration) -> Result<HttpResponse, StoreError> {
        self.fetch(request).await
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

    async fn sight(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<u16, StoreError> {
        if self.sights_fail {
            return Err(StoreError("this shard does not answer".to_owned()));
        }
        self.store().sight(event, shard, sight).await
    }

    async fn claim(&self, event: &EventId, shard: Shard, claim: Claim) -> Result<ClaimOutcome, StoreError> {
        self.store().claim(event, shard, claim).await
    }

    async fn leave(&self, event: &EventId, shard: Shard, leave: Leave) -> Result<LeaveOutcome, StoreError> {
        self.store().leave(event, shard, leave).await
    }
}

fn fans(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}-{number}")).collect()
}

async fn join_all(edge: &Edge, event: &EventId, fans: &[String]) -> Vec<Value> {
    let mut tickets = Vec::new();
    for fan in fans {
        tickets.push(edge.join(event, fan).await["queue_token"].clone());
    }
    tickets
}

/// A restore takes longer than a snapshot may be old.
async fn until_snapshots_are_too_old() {
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
}

#[tokio::test]
async fn fans_whose_tickets_an_older_copy_lost_are_told_to_join_again_and_then_have_a_place() {
    let mut server = Server::start(Keeps::Copies).await;
    let edge = Edge::new(&server.url());
    let mut event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let (kept, lost) = (fans("kept", 8), fans("lost", 8));
    let kept_tickets = join_all(&edge, &event.id, &kept).await;
    let copy = server.copy().await;
    let lost_tickets = join_all(&edge, &event.id, &lost).await;
    server.restore(&copy).await;
    until_snapshots_are_too_old().await;

    for (fan, ticket) in kept.iter().zip(&kept_tickets) {
        let (status, told) = edge.status(fan, ticket).await;
        assert_eq!((status, &told["status"]), (200, &json!("pre_queue")), "{told}");
    }
    for (fan, ticket) in lost.iter().zip(&lost_tickets) {
        let (status, told) = edge.status(fan, ticket).await;
        assert_eq!((status, &told["error"]), (410, &json!("ticket_lost")), "{told}");
    }
    let new_tickets = join_all(&edge, &event.id, &lost).await;
    event.on_sale_now_in(&edge.redis, 300).await;
    let mut places = Vec::new();
    for (fan, ticket) in kept.iter().zip(&kept_tickets).chain(lost.iter().zip(&new_tickets)) {
        places.push(edge.place(fan, ticket).await["position"].as_u64().unwrap());
    }
    places.sort_unstable();
    assert_eq!(places, (1..=16).collect::<Vec<_>>());
    let (status, told) = edge.status(&lost[0], &lost_tickets[0]).await;
    assert_eq!((status, &told["error"]), (410, &json!("ticket_lost")), "{told}");
}

#[tokio::test]
async fn a_place_of_a_record_that_was_lost_is_drawn_again_although_the_ticket_holds_it() {
    let mut server = Server::start(Keeps::Copies).await;
    let edge = Edge::new(&server.url());
    let mut event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let (kept, lost) = (fans("kept", 8), fans("lost", 8));
    let tickets = join_all(&edge, &event.id, &kept).await;
    event.on_sale_now_in(&edge.redis, 3_000).await;
    let copy = server.copy().await;
    let lost_tickets = join_all(&edge, &event.id, &lost).await;
    let mut with_place = Vec::new();
    for (fan, ticket) in kept.iter().zip(&tickets) {
        with_place.push(edge.place(fan, ticket).await["queue_token"].clone());
    }
    let lost_with_place = edge.place(&lost[0], &lost_tickets[0]).await["queue_token"].clone();
    assert_ne!(with_place, tickets);

    server.restore(&copy).await;
    until_snapshots_are_too_old().await;
    let mut places = Vec::new();
    for (fan, ticket) in kept.iter().zip(&with_place) {
        let told = edge.place(fan, ticket).await;
        places.push(told["position"].as_u64().unwrap());
        assert_ne!(
            told["queue_token"], *ticket,
            "it is signed anew with the place that holds"
        );
    }
    places.sort_unstable();
    assert_eq!(places, (1..=8).collect::<Vec<_>>());
    let (status, told) = edge.status(&lost[0], &lost_with_place).await;
    assert_eq!((status, &told["error"]), (410, &json!("ticket_lost")), "{told}");
}

#[tokio::test]
async fn while_redis_is_away_the_edge_answers_503_with_retry_after_and_recovers_by_itself() {
    let mut server = Server::start(Keeps::EveryWrite).await;
    let edge = Edge::new(&server.url());
    let event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let ticket = edge.join(&event.id, "fan").await["queue_token"].clone();
    server.kill();
    until_snapshots_are_too_old().await;
    let uri = format!("/api/v1/queue/status?token={}", ticket.as_str().unwrap());
    let (status, response, told) = edge.ask_whole(Method::GET, &uri, "fan", None).await;
    assert_eq!((status, &told["error"]), (503, &json!("unavailable")), "{told}");
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    server.run().await;
    let (status, told) = edge.status("fan", &ticket).await;
    assert_eq!((status, &told["status"]), (200, &json!("pre_queue")), "{told}");
}

#[tokio::test]
async fn a_store_that_cannot_say_who_used_the_same_things_refuses_nobody_and_that_is_counted() {
    let server = Server::start(Keeps::EveryWrite).await;
    let mut edge = Edge::new(&server.url());
    edge.address = "203.0.113.9".parse().ok();
    edge.sights_fail = true;
    let event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    edge.join(&event.id, "fan").await;
    until_snapshots_are_too_old().await;
    let snapshot = edge.snapshot(&event.id).await.unwrap().unwrap();
    let counted = |counter| snapshot.scores.get(counter);
    assert_eq!((counted("tier.human"), counted("factor.sightings_unavailable")), (1, 1));
}
