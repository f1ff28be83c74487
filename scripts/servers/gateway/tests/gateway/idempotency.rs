//! Idempotency keys, as Stripe documents them.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use crate::running::{Running, paying_with, visa, with};

const PATH: &str = "/v1/payment_intents";

#[tokio::test]
async fn the_same_request_under_the_same_key_is_answered_from_memory() {
    let gateway = Running::start().await;
    let first = gateway.post(PATH, &visa("1000"), Some("k")).await;
    assert!(!first.replayed());
    let mut other_order = visa("1000");
    other_order.reverse();
    let second = gateway.post(PATH, &other_order, Some("k")).await;
    assert!(second.replayed());
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(second.body, first.body);
    assert_eq!(second.headers["original-request"], first.headers["request-id"]);
    assert_eq!(second.headers["idempotency-key"], "k");
    assert_eq!(gateway.intents_made().await, 1);
}

#[tokio::test]
async fn a_replay_is_the_answer_of_then_not_of_now() {
    let gateway = Running::start().await;
    let first = gateway.post(PATH, &visa("1000"), Some("k")).await;
    gateway.capture(&first.id(), &[]).await;
    let second = gateway.post(PATH, &visa("1000"), Some("k")).await;
    assert_eq!(second.text("status"), "requires_capture");
    assert_eq!(gateway.retrieve(&first.id()).await.text("status"), "succeeded");
}

#[tokio::test]
async fn without_a_key_or_under_another_one_the_request_runs_again() {
    let gateway = Running::start().await;
    for key in [None, None, Some("a"), Some("b"), Some("A")] {
        assert!(!gateway.post(PATH, &visa("1000"), key).await.replayed());
    }
    assert_eq!(gateway.intents_made().await, 5);
}

#[tokio::test]
async fn a_decline_is_kept_and_replayed() {
    let gateway = Running::start().await;
    let params = paying_with("pm_card_chargeDeclined", "1000");
    let first = gateway.post(PATH, &params, Some("k")).await;
    let second = gateway.post(PATH, &params, Some("k")).await;
    assert_eq!(second.error(), (402, "card_error", Some("card_declined")));
    assert!(second.replayed());
    assert_eq!(second.body, first.body);
    assert_eq!(gateway.intents_made().await, 1);
}

#[tokio::test]
async fn captures_cancels_and_refunds_are_replayed_too() {
    let gateway = Running::start().await;
    let id = gateway.authorized("1000").await;
    let other = gateway.authorized("1000").await;
    let whole = [("payment_intent", id.as_str()), ("amount", "400")];
    for (path, params, key) in [
        (format!("{PATH}/{id}/capture"), vec![], "capture"),
        (format!("{PATH}/{other}/cancel"), vec![], "cancel"),
        ("/v1/refunds".to_owned(), whole.to_vec(), "refund"),
    ] {
        let first = gateway.post(&path, &params, Some(key)).await;
        let second = gateway.post(&path, &params, Some(key)).await;
        assert_eq!(
            (first.status, second.status, second.replayed()),
            (StatusCode::OK, StatusCode::OK, true),
            "{path}"
        );
        assert_eq!(first.body, second.body);
    }
    assert_eq!(gateway.ledger().await["intents"][0]["refunded"], 400);
}

#[tokio::test]
async fn a_refused_state_is_kept_because_the_request_ran() {
    let gateway = Running::start().await;
    let id = gateway.captured("1000").await;
    let path = format!("{PATH}/{id}/cancel");
    assert!(!gateway.post(&path, &[], Some("k")).await.replayed());
    let again = gateway.post(&path, &[], Some("k")).await;
    assert!(again.replayed());
    assert_eq!(again.error().2, Some("payment_intent_unexpected_state"));
}

#[tokio::test]
async fn the_same_key_with_other_parameters_is_refused() {
    let gateway = Running::start().await;
    gateway.post(PATH, &visa("1000"), Some("k")).await;
    for params in [visa("1001"), with(visa("1000"), "metadata[a]", "b"), visa("x")] {
        let reply = gateway.post(PATH, &params, Some("k")).await;
        assert_eq!(reply.error(), (400, "idempotency_error", None));
        assert!(!reply.replayed());
    }
    assert_eq!(gateway.intents_made().await, 1);
    assert!(
        gateway.post(PATH, &visa("1000"), Some("k")).await.replayed(),
        "the first use still stands"
    );
}

