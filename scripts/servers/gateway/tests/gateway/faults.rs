//! Faults on request.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::json;

use crate::running::{Running, visa, with};

const PATH: &str = "/v1/payment_intents";

#[tokio::test]
async fn fail_does_nothing_and_leaves_the_key_free() {
    let gateway = Running::start().await;
    gateway
        .put_faults(json!({"rules": [{"operation": "authorize", "fault": "fail", "times": 2}]}))
        .await;
    for _ in 0..2 {
        let reply = gateway.post(PATH, &visa("1000"), Some("k")).await;
        assert_eq!(reply.error(), (500, "api_error", None));
    }
    assert_eq!(gateway.intents_made().await, 0);
    let reply = gateway.post(PATH, &visa("1000"), Some("k")).await;
    assert_eq!((reply.status, reply.replayed()), (StatusCode::OK, false));
}

#[tokio::test]
async fn fail_kept_does_nothing_and_the_key_keeps_the_failure() {
    let gateway = Running::start().await;
    gateway
        .put_faults(json!({"rules": [{"operation": "authorize", "fault": "fail_kept", "times": 1}]}))
        .await;
    assert_eq!(
        gateway.post(PATH, &visa("1000"), Some("k")).await.error(),
        (500, "api_error", None)
    );
    let again = gateway.post(PATH, &visa("1000"), Some("k")).await;
    assert_eq!((again.error(), again.replayed()), ((500, "api_error", None), true));
    assert_eq!(gateway.intents_made().await, 0);
    assert_eq!(
        gateway.post(PATH, &visa("1000"), Some("other")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_lost_answer_was_work_done_and_the_key_finds_it_again() {
    let gateway = Running::start().await;
    gateway
        .put_faults(json!({"rules": [{"operation": "authorize", "fault": "lose_answer", "times": 2}]}))
        .await;
    for _ in 0..2 {
        let lost = Running::try_send(gateway.posting(PATH, &visa("1000"), Some("k"))).await;
        assert!(lost.is_err_and(|error| error.is_request() && !error.is_timeout()));
        assert_eq!(gateway.intents_made().await, 1);
    }
    let found = gateway.post(PATH, &visa("1000"), Some("k")).await;
    assert_eq!((found.status, found.replayed()), (StatusCode::OK, true));
    assert_eq!(gateway.retrieve(&found.id()).await.text("status"), "requires_capture");
}

#[tokio::test]
async fn every_operation_can_fail_or_lose_its_answer_alone() {
    let gateway = Running::start().await;
    for operation in ["capture", "cancel", "refund", "read"] {
        let id = if operation == "refund" {
            gateway.captured("1000").await
        } else {
            gateway.authorized("1000").await
        };
        let try_it = async || match operation {
            "refund" => Running::try_send(gateway.posting("/v1/refunds", &[("payment_intent", &id)], Some(&id))).await,
            "read" => {
                let read = gateway.request(reqwest::Method::GET, &format!("{PATH}/{id}"));
                Running::try_send(read.bearer_auth(crate::running::KEY)).await
            }
            _ => Running::try_send(gateway.posting(&format!("{PATH}/{id}/{operation}"), &[], Some(&id))).await,
        };
        gateway
            .put_faults(json!({"rules": [
                {"operation": operation, "fault": "fail", "times": 1},
                {"operation": operation, "fault": "lose_answer", "times": 1},
            ]}))
            .await;
        assert_eq!(
            gateway.authorize(&visa("1000")).await.status,
            StatusCode::OK,
            "others are spared"
        );
        assert_eq!(try_it().await.unwrap().error().0, 500, "{operation}");
        assert!(try_it().await.is_err(), "{operation}");
        let last = try_it().await.unwrap();
        assert_eq!(
            (last.status, last.replayed()),
            (StatusCode::OK, operation != "read"),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn a_rule_without_an_operation_meets_all_and_without_times_for_ever() {
    let gateway = Running::start().await;
    let id = gateway.authorized("1000").await;
    gateway.put_faults(json!({"rules": [{"fault": "fail"}]})).await;
    for _ in 0..5 {
        assert_eq!(gateway.authorize(&visa("1000")).await.error().0, 500);
        assert_eq!(gateway.capture(&id, &[]).await.error().0, 500);
        assert_eq!(gateway.retrieve(&id).await.error().0, 500);
    }
    assert_eq!(gateway.faults().await["rules"][0]["applied"], 15);
}

#[tokio::test]
async fn invalid_requests_and_misused_keys_use_up_no_fault() {
    let gateway = Running::start().await;
    gateway.post(PATH, &visa("1000"), Some("k")).await;
    gateway
        .put_faults(json!({"rules": [{"operation": "authorize", "fault": "fail", "times": 1}]}))
        .await;
    assert_eq!(gateway.authorize(&visa("49")).await.error().0, 400);
    assert_eq!(gateway.post(PATH, &visa("1001"), Some("k")).await.error().0, 400);
    assert_eq!(gateway.faults().await["rules"][0]["times"], 1);
    assert_eq!(
        gateway.post(PATH, &visa("1000"), Some("k")).await.error().0,
        500,
        "a replay can fail"
    );
    assert!(gateway.post(PATH, &visa("1000"), Some("k")).await.replayed());
}

#[tokio::test]
async fn delay_makes_every_request_wait() {
    let gateway = Running::start().await;
    gateway.put_faults(json!({"delay_ms": 120})).await;
    let start = Instant::now();
    let id = gateway.authorized("1000").await;
    gateway.retrieve(&id).await;
    assert!(start.elapsed() >= Duration::from_millis(240));
}

#[tokio::test]
async fn a_probability_with_a_seed_decides_the_same_way_again() {
    async fn outcomes(gateway: &Running, seed: u64, probability: f64) -> Vec<u16> {
        let rule = json!({"operation": "authorize", "fault": "fail", "probability": probability});
        gateway.put_faults(json!({"seed": seed, "rules": [rule]})).await;
        let mut outcomes = Vec::new();
        for _ in 0..100 {
            outcomes.push(gateway.authorize(&visa("1000")).await.status.as_u16());
        }
        outcomes
    }
    let gateway = Running::start().await;
    let first = outcomes(&gateway, 7, 0.3).await;
    let failed = first.iter().filter(|status| **status == 500).count();
    assert!((15..45).contains(&failed), "{failed} of 100 at 0.3");
    assert_eq!(outcomes(&gateway, 7, 0.3).await, first);
    assert_ne!(outcomes(&gateway, 8, 0.3).await, first);
    assert!(outcomes(&gateway, 7, 0.0).await.iter().all(|status| *status == 200));
    assert!(outcomes(&gateway, 7, 1.0).await.iter().all(|status| *status == 500));
}

#[tokio::test]
async fn a_search_can_lag_behind_while_list_and_retrieve_do_not() {
    let gateway = Running::start().await;
    let id = gateway
        .authorize(&with(visa("1000"), "metadata[order_id]", "7"))
        .await
        .id();
    let query = "/v1/payment_intents/search?query=metadata%5B%27order_id%27%5D%3A%277%27";
    gateway.put_faults(json!({"search_lag_ms": 60_000})).await;
    assert_eq!(gateway.get(query).await.body["data"], json!([]));
    assert_eq!(gateway.get(PATH).await.body["data"][0]["id"], id.as_str());
    gateway.put_faults(json!({})).await;
    assert_eq!(gateway.get(query).await.body["data"][0]["id"], id.as_str());
}
