//! The bot score over HTTP: the tier of a join, the factors behind it, and their consequences.

mod addresses;
mod counts;
mod passes;
mod refusing;
mod sharing;
mod signals;

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use stanchion_harness::{Edge, Event, Fan, now, read};
use stanchion_shared::{
    policy::BotPolicy,
    score::{PAGE_TAKES_MS, counts::ScoreCounts},
    wire::{EdgeStats, JoinAnswer, ReceiptClaims},
};

/// The page's signals of a person with a mouse.
fn a_person() -> Value {
    json!({ "pointer": 40, "touch": 0, "key": 30, "assisted": 30, "intervals": 32, "mean_ms": 240, "deviation_ms": 190,
        "webdriver": false, "on_page_ms": 60_000 })
}

fn with(field: &str, value: Value) -> Value {
    let mut signals = a_person();
    signals[field] = value;
    signals
}

/// A join with what a client may add to it.
#[derive(Default)]
struct Client {
    signals: Option<Value>,
    address: Option<String>,
    /// The number of the autonomous system, as Cloudflare's front gives it.
    system: Option<u32>,
    fingerprint: &'static str,
    fan_pass: Option<String>,
}

impl Client {
    fn person() -> Client {
        Client {
            signals: Some(a_person()),
            ..Client::default()
        }
    }

    fn at(address: &str) -> Client {
        Client {
            address: Some(address.to_owned()),
            ..Client::person()
        }
    }

    async fn join(&self, edge: &Edge, event: &Event, fan: &Fan) -> Response {
        let captcha = edge.solved(&event.id, fan).await;
        if self.signals.is_some() {
            // No page is as fast as this test.
            tokio::time::sleep(Duration::from_millis(PAGE_TAKES_MS)).await;
        }
        self.join_with(edge, event, fan, &captcha).await
    }

    async fn join_with(&self, edge: &Edge, event: &Event, fan: &Fan, captcha: &str) -> Response {
        let body = json!({ "event_id": event.id, "device_fingerprint": self.fingerprint, "captcha_token": captcha,
            "signals": self.signals, "fan_pass": self.fan_pass });
        let url = format!("{}/api/v1/queue/join", edge.url);
        let mut request = edge.http.post(url).bearer_auth(&fan.token).json(&body);
        if let Some(address) = &self.address {
            request = request.header("cf-connecting-ip", address);
        }
        if let Some(system) = self.system {
            request = request.header("cf-blob", json!({ "asn": system }).to_string());
        }
        request.send().await.unwrap()
    }

    /// The tier that a new fan gets.
    async fn tier(&self, edge: &Edge, event: &Event) -> u8 {
        tier(edge, self.join(edge, event, &edge.fan()).await).await
    }
}

async fn tier(edge: &Edge, joined: Response) -> u8 {
    let joined: JoinAnswer = read(joined).await;
    let claims: ReceiptClaims = (edge.keys().await)
        .verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt)
        .unwrap();
    claims.tier
}

/// An event with the default policy, whose page sends signals.
async fn opened(change: fn(&mut Event)) -> (Edge, Event) {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(3_600_000));
    event.put.settings.policy.bots = BotPolicy::default();
    change(&mut event);
    edge.open(&event, 0).await;
    (edge, event)
}

async fn stats(edge: &Edge, event: &Event) -> EdgeStats {
    let path = format!("/api/v1/control/events/{}/stats", event.id);
    read(edge.control(Method::GET, &path, &Value::Null).await).await
}

/// A client that is steered by a program and moves like a clock.
fn bot() -> Client {
    let mut signals = with("webdriver", json!(true));
    signals["deviation_ms"] = json!(0);
    Client {
        signals: Some(signals),
        ..Client::default()
    }
}

/// Until the joins scored so far are in the stats: how they were counted.
async fn counted(edge: &Edge, event: &Event, joins: u64) -> ScoreCounts {
    let deadline = now().plus(20_000);
    loop {
        let scores = stats(edge, event).await.scores;
        if scores.joins() == joins {
            return scores;
        }
        assert!(now() < deadline, "{scores:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
