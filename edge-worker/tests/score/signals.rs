//! What the page saw, and how fast it solved the puzzle.

use std::time::Duration;

use serde_json::json;
use stanchion_shared::{
    human::{self, ChallengeFor},
    identity::{Bytes32, Tag},
    score::{FASTEST_TRIES_PER_MS, PAGE_TAKES_MS},
};
use stanchion_stage::{now, refusal, variable};

use crate::{Client, opened, tier, with};

#[tokio::test]
async fn a_person_on_the_page_is_a_human_one_that_is_steered_or_sends_nothing_a_suspect() {
    let (edge, event) = opened(|_| {}).await;
    assert_eq!(Client::person().tier(&edge, &event).await, 1);
    assert_eq!(Client::default().tier(&edge, &event).await, 2);
    let headless = Client {
        signals: Some(with("webdriver", json!(true))),
        ..Client::default()
    };
    assert_eq!(headless.tier(&edge, &event).await, 2);
}

#[tokio::test]
async fn an_app_that_only_solves_the_proof_is_a_human_where_the_event_has_such_apps_and_odd_signals_are_no_worse() {
    let (edge, event) = opened(|event| event.put.policy.bots.apps_without_signals = true).await;
    assert_eq!(Client::default().tier(&edge, &event).await, 1);
    assert_eq!(Client::person().tier(&edge, &event).await, 1);
    let like_a_clock = Client {
        signals: Some(with("deviation_ms", json!(0))),
        ..Client::default()
    };
    assert_eq!(like_a_clock.tier(&edge, &event).await, 1);
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
    // Whoever has broken the hash knows the number at once; here the key of the stack makes such challenges. One that was
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
        let made = human::challenge(&key, bound_to, now().minus(made_ms_ago), [7; 12], number, number);
        let token = human::with_number(&made, number);
        let joined = Client::person().join_with(&edge, &event, &fan, &token).await;
        assert_eq!(tier(&edge, joined).await, expected, "made {made_ms_ago} ms ago");
    }
}
