//! The signals of the page, and the time that it took to solve the challenge.

use std::time::Duration;

use serde_json::json;
use stanchion_harness::{now, refusal, variable};
use stanchion_shared::{
    ids::{Bytes32, Tag},
    proof_of_work::{self, ChallengeFor},
    score::{FASTEST_TRIES_PER_MS, PAGE_TAKES_MS},
};

use super::{Client, opened, tier, with};

#[tokio::test]
async fn signals_speak_against_a_join_or_not_at_all_and_to_send_none_costs_nothing() {
    let (edge, event) = opened(|_| {}).await;
    assert_eq!(Client::person().tier(&edge, &event).await, 1);
    assert_eq!(Client::default().tier(&edge, &event).await, 1);
    let headless = Client {
        signals: Some(with("webdriver", json!(true))),
        ..Client::default()
    };
    assert_eq!(headless.tier(&edge, &event).await, 2);
}

#[tokio::test]
async fn odd_signals_are_a_persons_where_the_event_has_apps_and_a_programs_elsewhere() {
    let (edge, event) = opened(|event| event.put.settings.policy.bots.apps_without_signals = true).await;
    let (elsewhere, other) = opened(|_| {}).await;
    let like_a_clock = Client {
        signals: Some(with("deviation_ms", json!(0))),
        ..Client::default()
    };
    assert_eq!(like_a_clock.tier(&edge, &event).await, 1);
    assert_eq!(like_a_clock.tier(&elsewhere, &other).await, 2);
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
    tokio::time::sleep(Duration::from_millis(PAGE_TAKES_MS)).await;
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
async fn a_challenge_solved_faster_than_a_page_can_is_noticed() {
    let (edge, event) = opened(|_| {}).await;
    // An attacker who has broken the hash knows the number at once; here the key of the stack makes such challenges. One that was
    // made so long ago that a fast page had the time is a person's.
    let number = 40_000;
    let fast_ms = PAGE_TAKES_MS + number / FASTEST_TRIES_PER_MS;
    let key = Bytes32::parse(&variable("STANCHION_CHALLENGE_KEY")).unwrap();
    for (made_ms_ago, expected) in [(fast_ms, 1), (0, 2)] {
        let fan = edge.fan();
        let ours = edge.challenge(&event.id, &fan).await;
        let tag = ours.salt.split('&').find_map(|part| part.strip_prefix("for=")).unwrap();
        let bound_to = ChallengeFor {
            event_id: &event.id,
            tag: Tag::parse(tag).unwrap(),
        };
        let made = proof_of_work::challenge(&key, bound_to, now().minus(made_ms_ago), [7; 12], number, number);
        let token = proof_of_work::with_number(&made, number);
        let joined = Client::person().join_with(&edge, &event, &fan, &token).await;
        assert_eq!(tier(&edge, joined).await, expected, "made {made_ms_ago} ms ago");
    }
}
