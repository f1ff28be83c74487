//! A checkout that works: its result, and its requests to the payment provider.

use serde_json::{Value, json};

use super::{VISA, books_agree, calm_event, fan_with_seats, key, refused};
use crate::harness::{self, Fan, TestOrigin};

#[tokio::test]
async fn a_cart_becomes_a_paid_order_with_tickets() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1", "A-1-2"]).await;
    let order = origin.checkout(&fan, &key(), VISA).await.ok();
    assert_eq!(
        (&order["status"], &order["total"]),
        (&json!("confirmed"), &json!("108.90"))
    );
    let tickets = order["tickets"].as_array().unwrap();
    assert_eq!(
        tickets.iter().map(|ticket| &ticket["seat"]).collect::<Vec<_>>(),
        ["A-1-1", "A-1-2"]
    );
    assert!(
        tickets
            .iter()
            .all(|ticket| ticket["barcode"].as_str().unwrap().starts_with("ST1"))
    );
    assert_eq!(gateway.money_of(order["order_id"].as_str().unwrap()).await, (0, 10_890));
    let seats = origin.seats(&fan, "A").await;
    assert_eq!(
        (&seats["available"], &seats["locked"], &seats["sold"]),
        (&json!(8), &json!(0), &json!(2))
    );
    assert_eq!(
        origin.cart(&fan).await["seats"],
        json!([]),
        "what is bought leaves the cart"
    );
    let told: Vec<(String, Value)> = sqlx::query_as("select kind, payload from outbox")
        .fetch_all(&origin.app.database)
        .await
        .unwrap();
    assert_eq!((told.len(), told[0].0.as_str()), (1, "order_confirmed"));
    let steps: Vec<String> = sqlx::query_scalar("select step from order_steps order by step_id")
        .fetch_all(&origin.app.database)
        .await
        .unwrap();
    assert_eq!(steps[..4], ["pending", "authorising", "confirming", "confirmed"]);
    harness::eventually("Redis' state is noted", async || {
        sqlx::query_scalar("select settled from orders")
            .fetch_one(&origin.app.database)
            .await
            .unwrap()
    })
    .await;
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn a_cart_of_two_sections_is_one_order() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    origin.lock(&fan, &["B-1-1"]).await.ok();
    let order = origin.checkout(&fan, &key(), VISA).await.ok();
    assert_eq!(
        (&order["total"], order["tickets"].as_array().unwrap().len()),
        (&json!("86.35"), 2)
    );
    assert_eq!(origin.seat(&fan, "B-1-1").await, "sold");
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn seats_without_a_price_need_no_provider() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let mut free = calm_event();
    free["sections"][0]["price"] = json!("0");
    free["sections"][0]["fee"] = json!("0");
    let event = origin.launch(&free).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let order = origin.checkout(&fan, &key(), VISA).await.ok();
    assert_eq!(
        (&order["status"], &order["total"]),
        (&json!("confirmed"), &json!("0.00"))
    );
    assert!(gateway.intents().await.is_empty());
}

#[tokio::test]
async fn the_limit_counts_what_was_bought_before() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1", "A-1-2", "A-1-3", "A-1-4", "A-1-5"]).await;
    origin.checkout(&fan, &key(), VISA).await.ok();
    let again = Fan::again(&fan.subject, &event, 600);
    origin.lock(&again, &["A-2-1", "A-2-2", "A-2-3", "A-2-4"]).await.ok();
    refused(&origin.checkout(&again, &key(), VISA).await, 422, "too_many_seats");
    origin.unlock(&again, &["A-2-4"]).await.ok();
    origin.checkout(&again, &key(), VISA).await.ok();
    let third = Fan::again(&fan.subject, &event, 600);
    origin.lock(&third, &["B-1-1"]).await.ok();
    refused(&origin.checkout(&third, &key(), VISA).await, 422, "too_many_seats");
    books_agree(&origin, &gateway).await;
}
