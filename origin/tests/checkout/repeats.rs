//! The same checkout again, at the same time, or given up by its fan: one order, one charge.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    VISA, books_agree, calm_event, fan_with_seats, key, refused,
    stage::{self, Stage},
};

#[tokio::test]
async fn a_key_sent_twice_makes_one_order_and_one_charge() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let key = key();
    let first = stage.checkout(&fan, &key, VISA).await.ok();
    assert_eq!(stage.checkout(&fan, &key, VISA).await.ok(), first);
    assert_eq!(stage.orders(&fan, &format!("?idempotency_key={key}")).await.ok(), first);
    assert_eq!(gateway.intents().await.len(), 1);
    refused(
        &stage.checkout(&fan, &key, "pm_card_mastercard").await,
        422,
        "idempotency_key_reused",
    );
    // Keys are per account.
    let other = fan_with_seats(&stage, &event, &["A-1-2"]).await;
    assert_ne!(
        stage.checkout(&other, &key, VISA).await.ok()["order_id"],
        first["order_id"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_sent_many_times_at_once_makes_one_order_and_everybody_gets_it() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 150})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1", "A-1-2"]).await;
    let (stage, key) = (Arc::new(stage), key());
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (stage, fan, key) = (stage.clone(), fan.clone(), key.clone());
        requests.spawn(async move { stage.checkout(&fan, &key, VISA).await.ok() });
    }
    let answers = requests.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(gateway.intents().await.len(), 1);
    books_agree(&stage, &gateway).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cart_is_paid_once_whatever_keys_it_is_sent_with() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 150})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let stage = Arc::new(stage);
    let mut requests = JoinSet::new();
    for _ in 0..5 {
        let (stage, fan) = (stage.clone(), fan.clone());
        requests.spawn(async move { stage.checkout(&fan, &key(), VISA).await });
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
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_cart_that_is_being_paid_for_is_not_called_too_large() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 300})).await;
    let event = stage.launch(&calm_event()).await;
    // Twice as many are more than a person may have.
    let fan = fan_with_seats(&stage, &event, &["A-1-1", "A-1-2", "A-1-3", "A-1-4", "A-1-5"]).await;
    let (first, second) = tokio::join!(stage.checkout(&fan, "first", VISA), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.checkout(&fan, "second", VISA).await
    });
    refused(&second, 409, "checkout_in_progress");
    first.ok();
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_fan_who_hangs_up_gets_the_order_all_the_same() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 200})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let key = key();
    let hung_up = tokio::time::timeout(Duration::from_millis(100), stage.checkout(&fan, &key, VISA)).await;
    assert!(hung_up.is_err());
    stage::eventually("the order is confirmed", async || {
        let order = stage.orders(&fan, &format!("?idempotency_key={key}")).await;
        order.status == 200 && order.json()["status"] == "confirmed"
    })
    .await;
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn seats_being_paid_cannot_be_taken_out_of_the_cart() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 300})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let (order, unlock) = tokio::join!(stage.checkout(&fan, "paying", VISA), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.unlock(&fan, &["A-1-1"]).await
    });
    refused(&unlock, 409, "checkout_in_progress");
    assert_eq!(order.ok()["status"], "confirmed");
}
