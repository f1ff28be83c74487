//! The inventory learns late that an order has ended, when its cart has gone on: the cart's new seats are not touched.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use stanchion_origin::checkout::failpoints::SagaStep;
use tokio::sync::Notify;

use super::{DECLINED, VISA, books_agree, calm_event, failpoints::AtSteps, fan_with_seats, key, refused};
use crate::harness::{TestOrigin, small_event};

#[tokio::test]
async fn settling_a_declined_order_late_does_not_unpin_the_seats_its_cart_is_paying_for_now() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = during).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    refused(&origin.checkout(&fan, &key(), DECLINED).await, 402, "payment_declined");

    let (extended, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (there, waits) = (extended.clone(), go_on.clone());
    watch.at(SagaStep::LocksExtended, async move {
        there.notify_one();
        waits.notified().await;
    });
    let (paid, ()) = tokio::join!(origin.checkout(&fan, "second", VISA), async {
        extended.notified().await;
        origin.settle_again().await;
        refused(&origin.unlock(&fan, &["A-1-1"]).await, 409, "checkout_in_progress");
        go_on.notify_one();
    });
    paid.ok();
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn freeing_the_seats_of_a_failed_order_late_does_not_free_what_its_cart_has_locked_since() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = during).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    watch.at(SagaStep::Reserved, gateway.cancel_first_intent());
    refused(&origin.checkout(&fan, &key(), VISA).await, 402, "payment_failed");
    origin.lock(&fan, &["A-1-1"]).await.ok();
    origin.settle_again().await;
    assert_eq!(origin.seat(&fan, "A-1-1").await, "locked");
    assert_eq!(origin.cart(&fan).await["seats"][0]["locked"], json!(true));
    origin.checkout(&fan, &key(), VISA).await.ok();
    origin.settle_again().await;
    assert_eq!(origin.seat(&fan, "A-1-1").await, "sold");
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn a_seat_that_was_lost_and_locked_again_stays_in_the_cart_that_holds_it() {
    let (origin, _gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&small_event()).await; // locks last two seconds
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    refused(&origin.checkout(&fan, &key(), VISA).await, 409, "lock_expired");
    origin.lock(&fan, &["A-1-1"]).await.ok();
    origin.settle_again().await;
    assert_eq!(origin.cart(&fan).await["seats"][0]["locked"], json!(true));
}

#[tokio::test]
async fn an_order_that_comes_late_to_the_locks_leaves_none_pinned() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = during).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    origin.lock(&fan, &["B-1-1"]).await.ok();
    let stop = |step| {
        let (there, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, wait) = (there.clone(), go_on.clone());
        watch.at(step, async move {
            tell.notify_one();
            wait.notified().await;
        });
        (there, go_on)
    };
    let (begun, first_goes_on) = stop(SagaStep::Begun);
    let (extended, second_goes_on) = stop(SagaStep::LocksExtended);
    let (over, first_is_over) = tokio::sync::oneshot::channel();
    let first = async {
        refused(&origin.checkout(&fan, "first", VISA).await, 409, "checkout_abandoned");
        over.send(()).unwrap();
    };
    let second = async {
        begun.notified().await;
        origin.recover().await;
        // The second pays for B alone; then A comes back.
        origin.unlock(&fan, &["A-1-1"]).await.ok();
        let pays = async { origin.checkout(&fan, "second", VISA).await.ok() };
        let goes_on = async {
            extended.notified().await;
            origin.lock(&fan, &["A-1-1"]).await.ok();
            first_goes_on.notify_one();
            first_is_over.await.unwrap();
            origin.unlock(&fan, &["A-1-1"]).await.ok();
            refused(&origin.unlock(&fan, &["B-1-1"]).await, 409, "checkout_in_progress");
            second_goes_on.notify_one();
        };
        tokio::join!(pays, goes_on);
    };
    tokio::join!(first, second);
    books_agree(&origin, &gateway).await;
}
