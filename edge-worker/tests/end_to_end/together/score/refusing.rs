//! A score stays: a fan who is refused or a suspect does not change that by trying again.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use stanchion_harness::{Edge, Event, now, read};
use stanchion_shared::{
    score::COOL_DOWN_MS,
    wire::{JoinAnswer, ReceiptClaims},
};

use super::{Client, bot, opened, with};

#[tokio::test]
async fn who_is_refused_is_told_what_helps_and_not_why_and_escapes_by_no_new_challenge() {
    let (edge, event) = opened(|_| {}).await;
    let fan = edge.fan();
    for client in [bot(), Client::person(), Client::default()] {
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
        for words in ["Wait ten minutes", "without a VPN", "write to the organiser"] {
            assert!(sentence.contains(words), "{sentence}");
        }
        for oracle in [
            "clock",
            "regular",
            "steers",
            "datacentre",
            "same device",
            "same network",
        ] {
            assert!(!sentence.contains(oracle), "{sentence}");
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
    tokio::time::sleep(Duration::from_millis(
        event.put.settings.on_sale_time.since(now()) + 1_500,
    ))
    .await;
    read::<Value>(edge.leave(&fan, &first.queue_token).await).await;
    let again: JoinAnswer = read(Client::person().join(&edge, &event, &fan).await).await;
    let claims: ReceiptClaims = (edge.keys().await)
        .verify_claims(ReceiptClaims::TOKEN_TYPE, &again.receipt)
        .unwrap();
    assert_eq!((claims.draw > 0, claims.tier), (true, 2));
}
