//! Checkouts that are refused: each has its word, charges nothing, and says the truth about the seats.

use std::time::Duration;

use serde_json::json;

use super::{DECLINED, VISA, books_agree, calm_event, fan_with_seats, key, refused, status_of};
use crate::harness::{self, Fan, TestOrigin, small_event};

#[tokio::test]
async fn a_declined_card_leaves_the_seats_in_the_cart_for_another_card() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let (first, second) = (key(), key());
    for _ in 0..2 {
        let answer = origin.checkout(&fan, &first, DECLINED).await;
        refused(&answer, 402, "payment_declined");
        assert_eq!(
            answer.json()["reason"],
            "insufficient_funds",
            "also when it is sent again"
        );
    }
    assert_eq!(origin.cart(&fan).await["seats"][0]["locked"], true);
    refused(
        &origin.lock(&Fan::new(&event), &["A-1-1"]).await,
        409,
        "seats_unavailable",
    );
    origin.checkout(&fan, &second, VISA).await.ok();
    assert_eq!(
        (
            status_of(&origin, &fan, &first).await,
            status_of(&origin, &fan, &second).await
        ),
        ("failed".into(), "confirmed".into())
    );
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn after_a_decline_the_fan_may_give_the_seats_back() {
    let (origin, _gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    refused(&origin.checkout(&fan, &key(), DECLINED).await, 402, "payment_declined");
    origin.unlock(&fan, &["A-1-1"]).await.ok();
    assert_eq!(origin.seat(&fan, "A-1-1").await, "available");
}

#[tokio::test]
async fn every_bad_checkout_has_its_word_and_charges_nothing() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    refused(&origin.checkout(&fan, &key(), VISA).await, 422, "cart_empty");
    origin.lock(&fan, &["A-1-1"]).await.ok();
    refused(
        &origin.checkout(&fan, &key(), "4242424242424242").await,
        422,
        "card_number_refused",
    );
    refused(
        &origin.checkout(&fan, &key(), "pm card").await,
        422,
        "payment_token_invalid",
    );
    refused(&origin.checkout(&fan, "", VISA).await, 400, "idempotency_key_missing");
    refused(
        &origin.checkout(&fan, &"k".repeat(256), VISA).await,
        400,
        "idempotency_key_missing",
    );
    refused(
        &origin.checkout(&fan, &key(), "pm_of_nobody").await,
        402,
        "payment_declined",
    );
    let body = json!({"cart_id": stanchion_origin::cart::cart_id(&Fan::new(&event).claims), "payment": {"method": "card", "token": VISA}});
    let request = origin
        .shop(&fan, reqwest::Method::POST, "/api/v1/checkout")
        .header("Idempotency-Key", key());
    refused(&harness::send(request.json(&body)).await, 403, "cart_of_other_session");
    let request = origin
        .shop(&fan, reqwest::Method::POST, "/api/v1/checkout")
        .header("Idempotency-Key", key());
    let body = json!({"cart_id": "x", "payment": {"method": "cash", "token": VISA}});
    refused(
        &harness::send(request.json(&body)).await,
        422,
        "payment_method_unsupported",
    );
    assert!(gateway.intents().await.is_empty());
    origin.checkout(&fan, &"k".repeat(255), VISA).await.ok();
}

#[tokio::test]
async fn a_lock_that_is_over_is_not_paid() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&small_event()).await; // locks last two seconds
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    let answer = origin.checkout(&fan, &key(), VISA).await;
    refused(&answer, 409, "lock_expired");
    assert_eq!(answer.json()["lost_seats"], json!(["A-1-1"]));
    assert!(gateway.intents().await.is_empty());
    assert_eq!(
        origin.cart(&fan).await["seats"],
        json!([]),
        "a lost seat leaves the cart"
    );
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn locks_lost_in_a_redis_failover_are_not_paid() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let sold = fan_with_seats(&origin, &event, &["A-1-2"]).await;
    origin.checkout(&sold, &key(), VISA).await.ok();
    origin.wipe_section(&event, "A").await;
    let key = key();
    refused(&origin.checkout(&fan, &key, VISA).await, 503, "inventory_unavailable");
    harness::eventually("the section is loaded", async || {
        origin.checkout(&fan, &key, VISA).await.word() == "lock_expired"
    })
    .await;
    assert_eq!(
        (origin.seat(&fan, "A-1-1").await, origin.seat(&fan, "A-1-2").await),
        ("available".into(), "sold".into())
    );
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn the_unique_index_judges_last() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let owner = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    origin.checkout(&owner, &key(), VISA).await.ok();
    // Redis forgets on purpose what PostgreSQL knows: it lets a second fan lock the sold seat.
    let held = format!("stanchion:{{{event}:A}}:held");
    redis::cmd("HDEL")
        .arg(&held)
        .arg("A-1-1")
        .query_async::<()>(&mut origin.app.redis.clone())
        .await
        .unwrap();
    let meta = format!("stanchion:{{{event}:A}}:meta");
    redis::cmd("HINCRBY")
        .arg(&meta)
        .arg("sold")
        .arg(-1)
        .query_async::<()>(&mut origin.app.redis.clone())
        .await
        .unwrap();
    let second = fan_with_seats(&origin, &event, &["A-1-1", "A-1-2"]).await;
    refused(&origin.checkout(&second, &key(), VISA).await, 409, "seats_unavailable");
    books_agree(&origin, &gateway).await;
    assert_eq!(
        gateway.intents().await[1]["held"],
        0,
        "the second fan's money is let go of"
    );
    assert_eq!(
        (origin.seat(&owner, "A-1-1").await, origin.seat(&owner, "A-1-2").await),
        ("sold".into(), "available".into()),
        "Redis has learnt it"
    );
}

#[tokio::test]
async fn six_declines_within_an_hour_end_in_a_refusal() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    for _ in 0..6 {
        refused(&origin.checkout(&fan, &key(), DECLINED).await, 402, "payment_declined");
    }
    let answer = origin.checkout(&fan, &key(), VISA).await;
    refused(&answer, 403, "order_refused");
    assert_eq!(answer.json()["reason"], "too_many_declined_payments");
    assert_eq!(gateway.intents().await.len(), 6, "the card was not asked");
    books_agree(&origin, &gateway).await;
}
