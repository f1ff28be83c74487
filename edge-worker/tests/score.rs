//! The bot score, over HTTP: what a join is found to be, why, and what follows from it.

use std::{io::Write, time::Duration};

use reqwest::{Method, Response, header::RETRY_AFTER};
use serde_json::{Value, json};
use stanchion_shared::{
    human::{self, ChallengeFor},
    identity::{Bytes32, Tag},
    pass::PassClaims,
    score::{COOL_DOWN_MS, sighting::FingerprintScope},
    wire::{EdgeStats, JoinAnswer, ReceiptClaims},
};
use stanchion_stage::{Edge, Event, Fan, now, read, refusal, unique, variable};

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
    /// As Cloudflare's front says it.
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

async fn opened(change: fn(&mut Event)) -> (Edge, Event) {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(3_600_000));
    change(&mut event);
    edge.open(&event, 0).await;
    (edge, event)
}

async fn stats(edge: &Edge, event: &Event) -> EdgeStats {
    let path = format!("/api/v1/control/events/{}/stats", event.id);
    read(edge.control(Method::GET, &path, &Value::Null).await).await
}

/// Lines that are added to the table of addresses; each test has addresses of its own.
fn known(lines: &str) {
    let file = std::fs::OpenOptions::new()
        .append(true)
        .open(variable("STANCHION_REPUTATION_FILE"));
    file.unwrap().write_all(lines.as_bytes()).unwrap();
}

/// Joins of new fans until one is in `wanted`, at most 20 s: the origin looks at the file, the edge asks the origin.
async fn until_tier(edge: &Edge, event: &Event, client: &Client, wanted: u8) {
    let deadline = now().plus(20_000);
    while client.tier(edge, event).await != wanted {
        assert!(now() < deadline, "never in tier {wanted}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_client_that_only_solves_the_proof_is_a_human_and_one_that_is_steered_a_suspect() {
    let (edge, event) = opened(|_| {}).await;
    assert_eq!(Client::default().tier(&edge, &event).await, 1);
    assert_eq!(Client::person().tier(&edge, &event).await, 1);
    let headless = Client {
        signals: Some(with("webdriver", json!(true))),
        ..Client::default()
    };
    assert_eq!(headless.tier(&edge, &event).await, 2);
}

#[tokio::test]
async fn signals_that_are_malformed_are_refused_and_spend_nothing() {
    let (edge, event) = opened(|_| {}).await;
    let fan = edge.fan();
    let captcha = edge.solved(&event.id, &fan).await;
    let cases = [
        json!({}),
        json!("a lot"),
        with("pointer", json!(-1)),
        with("on_page_ms", json!(1)),
        with("canvas", json!("x")),
    ];
    for signals in cases {
        let client = Client {
            signals: Some(signals.clone()),
            ..Client::default()
        };
        let answer = refusal(client.join_with(&edge, &event, &fan, &captcha).await).await;
        assert_eq!(answer, (422, "signals_malformed".to_owned()), "{signals}");
    }
    assert_eq!(
        tier(&edge, Client::person().join_with(&edge, &event, &fan, &captcha).await).await,
        1
    );
}

#[tokio::test]
async fn who_is_refused_is_told_why_and_escapes_by_no_new_challenge() {
    let (edge, event) = opened(|_| {}).await;
    let fan = edge.fan();
    let mut signals = with("webdriver", json!(true));
    signals["deviation_ms"] = json!(0);
    let bot = Client {
        signals: Some(signals),
        ..Client::default()
    };
    for client in [&bot, &Client::person(), &Client::default()] {
        let refused = client.join(&edge, &event, &fan).await;
        let wait: u64 = refused.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!(
            (COOL_DOWN_MS / 1000 - 60..=COOL_DOWN_MS / 1000).contains(&wait),
            "{wait}"
        );
        assert_eq!(refused.status(), 403);
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["error"], "refused_as_bot");
        let sentence = body["message"].as_str().unwrap();
        for words in ["regularity of a clock", "a program steers it", "Wait ten minutes"] {
            assert!(sentence.contains(words), "{sentence}");
        }
    }
    assert_eq!(Client::person().tier(&edge, &event).await, 1, "somebody else");
}

#[tokio::test]
async fn a_score_is_not_rolled_again_by_leaving_and_joining_in_a_later_draw() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_500));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let headless = Client {
        signals: Some(with("webdriver", json!(true))),
        ..Client::default()
    };
    let first: JoinAnswer = read(headless.join(&edge, &event, &fan).await).await;
    tokio::time::sleep(Duration::from_millis(event.put.on_sale_time.since(now()) + 1_500)).await;
    read::<Value>(edge.leave(&fan, &first.queue_token).await).await;
    let again: JoinAnswer = read(Client::person().join(&edge, &event, &fan).await).await;
    let claims: ReceiptClaims = (edge.keys().await)
        .verify_claims(ReceiptClaims::TOKEN_TYPE, &again.receipt)
        .unwrap();
    assert_eq!((claims.draw > 0, claims.tier), (true, 2));
}

