//! A launch tells the edge, and can be repeated.

use reqwest::{Method, StatusCode};

use crate::harness::{TestOrigin, small_event};

#[tokio::test]
async fn a_launch_tells_the_edge_and_can_be_repeated() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    let id = origin.launch(&event).await;
    let told = origin.edge.told(&id).expect("the edge was told");
    assert_eq!(told.event.name, event["name"].as_str().unwrap());
    assert_eq!(told.event.on_sale_time.to_string(), event["on_sale_time"]);
    assert_eq!(told.event.turn_ms, 600_000);
    let again = origin
        .admin(Method::POST, &format!("/events/{id}/launch"), None)
        .await
        .ok();
    assert!(again["edge_version"].as_u64().unwrap() > told.version);
    let shown = origin.admin(Method::GET, &format!("/events/{id}"), None).await.ok();
    assert_eq!(shown["state"], "launched");
    assert!(shown["launched_at"].is_string());
}

#[tokio::test]
async fn without_the_edge_nothing_is_launched_and_later_it_is() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    let id = event["event_id"].as_str().unwrap();
    origin.admin(Method::POST, "/events", Some(&event)).await.ok();
    origin.edge.set_down(true);
    let failed = origin.admin(Method::POST, &format!("/events/{id}/launch"), None).await;
    assert_eq!(
        (failed.status, failed.word().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "edge_unreachable")
    );
    assert_eq!(
        origin.get(&format!("/api/v1/events/{id}")).await.status,
        StatusCode::NOT_FOUND
    );
    origin.edge.set_down(false);
    origin
        .admin(Method::POST, &format!("/events/{id}/launch"), None)
        .await
        .ok();
    assert_eq!(origin.get(&format!("/api/v1/events/{id}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_the_edge_refuses_is_passed_on() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    sqlx::query("update on_sales set shards = 2")
        .execute(&origin.app.database)
        .await
        .unwrap();
    let refused = origin.admin(Method::POST, &format!("/events/{id}/launch"), None).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::CONFLICT, "edge_refused")
    );
    assert_eq!(refused.json()["edge_error"], "fixed");
}
