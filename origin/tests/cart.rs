//! Carts and availability over HTTP: what is locked, what is refused, and that a refusal locks nothing.

use std::time::Duration;

use crate::harness::{Answer, Fan, TestOrigin, event_id, send, small_event};
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::task::JoinSet;

fn refused(answer: &Answer, status: u16, word: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.word().as_str()),
        (status, word),
        "{}",
        answer.text
    );
    assert!(
        answer.json()["message"]
            .as_str()
            .is_some_and(|message| message.ends_with('.')),
        "{}",
        answer.text
    );
}

/// Locks last ten minutes, so that nothing ends under a test's hands.
fn calm_event() -> serde_json::Value {
    let mut event = small_event();
    event["limits"]["lock_ms"] = json!(600_000);
    event
}

#[tokio::test]
async fn seats_are_locked_shown_and_summed() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    let cart = origin.lock(&fan, &["A-1-1", "A-1-2"]).await.ok();
    assert_eq!(
        (&cart["currency"], &cart["subtotal"], &cart["fees"], &cart["total"]),
        (&json!("EUR"), &json!("99.00"), &json!("9.90"), &json!("108.90"))
    );
    assert_eq!(
        cart["seats"][0],
        json!({"seat_id": "A-1-1", "locked": true, "price": "49.50"})
    );
    assert_eq!(origin.cart(&fan).await, cart, "the cart says the same");

    let seats = origin.seats(&fan, "A").await;
    assert_eq!(
        (&seats["available"], &seats["locked"], &seats["sold"]),
        (&json!(8), &json!(2), &json!(0))
    );
    assert_eq!(
        seats["seats"][0],
        json!({"seat_id": "A-1-1", "row": "1", "number": 1, "price": "49.50", "status": "locked"})
    );
    assert_eq!(seats["seats"].as_array().unwrap().len(), 10);
    assert!(seats["as_of"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_cart_may_hold_seats_of_several_sections() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    origin.lock(&fan, &["A-1-1"]).await.ok();
    let cart = origin.lock(&fan, &["B-1-1"]).await.ok();
    assert_eq!(
        (&cart["total"], cart["seats"].as_array().unwrap().len()),
        (&json!("86.35"), 2)
    );
    let cart = origin.unlock(&fan, &["A-1-1", "B-1-1"]).await.ok();
    assert_eq!(
        (&cart["total"], &cart["seats"], &cart["lock_expires_at"]),
        (&json!("0.00"), &json!([]), &json!(null))
    );
    assert_eq!(origin.seat(&fan, "A-1-1").await, "available");
    assert_eq!(origin.seat(&fan, "B-1-1").await, "available");
}

#[tokio::test]
async fn taken_seats_are_named_and_nothing_is_locked() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let (one, two) = (Fan::new(&event), Fan::new(&event));
    origin.lock(&one, &["A-1-2"]).await.ok();
    let answer = origin.lock(&two, &["A-1-1", "A-1-2", "A-1-3"]).await;
    refused(&answer, 409, "seats_unavailable");
    assert_eq!(answer.json()["unavailable_seats"], json!(["A-1-2"]));
    assert_eq!(origin.cart(&two).await["seats"], json!([]));
    assert_eq!(origin.seats(&two, "A").await["locked"], json!(1));
}

#[tokio::test]
async fn every_bad_request_has_its_word_and_locks_nothing() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    refused(&origin.lock(&fan, &[]).await, 422, "seats_missing");
    refused(&origin.lock(&fan, &["A-1-1", "A-1-1"]).await, 422, "duplicate_seat");
    refused(&origin.lock(&fan, &["A-1-1", "B-1-1"]).await, 422, "several_sections");
    refused(&origin.lock(&fan, &["A-1-1", "A-9-9"]).await, 422, "unknown_seat");
    refused(&origin.lock(&fan, &["A-1-1\r\n"]).await, 422, "unknown_seat");
    refused(&origin.unlock(&fan, &["Z-1-1"]).await, 422, "unknown_seat");

    let path = "/api/v1/cart/seats";
    let other = json!({"event_id": event_id(), "seat_ids": ["A-1-1"]});
    refused(
        &send(origin.shop(&fan, Method::POST, path).json(&other)).await,
        403,
        "token_for_other_event",
    );
    let other = format!("/api/v1/events/{}/seats?section=A", event_id());
    refused(
        &send(origin.shop(&fan, Method::GET, &other)).await,
        403,
        "token_for_other_event",
    );
    let section = format!("/api/v1/events/{event}/seats?section=Z");
    refused(
        &send(origin.shop(&fan, Method::GET, &section)).await,
        404,
        "section_not_found",
    );
    let section = format!("/api/v1/events/{event}/seats");
    refused(
        &send(origin.shop(&fan, Method::GET, &section)).await,
        400,
        "malformed_query",
    );
    refused(
        &send(origin.shop(&fan, Method::POST, path).json(&json!({"seats": 1}))).await,
        400,
        "malformed_body",
    );
    refused(
        &send(origin.request(Method::GET, "/api/v1/cart")).await,
        401,
        "shop_token_missing",
    );
    refused(
        &send(origin.shop(&Fan::for_seconds(&event, -1), Method::GET, "/api/v1/cart")).await,
        401,
        "shop_token_expired",
    );
    refused(
        &origin.lock(&Fan::new(&event_id()), &["A-1-1"]).await,
        404,
        "event_not_found",
    );
    assert_eq!(origin.seats(&fan, "A").await["available"], json!(10));
}

