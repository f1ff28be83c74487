//! The saga against a real gateway: every fault, a crash after every step, everything twice. What must be true at the end
//! of each: no charge without its tickets, no active tickets without their charge, nothing held for ever.

mod answer_time;
mod crashes;
mod doubt;
mod failpoints;
mod faults;
mod late_inventory_sync;
mod leases;
mod limit;
mod refusals;
mod repeats;
mod sale;

use crate::harness::{Answer, Fan, TestGateway, TestOrigin, small_event};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const VISA: &str = "pm_card_visa";

pub(crate) const DECLINED: &str = "pm_card_chargeDeclinedInsufficientFunds";

pub(crate) fn refused(answer: &Answer, status: u16, word: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.word().as_str()),
        (status, word),
        "{}",
        answer.text
    );
}

pub(crate) fn calm_event() -> Value {
    let mut event = small_event();
    event["limits"]["lock_ms"] = json!(600_000);
    event
}

pub(crate) fn key() -> String {
    Uuid::new_v4().to_string()
}

/// A fan with two seats of section A in the cart: 108.90 EUR.
pub(crate) async fn fan_with_seats(origin: &TestOrigin, event: &str, seats: &[&str]) -> Fan {
    let fan = Fan::new(event);
    origin.lock(&fan, seats).await.ok();
    fan
}

/// Every order of the database against the gateway's books.
pub(crate) async fn books_agree(origin: &TestOrigin, gateway: &TestGateway) {
    let orders: Vec<(Uuid, String, i64, i64, i64)> = sqlx::query_as(
        "select order_id, status, total,
                (select count(*) from tickets where tickets.order_id = orders.order_id and state = 'active'),
                (select count(*) from tickets where tickets.order_id = orders.order_id and state = 'reserved')
         from orders",
    )
    .fetch_all(&origin.app.database)
    .await
    .unwrap();
    for (order, status, total, active, reserved) in orders {
        let money = gateway.money_of(&order.to_string()).await;
        match status.as_str() {
            "confirmed" => assert_eq!((money, active > 0, reserved), ((0, total), true, 0), "{order}"),
            "failed" => assert_eq!((money, active, reserved), ((0, 0), 0, 0), "{order}"),
            _ => panic!("{order} is still {status}"),
        }
    }
}

pub(crate) async fn status_of(origin: &TestOrigin, fan: &Fan, key: &str) -> String {
    let order = origin.orders(fan, &format!("?idempotency_key={key}")).await.ok();
    order["status"].as_str().unwrap().to_owned()
}
