//! The control surface.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::running::{Running, paying_with, visa, with};

#[tokio::test]
async fn faults_can_be_put_seen_and_deleted() {
    let gateway = Running::start().await;
    let none = json!({"delay_ms": 0, "search_lag_ms": 0, "seed": 0, "rules": []});
    assert_eq!(gateway.faults().await, none);
    let asked = json!({"delay_ms": 5, "rules": [{"operation": "capture", "fault": "fail", "times": 3}]});
    let put = gateway.put_faults(asked).await;
    assert_eq!(put.status, StatusCode::OK);
    let rule = json!({"operation": "capture", "fault": "fail", "times": 3, "probability": 1.0, "applied": 0});
    assert_eq!(
        put.body,
        json!({"delay_ms": 5, "search_lag_ms": 0, "seed": 0, "rules": [rule]})
    );
    assert_eq!(gateway.faults().await, put.body);

    let id = gateway.authorized("1000").await;
    gateway.capture(&id, &[]).await;
    let now = gateway.faults().await;
    assert_eq!(
        (&now["rules"][0]["times"], &now["rules"][0]["applied"]),
        (&json!(2), &json!(1))
    );

    let deleted = Running::send(gateway.request(Method::DELETE, "/_control/faults")).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(gateway.faults().await, none);
    assert_eq!(gateway.capture(&id, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn faults_that_make_no_sense_are_refused_and_change_nothing() {
    let gateway = Running::start().await;
    let before = gateway.put_faults(json!({"delay_ms": 1})).await.body;
    for asked in [
        json!({"delay_ms": -1}),
        json!({"delay_ms": 60_001}),
        json!({"dely_ms": 1}),
        json!({"rules": [{"fault": "explode"}]}),
        json!({"rules": [{"operation": "pay", "fault": "fail"}]}),
        json!({"rules": [{"operation": "capture"}]}),
        json!({"rules": [{"fault": "fail", "probability": 1.01}]}),
        json!({"rules": [{"fault": "fail", "probability": -0.01}]}),
        json!({"rules": [{"fault": "fail", "tims": 1}]}),
    ] {
        let reply = gateway.put_faults(asked.clone()).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{asked}");
        assert_eq!(reply.text("error"), "invalid_faults");
        assert!(!reply.text("message").is_empty());
    }
    let not_json = gateway.request(Method::PUT, "/_control/faults").body("{}");
    assert_eq!(Running::send(not_json).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(gateway.faults().await, before);
}

#[tokio::test]
async fn the_ledger_counts_all_money_out() {
    let gateway = Running::start().await;
    assert_eq!(
        gateway.ledger().await,
        json!({"intents": [], "refunds": [], "idempotency_keys": 0})
    );

    let held = gateway
        .post(
            "/v1/payment_intents",
            &with(visa("1000"), "metadata[order_id]", "a"),
            Some("k"),
        )
        .await
        .id();
    let captured = gateway.authorized("2000").await;
    gateway.capture(&captured, &[("amount_to_capture", "1500")]).await;
    let refund = gateway
        .refund(&[("payment_intent", &captured), ("amount", "500")])
        .await
        .id();
    let canceled = gateway.authorized("3000").await;
    gateway.cancel(&canceled, &[]).await;
    gateway
        .authorize(&paying_with("pm_card_chargeDeclinedExpiredCard", "4000"))
        .await;
    gateway
        .authorize(&paying_with("pm_card_authenticationRequired", "5000"))
        .await;

    let ledger = gateway.ledger().await;
    assert_eq!(ledger["idempotency_keys"], 1);
    let of = |place: usize| {
        let entry = &ledger["intents"][place];
        json!([
            entry["status"],
            entry["amount"],
            entry["held"],
            entry["captured"],
            entry["refunded"],
            entry["declined"]
        ])
    };
    assert_eq!(of(0), json!(["requires_capture", 1000, 1000, 0, 0, null]));
    assert_eq!(of(1), json!(["succeeded", 2000, 0, 1500, 500, null]));
    assert_eq!(of(2), json!(["canceled", 3000, 0, 0, 0, null]));
    assert_eq!(of(3), json!(["requires_payment_method", 4000, 0, 0, 0, "expired_card"]));
    assert_eq!(of(4), json!(["requires_action", 5000, 0, 0, 0, null]));
    let first = &ledger["intents"][0];
    assert_eq!(
        (&first["id"], &first["currency"], &first["payment_method"]),
        (&json!(held), &json!("eur"), &json!("pm_card_visa"))
    );
    assert_eq!(first["metadata"], json!({"order_id": "a"}));
    assert!(first["created_ms"].as_u64().is_some_and(|at| at > 1_700_000_000_000));
    let refunds = ledger["refunds"].as_array().unwrap();
    assert_eq!(refunds.len(), 1);
    assert_eq!(
        (&refunds[0]["id"], &refunds[0]["payment_intent"]),
        (&json!(refund), &json!(captured))
    );
    assert_eq!(refunds[0]["amount"], 500);
}