#[tokio::test]
async fn an_address_of_a_datacentre_makes_a_suspect_a_vpn_alone_does_not() {
    let (edge, event) = opened(|_| {}).await;
    known("198.51.100.0/26 datacentre\n198.51.100.64/26 vpn\n2001:db8:66::/48 abuse=0.81\n");
    until_tier(&edge, &event, &Client::at("198.51.100.7"), 2).await;
    assert_eq!(Client::at("198.51.100.70").tier(&edge, &event).await, 1);
    assert_eq!(Client::at("198.51.100.130").tier(&edge, &event).await, 1);
    assert_eq!(Client::at("2001:db8:66::1").tier(&edge, &event).await, 2);
    let without_signals = Client {
        address: Some("198.51.100.70".to_owned()),
        ..Client::default()
    };
    assert_eq!(without_signals.tier(&edge, &event).await, 2);
}

#[tokio::test]
async fn an_autonomous_system_is_known_where_the_runtime_tells_it() {
    let (edge, event) = opened(|_| {}).await;
    known("AS64500 datacentre\n");
    let client = Client {
        system: Some(64_500),
        ..Client::person()
    };
    if variable("STANCHION_EDGE_RUNTIME") == "workerd" {
        until_tier(&edge, &event, &client, 2).await;
    } else {
        assert_eq!(client.tier(&edge, &event).await, 1, "only Cloudflare tells it");
    }
    let other = Client {
        system: Some(64_501),
        ..Client::person()
    };
    assert_eq!(other.tier(&edge, &event).await, 1);
}

#[tokio::test]
async fn a_changed_table_is_known_without_a_restart() {
    let (edge, event) = opened(|_| {}).await;
    let client = Client::at("203.0.113.200");
    assert_eq!(client.tier(&edge, &event).await, 1);
    known("203.0.113.200 datacentre\n");
    until_tier(&edge, &event, &client, 2).await;
}

#[tokio::test]
async fn a_fingerprint_on_the_list_of_bad_ones_makes_a_suspect() {
    let (edge, event) = opened(|_| {}).await;
    known("device:a-farm-of-phones bad\n");
    let client = Client {
        fingerprint: "a-farm-of-phones",
        ..Client::person()
    };
    until_tier(&edge, &event, &client, 2).await;
}

#[tokio::test]
async fn many_accounts_at_one_address_or_with_one_fingerprint_are_noticed() {
    let (edge, event) = opened(|event| {
        event.put.policy.bots.accounts_per_address = 3;
        event.put.policy.bots.accounts_per_fingerprint = 2;
        event.put.policy.bots.fingerprint_counts = FingerprintScope::Everywhere;
    })
    .await;
    // Without signals one more factor of 0.5 decides.
    let at = |address: &str| Client {
        signals: None,
        ..Client::at(address)
    };
    for _ in 0..3 {
        assert_eq!(at("192.0.2.50").tier(&edge, &event).await, 1);
    }
    assert_eq!(at("192.0.2.50").tier(&edge, &event).await, 2);
    assert_eq!(
        Client::at("192.0.2.50").tier(&edge, &event).await,
        1,
        "it alone makes nobody a suspect"
    );
    assert_eq!(at("192.0.2.51").tier(&edge, &event).await, 1);

    let device = Client {
        fingerprint: "one app on one phone",
        ..Client::person()
    };
    let fan = edge.fan();
    for _ in 0..3 {
        assert_eq!(
            tier(&edge, device.join(&edge, &event, &fan).await).await,
            1,
            "the same account"
        );
    }
    assert_eq!(device.tier(&edge, &event).await, 1);
    assert_eq!(device.tier(&edge, &event).await, 2);
}

