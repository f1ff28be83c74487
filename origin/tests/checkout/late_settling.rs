//! An order that has ended is settled late, when its cart has gone on: nothing of what the cart does now is touched.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use stanchion_origin::checkout::Step;
use tokio::sync::Notify;

use crate::{
    DECLINED, VISA, books_agree, calm_event, fan_with_seats, key, refused,
    stage::{Stage, small_event},
    watching::AtSteps,
};

#[tokio::test]
async fn settling_a_declined_order_late_does_not_unpin_the_seats_its_cart_is_paying_for_now() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (stage, gateway) = Stage::with_gateway_and(|app| app.till.watch = during).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    refused(&stage.checkout(&fan, &key(), DECLINED).await, 402, "payment_declined");

    let (extended, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (there, waits) = (extended.clone(), go_on.clone());
    watch.at(Step::Extended, async move {
        there.notify_one();
        waits.notified().await;
    });
    let (paid, ()) = tokio::join!(stage.checkout(&fan, "second", VISA), async {
        extended.notified().await;
        stage.settle_again().await;
        refused(&stage.unlock(&fan, &["A-1-1"]).await, 409, "checkout_in_progress");
        go_on.notify_one();
    });
    paid.ok();
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn freeing_the_seats_of_a_failed_order_late_does_not_free_what_its_cart_has_locked_since() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (stage, gateway) = Stage::with_gateway_and(|app| app.till.watch = during).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    watch.at(Step::Reserved, gateway.cancel_first_intent());
    refused(&stage.checkout(&fan, &key(), VISA).await, 402, "payment_failed");
    stage.lock(&fan, &["A-1-1"]).await.ok();
    stage.settle_again().await;
    assert_eq!(stage.seat(&fan, "A-1-1").await, "locked");
    assert_eq!(stage.cart(&fan).await["seats"][0]["locked"], json!(true));
    stage.checkout(&fan, &key(), VISA).await.ok();
    stage.settle_again().await;
    assert_eq!(stage.seat(&fan, "A-1-1").await, "sold");
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_seat_that_was_lost_and_locked_again_stays_in_the_cart_that_holds_it() {
    let (stage, _gateway) = Stage::with_gateway().await;
    let event = stage.launch(&small_event()).await; // locks last two seconds
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    refused(&stage.checkout(&fan, &key(), VISA).await, 409, "lock_expired");
    stage.lock(&fan, &["A-1-1"]).await.ok();
    stage.settle_again().await;
    assert_eq!(stage.cart(&fan).await["seats"][0]["locked"], json!(true));
}

#[tokio::test]
async fn an_order_that_comes_late_to_the_locks_leaves_none_pinned() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (stage, gateway) = Stage::with_gateway_and(|app| app.till.watch = during).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    stage.lock(&fan, &["B-1-1"]).await.ok();
    let stop = |step| {
        let (there, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, wait) = (there.clone(), go_on.clone());
        watch.at(step, async move {
            tell.notify_one();
            wait.notified().await;
        });
        (there, go_on)
    };
    let (begun, first_goes_on) = stop(Step::Begun);
    let (extended, second_goes_on) = stop(Step::Extended);
    let (over, first_is_over) = tokio::sync::oneshot::channel();
    let first = async {
        refused(&stage.checkout(&fan, "first", VISA).await, 409, "checkout_abandoned");
        over.send(()).unwrap();
    };
    let second = async {
        begun.notified().await;
        stage.recover().await;
        // The second pays for B alone; then A comes back.
        stage.unlock(&fan, &["A-1-1"]).await.ok();
        let pays = async { stage.checkout(&fan, "second", VISA).await.ok() };
        let goes_on = async {
            extended.notified().await;
            stage.lock(&fan, &["A-1-1"]).await.ok();
            first_goes_on.notify_one();
            first_is_over.await.unwrap();
            stage.unlock(&fan, &["A-1-1"]).await.ok();
            refused(&stage.unlock(&fan, &["B-1-1"]).await, 409, "checkout_in_progress");
            second_goes_on.notify_one();
        };
        tokio::join!(pays, goes_on);
    };
    tokio::join!(first, second);
    books_agree(&stage, &gateway).await;
}
