//! The same checkout again, at the same time, or given up by its fan: one order, one charge.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use stanchion_shared::wire::SESSION_HEADER;
use tokio::task::JoinSet;

use super::{VISA, books_agree, calm_event, fan_with_seats, key, refused};
use crate::harness::{self, TestOrigin};

#[tokio::test]
async fn a_key_sent_twice_makes_one_order_and_one_charge() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let key = key();
    let first = origin.checkout(&fan, &key, VISA).await.ok();
    assert_eq!(origin.checkout(&fan, &key, VISA).await.ok(), first);
    assert_eq!(
        origin.orders(&fan, &format!("?idempotency_key={key}")).await.ok(),
        first
    );
    assert_eq!(gateway.intents().await.len(), 1);
    refused(
        &origin.checkout(&fan, &key, "pm_card_mastercard").await,
        422,
        "idempotency_key_reused",
    );
    // Keys are per account.
    let other = fan_with_seats(&origin, &event, &["A-1-2"]).await;
    assert_ne!(
        origin.checkout(&other, &key, VISA).await.ok()["order_id"],
        first["order_id"]
    );
}

/// What the edge is told of the session of a checkout.
fn session_word(answer: &harness::Answer) -> Option<&str> {
    answer.headers.get(SESSION_HEADER).map(|word| word.to_str().unwrap())
}

#[tokio::test]
async fn the_edge_is_told_of_a_session_that_has_bought_and_of_no_other() {
    let (origin, _gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let declined = origin.checkout(&fan, &key(), super::DECLINED).await;
    assert_eq!((declined.status.as_u16(), session_word(&declined)), (402, None));
    let key = key();
    let bought = origin.checkout(&fan, &key, VISA).await;
    assert_eq!((bought.status.as_u16(), session_word(&bought)), (200, Some("bought")));
    let repeated = origin.checkout(&fan, &key, VISA).await;
    assert_eq!(
        (repeated.status.as_u16(), session_word(&repeated)),
        (200, Some("bought"))
    );

    // The fan comes in again, and an app sends the first checkout once more.
    let again = harness::Fan::again(&fan.subject, &event, 600);
    let mut of_first_cart = again.clone();
    of_first_cart.claims = fan.claims.clone();
    let old = origin.checkout(&of_first_cart, &key, VISA).await;
    assert_eq!((old.status.as_u16(), session_word(&old)), (200, None));
    assert_eq!(old.ok(), bought.ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_sent_many_times_at_once_makes_one_order_and_everybody_gets_it() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    gateway.faults(json!({"delay_ms": 150})).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1", "A-1-2"]).await;
    let (origin, key) = (Arc::new(origin), key());
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (origin, fan, key) = (origin.clone(), fan.clone(), key.clone());
        requests.spawn(async move { origin.checkout(&fan, &key, VISA).await.ok() });
    }
    let answers = requests.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(gateway.intents().await.len(), 1);
    books_agree(&origin, &gateway).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cart_is_paid_once_whatever_keys_it_is_sent_with() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    gateway.faults(json!({"delay_ms": 150})).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let origin = Arc::new(origin);
    let mut requests = JoinSet::new();
    for _ in 0..5 {
        let (origin, fan) = (origin.clone(), fan.clone());
        requests.spawn(async move { origin.checkout(&fan, &key(), VISA).await });
    }
    let answers = requests.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert!(
            ["checkout_in_progress", "cart_empty"].contains(&answer.word().as_str()),
            "{}",
            answer.text
        );
    }
    // Nobody takes a seat out while it is being paid for, either.
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn a_cart_that_is_being_paid_for_is_not_called_too_large() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    gateway.faults(json!({"delay_ms": 300})).await;
    let event = origin.launch(&calm_event()).await;
    // Twice as many are more than a person may have.
    let fan = fan_with_seats(&origin, &event, &["A-1-1", "A-1-2", "A-1-3", "A-1-4", "A-1-5"]).await;
    let (first, second) = tokio::join!(origin.checkout(&fan, "first", VISA), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        origin.checkout(&fan, "second", VISA).await
    });
    refused(&second, 409, "checkout_in_progress");
    first.ok();
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn a_fan_who_hangs_up_gets_the_order_all_the_same() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    gateway.faults(json!({"delay_ms": 200})).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let key = key();
    let hung_up = tokio::time::timeout(Duration::from_millis(100), origin.checkout(&fan, &key, VISA)).await;
    assert!(hung_up.is_err());
    harness::eventually("the order is confirmed", async || {
        let order = origin.orders(&fan, &format!("?idempotency_key={key}")).await;
        order.status == 200 && order.json()["status"] == "confirmed"
    })
    .await;
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn seats_being_paid_cannot_be_taken_out_of_the_cart() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    gateway.faults(json!({"delay_ms": 300})).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let (order, unlock) = tokio::join!(origin.checkout(&fan, "paying", VISA), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        origin.unlock(&fan, &["A-1-1"]).await
    });
    refused(&unlock, 409, "checkout_in_progress");
    assert_eq!(order.ok()["status"], "confirmed");
}