#[tokio::test]
async fn a_challenge_solved_faster_than_the_work_can_be_done_is_noticed() {
    let (edge, event) = opened(|_| {}).await;
    let fan = edge.fan();
    // Whoever has broken the hash knows the number at once; here the key of the stack makes such a challenge.
    let ours = edge.challenge(&event.id, &fan).await;
    let tag = ours.salt.split('&').find_map(|part| part.strip_prefix("for=")).unwrap();
    let bound_to = ChallengeFor {
        event_id: &event.id,
        tag: Tag::parse(tag).unwrap(),
    };
    let key = Bytes32::parse(&variable("STANCHION_CHALLENGE_KEY")).unwrap();
    let number = 3_000_000_000;
    let made = human::challenge(&key, bound_to, now(), [7; 12], number, number);
    let token = human::with_number(&made, number);
    assert_eq!(
        tier(&edge, Client::person().join_with(&edge, &event, &fan, &token).await).await,
        2
    );
}

#[tokio::test]
async fn a_fan_pass_is_the_first_tier_whatever_the_score_and_only_for_its_account_and_event() {
    let (edge, event) = opened(|_| {}).await;
    let fan = edge.fan();
    let claims = PassClaims {
        iss: variable("STANCHION_ACCOUNT_ISSUER"),
        sub: fan.subject.clone(),
        event: event.id.clone(),
        iat: now().floor_seconds(),
        exp: now().floor_seconds() + 600,
    };
    let bot = |claims: &PassClaims| {
        let mut signals = with("webdriver", json!(true));
        signals["deviation_ms"] = json!(0);
        Client {
            signals: Some(signals),
            fan_pass: Some(edge.fan_pass(claims)),
            ..Client::default()
        }
    };
    let cases = [
        (
            PassClaims {
                exp: claims.iat,
                ..claims.clone()
            },
            "pass_expired",
        ),
        (
            PassClaims {
                sub: unique("other"),
                ..claims.clone()
            },
            "pass_of_other",
        ),
        (
            PassClaims {
                event: Event::on_sale_in(0).id,
                ..claims.clone()
            },
            "pass_of_other",
        ),
        (
            PassClaims {
                iss: "elsewhere".to_owned(),
                ..claims.clone()
            },
            "pass_invalid",
        ),
    ];
    for (claims, word) in cases {
        let answer = refusal(bot(&claims).join(&edge, &event, &fan).await).await;
        assert_eq!(answer, (403, word.to_owned()));
    }
    let account_token = Client {
        fan_pass: Some(fan.token.clone()),
        ..Client::default()
    };
    let answer = refusal(account_token.join(&edge, &event, &fan).await).await;
    assert_eq!(answer, (403, "pass_invalid".to_owned()));
    assert_eq!(tier(&edge, bot(&claims).join(&edge, &event, &fan).await).await, 0);
}

#[tokio::test]
async fn the_control_api_counts_joins_by_tier_by_score_and_by_reason() {
    let (edge, event) = opened(|_| {}).await;
    for client in [Client::person(), Client::default(), Client::default()] {
        client.tier(&edge, &event).await;
    }
    let mut signals = with("webdriver", json!(true));
    signals["deviation_ms"] = json!(0);
    let bot = Client {
        signals: Some(signals),
        ..Client::default()
    };
    refusal(bot.join(&edge, &event, &edge.fan()).await).await;
    let expected = [
        ("tier.human", 3),
        ("tier.refused", 1),
        ("score.from_1", 1),
        ("score.from_0_5", 2),
        ("score.from_0", 1),
        ("factor.signals_absent", 2),
        ("factor.headless_browser", 1),
        ("factor.too_regular", 1),
        ("factor.vpn", 0),
    ];
    let deadline = now().plus(20_000);
    loop {
        let scores = stats(&edge, &event).await.scores;
        if scores.joins() == 4 {
            for (counter, count) in expected {
                assert_eq!(scores.get(counter), count, "{counter}");
            }
            return;
        }
        assert!(now() < deadline, "{scores:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
