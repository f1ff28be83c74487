//! The memory of one instance of the edge: the rate limits of a queue ticket, an account and an address, and the origin's last
//! answers. On Spin an instance lives for moments, so its memory promises nothing there.
//! Breaks: the origin, which it stops.

use reqwest::{Response, StatusCode, header::RETRY_AFTER};
use stanchion_harness::{Edge, Event, Fan, part, refusal};
use stanchion_shared::policy::{MAX_A_MINUTE, RateLimitPolicy};

async fn opened(limits: RateLimitPolicy) -> (Edge, Event) {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(3_600_000));
    event.put.settings.policy.limits = limits;
    edge.open(&event, 100).await;
    (edge, event)
}

/// Asks until it is too often; how often that was, and the refusal, which must say how long to wait.
async fn until_too_often(most: u32, mut ask: impl AsyncFnMut(u32) -> Response) -> u32 {
    for asked in 0..=most {
        let answer = ask(asked).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            let wait: u64 = answer.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
            assert!((1..=60).contains(&wait), "{wait}");
            assert_eq!(refusal(answer).await.1, "too_many_requests");
            return asked;
        }
        assert!(answer.status().is_success(), "{}", answer.status());
    }
    panic!("{most} times was not too often");
}

#[tokio::test]
async fn a_ticket_may_be_asked_for_ten_times_at_once_and_then_once_a_second() {
    let (edge, event) = opened(RateLimitPolicy::default()).await;
    let fan = edge.fan();
    let ticket = edge.join(&event.id, &fan).await.queue_token;
    // A second may pass meanwhile, and allow one more.
    let at_once = until_too_often(13, async |_| edge.status_response(Some(&fan), &ticket).await).await;
    assert!((10..=13).contains(&at_once), "{at_once}");
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert!(edge.status_response(Some(&fan), &ticket).await.status().is_success());

    let other = edge.fan();
    let others = edge.join(&event.id, &other).await.queue_token;
    assert!(edge.status_response(Some(&other), &others).await.status().is_success());
}

async fn challenge(edge: &Edge, event: &Event, fan: &Fan, address: &str) -> Response {
    let url = format!("{}/api/v1/queue/challenge?event_id={}", edge.url, event.id);
    // Cloudflare's front sets this header.
    let request = edge
        .http
        .get(url)
        .bearer_auth(&fan.token)
        .header("cf-connecting-ip", address);
    request.send().await.unwrap()
}

#[tokio::test]
async fn an_account_has_so_many_tries_to_join_a_minute() {
    let (edge, event) = opened(RateLimitPolicy::default()).await;
    let fan = edge.fan();
    let tries = until_too_often(33, async |_| challenge(&edge, &event, &fan, "192.0.2.7").await).await;
    assert!((30..=33).contains(&tries), "{tries}");
    assert!(
        challenge(&edge, &event, &edge.fan(), "192.0.2.7")
            .await
            .status()
            .is_success()
    );
}

#[tokio::test]
async fn an_address_has_so_many_tries_whatever_the_account() {
    let limits = RateLimitPolicy {
        joins_per_account_a_minute: MAX_A_MINUTE,
        joins_per_address_a_minute: 5,
        ..RateLimitPolicy::default()
    };
    let (edge, event) = opened(limits).await;
    let tries = until_too_often(6, async |_| challenge(&edge, &event, &edge.fan(), "192.0.2.8").await).await;
    assert!((5..=6).contains(&tries), "{tries}");
}

#[tokio::test]
async fn while_the_origin_is_away_what_it_last_said_is_shown() {
    let edge = Edge::new();
    let path = "/api/v1/events?q=kept-while-the-origin-is-away";
    let before = edge.get(path).await.text().await.unwrap();
    part("stop", "origin").await;
    // Longer than an answer is fresh.
    tokio::time::sleep(std::time::Duration::from_millis(6_000)).await;
    let kept = edge.get(path).await;
    let unknown = edge.get("/api/v1/events?q=never-asked-before").await;
    part("start", "origin").await;
    assert_eq!(kept.status(), StatusCode::OK);
    assert_eq!(kept.text().await.unwrap(), before);
    assert_eq!(unknown.status(), StatusCode::SERVICE_UNAVAILABLE);
}