#[tokio::test]
async fn the_same_key_at_another_endpoint_is_refused() {
    let gateway = Running::start().await;
    let id = gateway.post(PATH, &visa("1000"), Some("k")).await.id();
    let reply = gateway.post(&format!("{PATH}/{id}/capture"), &[], Some("k")).await;
    assert_eq!(reply.error(), (400, "idempotency_error", None));
    assert_eq!(gateway.retrieve(&id).await.text("status"), "requires_capture");
}

#[tokio::test]
async fn an_invalid_request_leaves_its_key_free() {
    let gateway = Running::start().await;
    assert_eq!(
        gateway.post(PATH, &visa("49"), Some("k")).await.error().2,
        Some("amount_too_small")
    );
    let corrected = gateway.post(PATH, &visa("50"), Some("k")).await;
    assert_eq!((corrected.status, corrected.replayed()), (StatusCode::OK, false));
}

#[tokio::test]
async fn while_a_request_runs_its_key_is_in_use() {
    let gateway = Running::start().await;
    gateway.put_faults(json!({"delay_ms": 400})).await;
    let first = tokio::spawn(gateway.posting(PATH, &visa("1000"), Some("k")).send());
    tokio::time::sleep(Duration::from_millis(150)).await;
    let second = gateway.post(PATH, &visa("1000"), Some("k")).await;
    assert_eq!(
        second.error(),
        (409, "idempotency_error", Some("idempotency_key_in_use"))
    );
    assert_eq!(first.await.unwrap().unwrap().status(), StatusCode::OK);
    assert!(gateway.post(PATH, &visa("1000"), Some("k")).await.replayed());
    assert_eq!(gateway.intents_made().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_requests_at_once_under_one_key_one_runs() {
    let gateway = Running::start().await;
    let running: Vec<_> = (0..64)
        .map(|_| tokio::spawn(Running::send(gateway.posting(PATH, &visa("1000"), Some("k")))))
        .collect();
    let mut replies = Vec::new();
    for reply in running {
        replies.push(reply.await.expect("no panic"));
    }
    let ran = replies
        .iter()
        .filter(|reply| reply.status == StatusCode::OK && !reply.replayed())
        .count();
    let busy = replies
        .iter()
        .filter(|reply| reply.status == StatusCode::CONFLICT)
        .count();
    let replayed = replies.iter().filter(|reply| reply.replayed()).count();
    assert_eq!((ran, busy + replayed), (1, 63));
    assert_eq!(gateway.intents_made().await, 1);
}

#[tokio::test]
async fn a_caller_who_hangs_up_does_not_stop_the_request() {
    let gateway = Running::start().await;
    gateway.put_faults(json!({"delay_ms": 200})).await;
    let impatient = gateway
        .posting(PATH, &visa("1000"), Some("k"))
        .timeout(Duration::from_millis(50));
    assert!(Running::try_send(impatient).await.unwrap_err().is_timeout());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(gateway.intents_made().await, 1);
    assert!(gateway.post(PATH, &visa("1000"), Some("k")).await.replayed());
}

#[tokio::test]
async fn a_key_has_1_to_255_letters() {
    let gateway = Running::start().await;
    for (length, status) in [(1, 200), (255, 200), (256, 400), (0, 400)] {
        let key = "k".repeat(length);
        assert_eq!(
            gateway.post(PATH, &visa("1000"), Some(&key)).await.status.as_u16(),
            status,
            "{length}"
        );
    }
}

#[tokio::test]
async fn reads_pay_no_attention_to_keys() {
    let gateway = Running::start().await;
    let id = gateway.authorized("1000").await;
    for expected in ["requires_capture", "succeeded"] {
        let request = gateway
            .request(reqwest::Method::GET, &format!("{PATH}/{id}"))
            .bearer_auth(crate::running::KEY);
        let reply = Running::send(request.header("idempotency-key", "k")).await;
        assert_eq!((reply.text("status").as_str(), reply.replayed()), (expected, false));
        gateway.capture(&id, &[]).await;
    }
}
