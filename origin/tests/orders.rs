//! Orders and tickets after the purchase: their owner sees them, nobody else does, and no shop token is needed.

use crate::harness::{Fan, TestGateway, TestOrigin, send, small_event};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

async fn bought() -> (TestOrigin, TestGateway, Fan, Value) {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&small_event()).await;
    let fan = Fan::new(&event);
    origin.lock(&fan, &["A-1-1", "A-1-2"]).await.ok();
    let order = origin.checkout(&fan, "the-key", "pm_card_visa").await.ok();
    (origin, gateway, fan, order)
}

#[tokio::test]
async fn an_order_is_found_by_its_key_its_id_and_in_the_list() {
    let (origin, _gateway, fan, order) = bought().await;
    let id = order["order_id"].as_str().unwrap();
    assert_eq!(origin.orders(&fan, "?idempotency_key=the-key").await.ok(), order);
    assert_eq!(origin.orders(&fan, &format!("/{id}")).await.ok(), order);
    assert_eq!(origin.orders(&fan, "").await.ok(), json!({"orders": [order]}));
}

#[tokio::test]
async fn orders_of_others_do_not_exist() {
    let (origin, _gateway, fan, order) = bought().await;
    let other = Fan::new(fan.claims.event.as_str());
    let id = order["order_id"].as_str().unwrap();
    assert_eq!(origin.orders(&other, &format!("/{id}")).await.word(), "order_not_found");
    assert_eq!(
        origin.orders(&other, "?idempotency_key=the-key").await.word(),
        "order_not_found"
    );
    assert_eq!(origin.orders(&other, "").await.ok(), json!({"orders": []}));
    assert_eq!(
        origin.orders(&fan, &format!("/{}", Uuid::new_v4())).await.word(),
        "order_not_found"
    );
    assert_eq!(origin.orders(&fan, "/no-id").await.word(), "malformed_path");
    assert_eq!(origin.orders(&fan, "?idempotency_key=").await.word(), "malformed_query");
    assert_eq!(origin.get("/api/v1/orders").await.word(), "unauthorized");
    assert_eq!(origin.get(&format!("/api/v1/orders/{id}")).await.word(), "unauthorized");
}

#[tokio::test]
async fn a_failed_order_says_why_and_lists_no_ticket() {
    let (origin, _gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&small_event()).await;
    let fan = Fan::new(&event);
    origin.lock(&fan, &["A-1-1"]).await.ok();
    assert_eq!(
        origin.checkout(&fan, "k", "pm_card_chargeDeclined").await.status,
        StatusCode::PAYMENT_REQUIRED
    );
    let order = origin.orders(&fan, "?idempotency_key=k").await.ok();
    assert_eq!(
        (&order["status"], &order["failure"], &order["tickets"]),
        (&json!("failed"), &json!("payment_declined"), &json!([]))
    );
}

#[tokio::test]
async fn a_qr_code_opens_with_its_own_address_or_its_owners_token_only() {
    let (origin, _gateway, fan, order) = bought().await;
    let url = |ticket: usize| order["tickets"][ticket]["qr_code_url"].as_str().unwrap().to_owned();
    let picture = origin.get(&url(0)).await;
    assert_eq!(picture.headers["content-type"], "image/svg+xml");
    assert!(picture.text.contains("<svg"), "{}", picture.text);
    assert_eq!(picture.headers["referrer-policy"], "no-referrer");

    let (bare, signature) = url(0)
        .split_once('?')
        .map(|(bare, query)| (bare.to_owned(), query.to_owned()))
        .unwrap();
    let (other, _) = url(1)
        .split_once('?')
        .map(|(bare, query)| (bare.to_owned(), query.to_owned()))
        .unwrap();
    let with = |path: &str, bearer: &str| send(origin.request(Method::GET, path).bearer_auth(bearer));
    assert_eq!(with(&bare, &fan.bearer).await.text, picture.text);
    assert_eq!(
        with(&bare, &Fan::new(fan.claims.event.as_str()).bearer).await.word(),
        "ticket_not_found"
    );
    assert_eq!(origin.get(&bare).await.word(), "unauthorized");
    assert_eq!(
        origin.get(&format!("{other}?{signature}")).await.word(),
        "ticket_not_found"
    );
    assert_eq!(
        origin.get(&format!("{bare}?signature=")).await.word(),
        "ticket_not_found"
    );
    assert_eq!(origin.get("/api/v1/tickets/x/qr.svg").await.word(), "malformed_path");
    let nobody = format!("/api/v1/tickets/{}/qr.svg", Uuid::new_v4());
    assert_eq!(with(&nobody, &fan.bearer).await.word(), "ticket_not_found");
}

#[tokio::test]
async fn the_gate_reads_the_barcode() {
    let (origin, _gateway, _, order) = bought().await;
    let key = &origin.app.config.ticket_code_key;
    for ticket in order["tickets"].as_array().unwrap() {
        let read = stanchion_origin::tickets::barcode::read_barcode(key, ticket["barcode"].as_str().unwrap());
        assert_eq!(read.unwrap().to_string(), ticket["ticket_id"].as_str().unwrap());
    }
}
