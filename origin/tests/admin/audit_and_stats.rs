//! The audit log and the statistics of an event.

use reqwest::Method;
use serde_json::{Value, json};

use super::audit;
use crate::harness::{ADMIN_TOKEN, TestOrigin, send, small_event};

#[tokio::test]
async fn every_change_is_in_the_audit_log_with_before_and_after() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let limits = json!({"most_shoppers": 7});
    let request = origin
        .request(Method::PUT, &format!("/api/v1/admin/events/{id}/limits"))
        .bearer_auth(ADMIN_TOKEN);
    send(request.header("stanchion-admin", "mona").json(&limits)).await.ok();
    origin
        .admin(Method::POST, &format!("/events/{id}/pause"), None)
        .await
        .ok();
    let entries = audit(&origin).await;
    let whats: Vec<_> = entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["event.pause", "event.limits", "event.launch", "event.create"]);
    assert!(entries.iter().all(|entry| entry["event_id"] == id.as_str()));
    assert_eq!(entries[1]["who"], "mona");
    assert_eq!(
        entries[1]["before"],
        json!({"most_per_second": 100, "most_shoppers": 400})
    );
    assert_eq!(entries[1]["after"], json!({"most_per_second": 100, "most_shoppers": 7}));
    assert_eq!(entries[0]["who"], "admin");
    assert_eq!(
        (entries[0]["before"].clone(), entries[0]["after"].clone()),
        (json!({"paused": false}), json!({"paused": true}))
    );
    assert_eq!(entries[3]["before"], Value::Null);
    let newest = origin.admin(Method::GET, "/audit?limit=1", None).await.ok();
    assert_eq!(newest["entries"].as_array().unwrap().len(), 1);
    for limit in [0, 501] {
        assert_eq!(
            origin
                .admin(Method::GET, &format!("/audit?limit={limit}"), None)
                .await
                .word(),
            "invalid_field"
        );
    }
}

#[tokio::test]
async fn stats_show_what_can_be_had() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let stats = origin
        .admin(Method::GET, &format!("/events/{id}/stats"), None)
        .await
        .ok();
    assert_eq!(
        stats["seats"],
        json!({"capacity": 20, "available": 20, "locked": 0, "sold": 0})
    );
    assert_eq!(
        (stats["shopping"].clone(), stats["orders"].clone()),
        (json!(0), json!({}))
    );
    assert_eq!(stats["edge"]["event_id"], id.as_str());
    origin.edge.set_down(true);
    let stats = origin
        .admin(Method::GET, &format!("/events/{id}/stats"), None)
        .await
        .ok();
    assert_eq!(
        (stats["edge"].clone(), stats["seats"]["capacity"].clone()),
        (Value::Null, json!(20))
    );
}
