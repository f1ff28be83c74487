//! Limits, pause and resume of an event that runs.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{self, TestOrigin, event_id, small_event};

#[tokio::test]
async fn a_pause_reaches_the_edge_at_once_and_no_release_undoes_it() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    harness::eventually("the meter releases", async || {
        origin.edge.release(&id).is_some_and(|put| !put.paused)
    })
    .await;
    let paused = origin
        .admin(Method::POST, &format!("/events/{id}/pause"), None)
        .await
        .ok();
    assert!(paused["effective_at"].is_string());
    let at_pause = origin.edge.told(&id).unwrap();
    assert!(at_pause.releases.last().unwrap().paused);
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let later = origin.edge.told(&id).unwrap();
    assert!(
        later.releases.len() > at_pause.releases.len(),
        "the meter goes on renewing the lease"
    );
    let after = &later.releases[at_pause.releases.len()..];
    assert!(
        after.iter().all(|put| put.paused && put.rate_per_second.milli() == 0),
        "{after:?}"
    );
    origin
        .admin(Method::POST, &format!("/events/{id}/resume"), None)
        .await
        .ok();
    let goes_on = async || {
        origin
            .edge
            .release(&id)
            .is_some_and(|put| !put.paused && put.rate_per_second.milli() > 0)
    };
    harness::eventually("the meter goes on", goes_on).await;
}

#[tokio::test]
async fn a_pause_holds_even_if_the_edge_could_not_be_told() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    origin.edge.set_down(true);
    let paused = origin
        .admin(Method::POST, &format!("/events/{id}/pause"), None)
        .await
        .ok();
    assert_eq!(
        (paused["paused"].clone(), paused["effective_at"].clone()),
        (json!(true), Value::Null)
    );
    origin.edge.set_down(false);
    harness::eventually("the meter tells it", async || {
        origin.edge.release(&id).is_some_and(|put| put.paused)
    })
    .await;
}

#[tokio::test]
async fn limits_have_limits_and_keep_what_is_not_said() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    origin.admin(Method::POST, "/events", Some(&event)).await.ok();
    let path = format!("/events/{}/limits", event["event_id"].as_str().unwrap());
    let set = async |body: Value| origin.admin(Method::PUT, &path, Some(&body)).await;
    let answer = set(json!({"most_per_second": 2.5})).await.ok();
    assert_eq!(
        (answer["most_per_second"].clone(), answer["most_shoppers"].clone()),
        (json!(2.5), json!(400))
    );
    let answer = set(json!({"most_shoppers": 7})).await.ok();
    assert_eq!(
        (answer["most_per_second"].clone(), answer["most_shoppers"].clone()),
        (json!(2.5), json!(7))
    );
    for (body, word) in [
        (json!({}), "invalid_field"),
        (json!({"most_shoppers": 0}), "invalid_field"),
        (json!({"most_shoppers": 1_000_001}), "invalid_field"),
        (json!({"most_per_second": -1}), "malformed_body"),
        (json!({"most_per_second": 1_000_001}), "malformed_body"),
        (json!({"per_person": 2}), "malformed_body"),
    ] {
        assert_eq!(set(body.clone()).await.word(), word, "{body}");
    }
}

#[tokio::test]
async fn a_draft_cannot_be_paused_and_no_event_cannot_be_anything() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    origin.admin(Method::POST, "/events", Some(&event)).await.ok();
    let id = event["event_id"].as_str().unwrap();
    let none = event_id();
    for what in ["pause", "resume"] {
        let answer = origin.admin(Method::POST, &format!("/events/{id}/{what}"), None).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::CONFLICT, "event_not_launched")
        );
    }
    for (method, what) in [
        (Method::POST, "/pause"),
        (Method::POST, "/launch"),
        (Method::GET, "/stats"),
        (Method::GET, ""),
    ] {
        let answer = origin.admin(method, &format!("/events/{none}{what}"), None).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::NOT_FOUND, "event_not_found"),
            "{what}"
        );
    }
    let limits = json!({"most_shoppers": 1});
    let answer = origin
        .admin(Method::PUT, &format!("/events/{none}/limits"), Some(&limits))
        .await;
    assert_eq!(answer.word(), "event_not_found");
}
