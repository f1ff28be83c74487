//! The per-person limit while checkouts come and go: a cart counts what its session really holds.

use std::time::Duration;

use serde_json::json;

use super::{DECLINED, fan_with_seats, key, refused};
use crate::harness::{Fan, TestOrigin, small_event};

const EIGHT: [&str; 8] = ["B-1-1", "B-1-2", "B-1-3", "B-1-4", "B-1-5", "B-1-6", "B-1-7", "B-1-8"];
/// Longer than the locks of the small event.
const LOCKS_ARE_OVER: Duration = Duration::from_millis(2_100);

#[tokio::test]
async fn seats_whose_locks_a_declined_checkout_has_extended_still_count() {
    let (origin, _gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&small_event()).await;
    let fan = fan_with_seats(&origin, &event, &EIGHT).await;
    refused(&origin.checkout(&fan, &key(), DECLINED).await, 402, "payment_declined");
    tokio::time::sleep(LOCKS_ARE_OVER).await;
    refused(&origin.lock(&fan, &["A-1-1"]).await, 422, "too_many_seats");
    assert_eq!(origin.seats(&fan, "A").await["locked"], json!(0));
    assert_eq!(origin.seats(&fan, "B").await["locked"], json!(8));
    // A seat that is given back makes room again.
    origin.unlock(&fan, &["B-1-8"]).await.ok();
    let cart = origin.lock(&fan, &["A-1-1"]).await.ok();
    let seats = cart["seats"].as_array().unwrap();
    assert!(
        seats.len() == 8 && seats.iter().all(|seat| seat["locked"] == json!(true)),
        "{cart}"
    );
    assert_eq!(origin.cart(&fan).await, cart, "the cart says the same");
}

#[tokio::test]
async fn seats_whose_locks_are_over_do_not_count() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&small_event()).await;
    let fan = Fan::new(&event);
    origin.lock(&fan, &EIGHT).await.ok();
    refused(&origin.lock(&fan, &["A-1-1"]).await, 422, "too_many_seats");
    tokio::time::sleep(LOCKS_ARE_OVER).await;
    let cart = origin.lock(&fan, &["A-1-1"]).await.ok();
    assert_eq!(cart["seats"].as_array().unwrap().len(), 1, "{cart}");
}
