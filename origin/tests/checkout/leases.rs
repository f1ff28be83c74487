//! One worker at a time works on an order, and a worker that has lost its lease stops before the payment.

use std::sync::Arc;

use serde_json::json;
use sqlx::PgPool;
use stanchion_origin::{
    checkout::{failpoints::SagaStep, recovery::recover},
    payments::router::STEP_LIMIT,
};

use super::{VISA, books_agree, calm_event, failpoints::AtSteps, fan_with_seats, key, refused};
use crate::harness::{self, TestGateway, TestOrigin};

async fn watched() -> (TestOrigin, TestGateway, Arc<AtSteps>) {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = during).await;
    (origin, gateway, watch)
}

/// Another worker has the lease of all orders now, for an hour.
async fn take_over(database: PgPool) {
    let steal = "update orders set lease = gen_random_uuid(), lease_until = now() + interval '1 hour'";
    sqlx::query(steal).execute(&database).await.unwrap();
}

/// In seconds.
async fn lease_left(database: &PgPool) -> f64 {
    sqlx::query_scalar("select extract(epoch from lease_until - now())::float8 from orders")
        .fetch_one(database)
        .await
        .unwrap()
}

async fn ends_as(origin: &TestOrigin, fan: &harness::Fan, key: &str, status: &str) {
    harness::eventually("recovery has finished", async || {
        origin.recover().await;
        let order = origin.orders(fan, &format!("?idempotency_key={key}")).await;
        order.status == 200 && order.json()["status"] == status
    })
    .await;
}

#[tokio::test]
async fn whoever_lost_an_order_does_not_give_back_what_its_new_worker_has_charged() {
    let (origin, gateway, watch) = watched().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    // The first worker's capture is refused; before it can act upon that, it has lost the order to one whose capture works.
    watch.at(SagaStep::Reserved, gateway.refuse_capture_of_first_intent());
    let (database, other) = (origin.app.database.clone(), gateway.capture_first_intent());
    let (told, taken) = tokio::sync::oneshot::channel();
    watch.at(SagaStep::Captured, async move {
        take_over(database).await;
        other.await;
        told.send(()).unwrap();
    });
    let (answer, ()) = tokio::join!(origin.checkout(&fan, "k", VISA), async {
        taken.await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        ends_as(&origin, &fan, "k", "confirmed").await;
    });
    assert_eq!(answer.ok()["status"], "confirmed");
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn once_it_is_decided_that_an_order_fails_even_a_charge_that_worked_is_given_back() {
    let (origin, gateway, watch) = watched().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let database = origin.app.database.clone();
    watch.at(SagaStep::Captured, async move {
        let decide = "update orders set undoing = 'payment_failed', undoing_detail = 'refused'";
        sqlx::query(decide).execute(&database).await.unwrap();
    });
    let (answer, ()) = tokio::join!(origin.checkout(&fan, "k", VISA), ends_as(&origin, &fan, "k", "failed"));
    refused(&answer, 402, "payment_failed");
    books_agree(&origin, &gateway).await;
    assert_eq!(origin.seat(&fan, "A-1-1").await, "available");
}

#[tokio::test]
async fn a_crash_while_a_refused_capture_is_undone_leaves_nothing_held() {
    for step in [SagaStep::UndoDecided, SagaStep::Undone] {
        let (origin, gateway, watch) = watched().await;
        let event = origin.launch(&calm_event()).await;
        let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
        watch.at(SagaStep::Reserved, gateway.refuse_capture_of_first_intent());
        watch.at(step, std::future::pending());
        let origin = Arc::new(origin);
        let request = tokio::spawn({
            let (origin, fan) = (origin.clone(), fan.clone());
            async move { origin.checkout(&fan, "k", VISA).await }
        });
        harness::eventually("the saga has died", async || watch.nothing_is_left_to_do()).await;
        request.abort();
        ends_as(&origin, &fan, "k", "failed").await;
        refused(&origin.checkout(&fan, "k", VISA).await, 402, "payment_failed");
        books_agree(&origin, &gateway).await;
        assert_eq!(origin.seat(&fan, "A-1-1").await, "available", "{step:?}");
    }
}

#[tokio::test]
async fn an_order_whose_worker_is_alive_is_not_taken_over() {
    let (origin, gateway, watch) = watched().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    for step in [
        SagaStep::Begun,
        SagaStep::AuthorisingMarked,
        SagaStep::Authorised,
        SagaStep::Reserved,
        SagaStep::Captured,
    ] {
        let app = origin.app.clone();
        watch.at(step, async move {
            assert_eq!(recover(&app.checkout()).await.unwrap(), 0, "{step:?}");
            // What follows these is a step towards the provider: it must find a lease that outlasts it, so none is left over
            // from before.
            if matches!(step, SagaStep::AuthorisingMarked | SagaStep::Reserved) {
                assert!(lease_left(&app.database).await > STEP_LIMIT.as_secs_f64(), "{step:?}");
            }
            let age = "update orders set lease_until = now() + interval '2 seconds'";
            sqlx::query(age).execute(&app.database).await.unwrap();
        });
    }
    assert_eq!(
        origin.checkout(&fan, &key(), VISA).await.ok()["status"],
        json!("confirmed")
    );
    books_agree(&origin, &gateway).await;
}
