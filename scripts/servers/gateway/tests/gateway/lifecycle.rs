//! The states of an intent.

use reqwest::StatusCode;
use serde_json::json;

use crate::running::{Running, visa, with, without};

const UNEXPECTED: (u16, &str, Option<&str>) = (400, "invalid_request_error", Some("payment_intent_unexpected_state"));

#[tokio::test]
async fn an_approved_intent_holds_its_amount_and_carries_what_was_pinned_to_it() {
    let gateway = Running::start().await;
    let params = with(
        with(visa("12345"), "metadata[order_id]", "0198-a"),
        "description",
        "two seats",
    );
    let reply = gateway.authorize(&params).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers["content-type"], "application/json");
    assert!(reply.headers["request-id"].to_str().unwrap().starts_with("req_"));
    assert!(reply.id().starts_with("pi_"));
    for (field, expected) in [
        ("object", json!("payment_intent")),
        ("status", json!("requires_capture")),
        ("amount", json!(12345)),
        ("amount_capturable", json!(12345)),
        ("amount_received", json!(0)),
        ("currency", json!("eur")),
        ("capture_method", json!("manual")),
        ("metadata", json!({"order_id": "0198-a"})),
        ("description", json!("two seats")),
        ("livemode", json!(false)),
        ("last_payment_error", json!(null)),
        ("canceled_at", json!(null)),
        ("next_action", json!(null)),
        ("payment_method_types", json!(["card"])),
    ] {
        assert_eq!(reply.body[field], expected, "{field}");
    }
    assert!(reply.text("payment_method").starts_with("pm_"));
    assert!(reply.text("latest_charge").starts_with("ch_"));
    assert_eq!(gateway.retrieve(&reply.id()).await.body, reply.body);
}

#[tokio::test]
async fn a_capture_takes_all_that_is_held() {
    let gateway = Running::start().await;
    let id = gateway.authorized("5000").await;
    let reply = gateway.capture(&id, &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.text("status"), "succeeded");
    assert_eq!(
        (&reply.body["amount_capturable"], &reply.body["amount_received"]),
        (&json!(0), &json!(5000))
    );
    assert_eq!(gateway.retrieve(&id).await.body, reply.body);
}

#[tokio::test]
async fn a_part_can_be_captured_and_the_rest_is_given_back() {
    let gateway = Running::start().await;
    for part in ["1", "4999", "5000"] {
        let id = gateway.authorized("5000").await;
        let reply = gateway.capture(&id, &[("amount_to_capture", part)]).await;
        assert_eq!(reply.text("status"), "succeeded");
        assert_eq!(reply.body["amount"], 5000);
        assert_eq!(reply.body["amount_received"].to_string(), part);
        assert_eq!(reply.body["amount_capturable"], 0);
    }
}

#[tokio::test]
async fn more_than_is_held_or_nothing_cannot_be_captured() {
    let gateway = Running::start().await;
    let id = gateway.authorized("5000").await;
    for (part, code) in [
        ("5001", "amount_too_large"),
        ("0", "parameter_invalid_integer"),
        ("-1", "parameter_invalid_integer"),
    ] {
        let reply = gateway.capture(&id, &[("amount_to_capture", part)]).await;
        assert_eq!(reply.error(), (400, "invalid_request_error", Some(code)));
        assert_eq!(reply.body["error"]["param"], "amount_to_capture");
    }
    assert_eq!(gateway.retrieve(&id).await.text("status"), "requires_capture");
}

#[tokio::test]
async fn an_intent_is_captured_once() {
    let gateway = Running::start().await;
    let id = gateway.captured("5000").await;
    let reply = gateway.capture(&id, &[]).await;
    assert_eq!(reply.error(), UNEXPECTED);
    assert_eq!(reply.body["error"]["payment_intent"]["status"], "succeeded");
    assert_eq!(gateway.retrieve(&id).await.body["amount_received"], 5000);
}

#[tokio::test]
async fn a_canceled_intent_holds_nothing_and_stays_canceled() {
    let gateway = Running::start().await;
    let id = gateway.authorized("5000").await;
    let reply = gateway.cancel(&id, &[("cancellation_reason", "abandoned")]).await;
    assert_eq!(reply.text("status"), "canceled");
    assert_eq!(reply.text("cancellation_reason"), "abandoned");
    assert!(reply.body["canceled_at"].as_u64().is_some_and(|at| at > 1_700_000_000));
    assert_eq!(
        (&reply.body["amount_capturable"], &reply.body["amount_received"]),
        (&json!(0), &json!(0))
    );

    let capture = gateway.capture(&id, &[]).await;
    assert_eq!(capture.error(), UNEXPECTED);
    assert_eq!(capture.body["error"]["payment_intent"]["status"], "canceled");
    assert_eq!(gateway.cancel(&id, &[]).await.error(), UNEXPECTED);
    assert_eq!(gateway.retrieve(&id).await.body, reply.body);
}

#[tokio::test]
async fn a_captured_intent_cannot_be_canceled() {
    let gateway = Running::start().await;
    let id = gateway.captured("5000").await;
    let reply = gateway.cancel(&id, &[]).await;
    assert_eq!(reply.error(), UNEXPECTED);
    assert_eq!(reply.body["error"]["payment_intent"]["status"], "succeeded");
}

#[tokio::test]
async fn without_manual_capture_an_approved_amount_is_taken_at_once() {
    let gateway = Running::start().await;
    for method in ["automatic", "automatic_async"] {
        let reply = gateway.authorize(&with(visa("700"), "capture_method", method)).await;
        assert_eq!(reply.text("status"), "succeeded");
        assert_eq!(reply.body["amount_received"], 700);
    }
    let reply = gateway.authorize(&without(visa("700"), "capture_method")).await;
    assert_eq!(reply.text("capture_method"), "automatic_async");
}

#[tokio::test]
async fn an_unknown_intent_in_the_path_is_404() {
    let gateway = Running::start().await;
    let missing = (404, "invalid_request_error", Some("resource_missing"));
    for id in ["pi_none", "none", "pi_", "ch_0"] {
        assert_eq!(gateway.retrieve(id).await.error(), missing);
        assert_eq!(gateway.capture(id, &[]).await.error(), missing);
        assert_eq!(gateway.cancel(id, &[]).await.error(), missing);
    }
}

#[tokio::test]
async fn of_captures_and_cancels_at_the_same_time_exactly_one_wins() {
    let gateway = Running::start().await;
    for _ in 0..20 {
        let id = gateway.authorized("5000").await;
        let (capture, second, cancel) = tokio::join!(
            gateway.capture(&id, &[]),
            gateway.capture(&id, &[]),
            gateway.cancel(&id, &[])
        );
        let won = [&capture, &second, &cancel]
            .iter()
            .filter(|reply| reply.status == StatusCode::OK)
            .count();
        assert_eq!(won, 1);
    }
}