#[tokio::test]
async fn a_person_may_hold_eight_seats_and_not_nine() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    let nine: Vec<String> = (1..=9).map(|number| format!("B-1-{number}")).collect();
    let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    refused(&origin.lock(&fan, &nine).await, 422, "too_many_seats");
    origin.lock(&fan, &nine[..7]).await.ok();
    // One more in another section is the eighth, two are too many.
    refused(&origin.lock(&fan, &["A-1-1", "A-1-2"]).await, 422, "too_many_seats");
    assert_eq!(
        origin.seats(&fan, "A").await["locked"],
        json!(0),
        "nothing of it is locked"
    );
    origin.lock(&fan, &["A-1-1"]).await.ok();
    refused(&origin.lock(&fan, &["A-1-2"]).await, 422, "too_many_seats");
    // Seats that it has already do not count twice.
    assert_eq!(
        origin.lock(&fan, &nine[..7]).await.ok()["seats"]
            .as_array()
            .unwrap()
            .len(),
        8
    );
    origin.unlock(&fan, &["A-1-1"]).await.ok();
    origin.lock(&fan, &["A-1-2"]).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_sent_at_once_cannot_pass_the_limit_together() {
    let origin = std::sync::Arc::new(TestOrigin::new().await);
    let event = origin.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    let mut requests = JoinSet::new();
    for section in ["A", "B"] {
        for number in 0..5 {
            let (origin, fan) = (origin.clone(), fan.clone());
            requests.spawn(async move {
                let seat = |n: usize| {
                    if section == "A" {
                        format!("A-{n}-{}", number + 1)
                    } else {
                        format!("B-1-{}", 2 * number + n)
                    }
                };
                let wanted = [seat(1), seat(2)];
                origin.lock(&fan, &[&wanted[0], &wanted[1]]).await.status
            });
        }
    }
    let answers = requests.join_all().await;
    assert_eq!(
        answers.iter().filter(|status| **status == StatusCode::OK).count(),
        4,
        "{answers:?}"
    );
    assert_eq!(origin.cart(&fan).await["seats"].as_array().unwrap().len(), 8);
    let locked = origin.seats(&fan, "A").await["locked"].as_u64().unwrap()
        + origin.seats(&fan, "B").await["locked"].as_u64().unwrap();
    assert_eq!(locked, 8);
}

#[tokio::test]
async fn a_lock_that_is_over_leaves_the_cart_and_is_somebody_elses_within_a_second() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&small_event()).await; // locks last two seconds
    let (one, two) = (Fan::new(&event), Fan::new(&event));
    origin.lock(&one, &["A-1-1"]).await.ok();
    refused(&origin.lock(&two, &["A-1-1"]).await, 409, "seats_unavailable");
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    origin.lock(&two, &["A-1-1"]).await.ok();
    let cart = origin.cart(&one).await;
    assert_eq!(
        (&cart["seats"][0]["locked"], &cart["total"]),
        (&json!(false), &json!("0.00"))
    );
    assert_eq!(
        origin.lock(&one, &["A-1-2"]).await.ok()["seats"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "it does not count any more"
    );
}

#[tokio::test]
async fn emptying_a_cart_frees_its_seats_and_nobody_elses() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let (one, two) = (Fan::new(&event), Fan::new(&event));
    origin.lock(&one, &["A-1-1"]).await.ok();
    origin.lock(&two, &["A-1-2"]).await.ok();
    origin.unlock(&one, &["A-1-2"]).await.ok();
    let cart = send(origin.shop(&one, Method::DELETE, "/api/v1/cart")).await.ok();
    assert_eq!(cart["seats"], json!([]));
    assert_eq!(origin.seats(&one, "A").await["locked"], json!(1));
    assert_eq!(origin.cart(&two).await["seats"][0]["locked"], json!(true));
}

#[tokio::test]
async fn each_session_has_a_cart_of_its_own() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let one = Fan::new(&event);
    let again = Fan::again(&one.subject, &event, 600);
    origin.lock(&one, &["A-1-1"]).await.ok();
    assert_eq!(origin.cart(&again).await["seats"], json!([]));
    assert_ne!(origin.cart(&again).await["cart_id"], origin.cart(&one).await["cart_id"]);
}

#[tokio::test]
async fn a_section_that_is_lost_is_built_again_while_fans_are_told_to_wait() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    origin.wipe_section(&event, "A").await;
    let answer = origin.lock(&fan, &["A-1-1"]).await;
    refused(&answer, 503, "inventory_loading");
    assert!(answer.headers.contains_key("retry-after"));
    crate::harness::eventually("the seat can be locked", async || {
        origin.lock(&fan, &["A-1-1"]).await.status == 200
    })
    .await;
}
