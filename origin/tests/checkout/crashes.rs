//! The origin dies after any step; recovery finishes what it left.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use stanchion_origin::checkout::failpoints::SagaStep;
use tokio::task::JoinSet;

use super::{VISA, books_agree, calm_event, failpoints::DieAfter, fan_with_seats, key, refused, status_of};
use crate::harness::{self, TestOrigin};

/// A crash after `step`; `cards` that are good end in an order or in nothing, never in between.
async fn crash_after(step: SagaStep) {
    let watch = Arc::new(DieAfter {
        step,
        died: Mutex::new(false),
    });
    let dying = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = dying).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1", "A-1-2"]).await;
    let (origin, key) = (Arc::new(origin), key());
    let request = tokio::spawn({
        let (origin, fan, key) = (origin.clone(), fan.clone(), key.clone());
        async move { origin.checkout(&fan, &key, VISA).await }
    });
    harness::eventually("the saga has died", async || *watch.died.lock().unwrap()).await;
    request.abort();
    origin.recover().await;
    let expected = if step < SagaStep::Reserved {
        "failed"
    } else {
        "confirmed"
    };
    assert_eq!(status_of(&origin, &fan, &key).await, expected, "after {step:?}");
    books_agree(&origin, &gateway).await;
    let seat = origin.seat(&fan, "A-1-1").await;
    assert_eq!(
        seat,
        if expected == "confirmed" { "sold" } else { "locked" },
        "after {step:?}"
    );
    let settled: bool = sqlx::query_scalar("select settled from orders")
        .fetch_one(&origin.app.database)
        .await
        .unwrap();
    assert!(settled, "after {step:?}");
    // The fan asks again with the same key and gets the order's end.
    let answer = origin.checkout(&fan, &key, VISA).await;
    if expected == "confirmed" {
        assert_eq!(answer.ok()["tickets"].as_array().unwrap().len(), 2);
    } else {
        refused(&answer, 409, "checkout_abandoned");
        origin.checkout(&fan, &self::key(), VISA).await.ok();
    }
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn a_crash_after_any_step_ends_in_tickets_with_their_charge_or_in_neither() {
    let crashes = async {
        let mut crashes = JoinSet::new();
        for step in SagaStep::ALL {
            crashes.spawn_local(crash_after(step));
        }
        while let Some(crash) = crashes.join_next().await {
            crash.unwrap();
        }
    };
    tokio::task::LocalSet::new().run_until(crashes).await;
}

#[tokio::test]
async fn recovery_by_itself_finishes_within_its_lease_and_a_second_origin_does_not_interfere() {
    let watch = Arc::new(DieAfter {
        step: SagaStep::Authorised,
        died: Mutex::new(false),
    });
    let dying = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = dying).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let key = key();
    let waiting = tokio::time::timeout(Duration::from_millis(500), origin.checkout(&fan, &key, VISA)).await;
    assert!(waiting.is_err(), "the saga is dead");
    // Many look at once: each order is taken by one.
    let mut looks = JoinSet::new();
    sqlx::query("update orders set lease_until = now() - interval '1 second'")
        .execute(&origin.app.database)
        .await
        .unwrap();
    for _ in 0..4 {
        let app = origin.app.clone();
        looks.spawn(async move {
            stanchion_origin::checkout::recovery::recover(&app.checkout())
                .await
                .unwrap()
        });
    }
    assert!(looks.join_all().await.into_iter().sum::<usize>() <= 1);
    harness::eventually("the order ends", async || {
        status_of(&origin, &fan, &key).await == "failed"
    })
    .await;
    books_agree(&origin, &gateway).await;
}
