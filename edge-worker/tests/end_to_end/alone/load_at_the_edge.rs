//! What stops at the edge: requests with tokens that prove nothing, and floods of sign-ins and searches. A counting origin
//! stands in for the stack's.
//! Breaks: the origin, which it stops.

use std::sync::{Arc, atomic::Ordering};

use futures_util::{StreamExt, stream};
use reqwest::{Method, Response, header};
use serde_json::json;
use stanchion_harness::{Edge, refusal, unique, variable};
use stanchion_shared::account_token::AccountClaims;

use super::counting_origin::{CountingOrigin, in_place_of_the_origin};

/// Requests that are on their way at once.
const AT_ONCE: usize = 16;
/// Requests of a flood.
const FLOOD: usize = 1_000;
/// What one address may do in a minute, and one /48: `edge-worker/src/app/network_pace.rs`.
const SIGN_INS_PER_ADDRESS: usize = 120;
const SIGN_INS_PER_SITE: usize = 480;
const UNCACHED_PER_ADDRESS: usize = 240;
/// A minute may end in the middle of a flood, and a new one allows as many again.
const MINUTES: usize = 2;

fn asked(origin: &CountingOrigin) -> usize {
    origin.count.load(Ordering::Relaxed)
}

/// Sends the requests that `make` makes, and returns how many got each status.
async fn flood(count: usize, make: impl AsyncFn(usize) -> Response) -> Vec<(u16, usize)> {
    let statuses: Vec<u16> = stream::iter(0..count)
        .map(async |number| make(number).await.status().as_u16())
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut counts: Vec<(u16, usize)> = Vec::new();
    for status in statuses {
        match counts.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => counts.push((status, 1)),
        }
    }
    counts.sort_unstable();
    counts
}

/// One test after the other: the origin is one.
#[tokio::test]
async fn a_flood_of_nonsense_tokens_sign_ins_and_searches_stops_at_the_edge() {
    in_place_of_the_origin(|origin| async move {
        nonsense_tokens_reach_nobody(&origin).await;
        sign_ins_are_paced_by_network(&origin).await;
        searches_are_paced_by_network(&origin).await;
    })
    .await;
}

async fn nonsense_tokens_reach_nobody(origin: &Arc<CountingOrigin>) {
    let edge = Edge::new();
    let event = unique("event");
    let paths = [
        (Method::GET, "/api/v1/orders".to_owned()),
        (Method::GET, "/api/v1/orders/some-order".to_owned()),
        (Method::GET, "/api/v1/tickets/some-ticket/qr.svg".to_owned()),
        (
            Method::GET,
            "/api/v1/tickets/some-ticket/qr.svg?signature=nonsense".to_owned(),
        ),
        (Method::GET, format!("/api/v1/events/{event}/registration")),
        (Method::POST, format!("/api/v1/events/{event}/registration")),
        (Method::GET, format!("/api/v1/events/{event}/pass")),
    ];
    let forged = edge.fan().token.replace('.', ".A");
    let later = AccountClaims {
        nbf: Some(4_000_000_000),
        ..AccountClaims::new(&variable("STANCHION_ACCOUNT_ISSUER"), "fan", 0, u64::MAX)
    };
    let tokens = ["nonsense".to_owned(), forged, edge.account_token(&later)];
    let counts = flood(FLOOD, async |number| {
        let (method, path) = &paths[number % paths.len()];
        let request = edge
            .http
            .request(method.clone(), format!("{}{path}", edge.url))
            .json(&json!({}));
        let request = match tokens.get(number % (tokens.len() + 1)) {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap()
    })
    .await;
    assert_eq!(counts, [(401, FLOOD)]);
    assert_eq!(asked(origin), 0, "{:?}", origin.targets.lock().unwrap());
    // An honest fan is answered by the origin, and asks it once for what holds for some seconds.
    let fan = edge.fan();
    for _ in 0..5 {
        let path = format!("{}/api/v1/events/{event}/registration", edge.url);
        let answer = edge.http.get(path).bearer_auth(&fan.token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    // On Spin each request may be another instance's, which remembers nothing of one account.
    let most = if variable("STANCHION_STACK_RUNTIME") == "spin" {
        5
    } else {
        3
    };
    assert!((1..=most).contains(&asked(origin)), "{}", asked(origin));
    let before = asked(origin);
    let path = format!("{}/api/v1/events/{event}/registration", edge.url);
    let request = edge.http.get(path).bearer_auth(&fan.token);
    let fresh = request.header(header::CACHE_CONTROL, "no-cache").send().await.unwrap();
    assert_eq!((fresh.status().as_u16(), asked(origin)), (200, before + 1));
}

async fn sign_ins_are_paced_by_network(origin: &Arc<CountingOrigin>) {
    let edge = Edge::new();
    let sign_in = async |address: &str, path: &str| {
        let request = edge
            .http
            .post(format!("{}/api/v1/{path}", edge.url))
            .json(&json!({"email": "x", "password": "y"}));
        request.header("cf-connecting-ip", address).send().await.unwrap()
    };
    // One address.
    let before = asked(origin);
    let counts = flood(FLOOD, async |number| {
        let path = ["sessions", "accounts"][number % 2];
        sign_in("192.0.2.201", path).await
    })
    .await;
    let reached = asked(origin) - before;
    assert!(
        (SIGN_INS_PER_ADDRESS..=MINUTES * SIGN_INS_PER_ADDRESS).contains(&reached),
        "{reached}"
    );
    assert_eq!(counts, [(200, reached), (429, FLOOD - reached)]);
    let refused = sign_in("192.0.2.201", "sessions").await;
    let wait: u64 = refused.headers()[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(refusal(refused).await, (429, "too_many_requests".to_owned()));
    assert_eq!(sign_in("192.0.2.202", "sessions").await.status(), 200, "the neighbour");

    // One /48, from as many /64s as there are requests.
    let before = asked(origin);
    flood(FLOOD, async |number| {
        sign_in(&format!("2001:db8:4848:{number:x}::1"), "sessions").await
    })
    .await;
    let reached = asked(origin) - before;
    assert!(
        (SIGN_INS_PER_SITE / 2..=MINUTES * SIGN_INS_PER_SITE).contains(&reached),
        "{reached}"
    );
    assert_eq!(
        sign_in("2001:db8:4849::1", "sessions").await.status(),
        200,
        "another site"
    );
}

async fn searches_are_paced_by_network(origin: &Arc<CountingOrigin>) {
    let edge = Edge::new();
    let search = async |address: &str, words: &str| {
        let request = edge.http.get(format!("{}/api/v1/events?q={words}", edge.url));
        request.header("cf-connecting-ip", address).send().await.unwrap()
    };
    let before = asked(origin);
    let counts = flood(FLOOD, async |number| {
        search("192.0.2.203", &format!("random{number}")).await
    })
    .await;
    let reached = asked(origin) - before;
    assert!(
        (UNCACHED_PER_ADDRESS..=MINUTES * UNCACHED_PER_ADDRESS).contains(&reached),
        "{reached}"
    );
    assert_eq!(counts, [(200, reached), (429, FLOOD - reached)]);
    // The list of all events, which many ask for, is not held back.
    let list = edge.http.get(format!("{}/api/v1/events", edge.url));
    let list = list.header("cf-connecting-ip", "192.0.2.203").send().await.unwrap();
    assert_eq!(list.status(), 200);
    assert_eq!(search("192.0.2.204", "jazz").await.status(), 200, "the neighbour");
}
