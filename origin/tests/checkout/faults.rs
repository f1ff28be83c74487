//! A payment provider that fails, loses its answers, or is slow.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use stanchion_origin::checkout::failpoints::SagaStep;

use super::{VISA, books_agree, calm_event, failpoints::AtSteps, fan_with_seats, key, refused, status_of};
use crate::harness::{self, TestOrigin};

/// The end of an order with a fault, once recovery has run.
async fn fault_ends_in(operation: &str, fault: &str, times: u32, expected: &str) {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    gateway.fault(operation, fault, times).await;
    let key = key();
    let answer = origin.checkout(&fan, &key, VISA).await;
    let said = match answer.status.as_u16() {
        200 => "confirmed",
        _ => "failed",
    };
    assert_eq!(said, expected, "{operation} {fault}: {}", answer.text);
    books_agree(&origin, &gateway).await;
    let seat = origin.seat(&fan, "A-1-1").await;
    assert_eq!(
        seat,
        if expected == "confirmed" { "sold" } else { "locked" },
        "{operation} {fault}"
    );
    // Whatever happened, the fan can buy in the end.
    if expected == "failed" {
        gateway.faults(json!({})).await;
        origin.checkout(&fan, &self::key(), VISA).await.ok();
        books_agree(&origin, &gateway).await;
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_survived() {
    for operation in ["authorize", "capture"] {
        fault_ends_in(operation, "fail", 1, "confirmed").await;
        fault_ends_in(operation, "lose_answer", 1, "confirmed").await;
    }
}

#[tokio::test]
async fn an_authorisation_the_provider_failed_for_good_costs_nothing() {
    fault_ends_in("authorize", "fail", 9, "failed").await;
    fault_ends_in("authorize", "fail_kept", 1, "failed").await;
}

#[tokio::test]
async fn a_capture_whose_key_a_fault_has_spent_is_captured_with_another() {
    fault_ends_in("capture", "fail_kept", 1, "confirmed").await;
}

#[tokio::test]
async fn an_authorisation_whose_answers_are_all_lost_is_undone() {
    // Two attempts and recovery's first lose their answers; then recovery learns what happened, and lets go of the money.
    fault_ends_in("authorize", "lose_answer", 3, "failed").await;
}

#[tokio::test]
async fn a_capture_whose_answers_are_all_lost_is_found_to_have_worked() {
    fault_ends_in("capture", "lose_answer", 9, "confirmed").await;
}

#[tokio::test]
async fn a_slow_provider_is_waited_for_within_its_patience() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    gateway.faults(json!({"delay_ms": 300})).await;
    assert_eq!(origin.checkout(&fan, &key(), VISA).await.ok()["status"], "confirmed");
    // Slower than the patience: nobody can tell, until the provider is well again.
    let fan = fan_with_seats(&origin, &event, &["A-1-2"]).await;
    gateway.faults(json!({"delay_ms": 2_000})).await;
    let (asked, well) = tokio::join!(origin.checkout(&fan, "slow", VISA), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        gateway.faults(json!({})).await;
        harness::eventually("recovery has finished", async || {
            origin.recover().await;
            status_of(&origin, &fan, "slow").await == "failed"
        })
        .await;
    });
    let () = well;
    refused(&asked, 409, "checkout_abandoned");
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn a_definite_capture_failure_voids_the_tickets_and_frees_the_seats() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = during).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    // The provider cancels the intent by itself between reservation and capture (as Stripe does after seven days).
    watch.at(SagaStep::Reserved, gateway.cancel_first_intent());
    refused(&origin.checkout(&fan, "definite", VISA).await, 402, "payment_failed");
    books_agree(&origin, &gateway).await;
    assert_eq!(origin.seat(&fan, "A-1-1").await, "available");
    assert_eq!(origin.cart(&fan).await["seats"], json!([]));
    let told: Vec<String> = sqlx::query_scalar("select kind from outbox")
        .fetch_all(&origin.app.database)
        .await
        .unwrap();
    assert_eq!(told, ["order_failed"]);
}
