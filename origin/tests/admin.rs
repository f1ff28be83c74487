//! What admins do to an event, and what the edge and the audit log hear of it.

mod stage;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stage::{ADMIN_TOKEN, Stage, event_id, send, small_event};

async fn audit(stage: &Stage) -> Vec<Value> {
    stage.admin(Method::GET, "/audit", None).await.ok()["entries"]
        .as_array()
        .unwrap()
        .clone()
}

#[tokio::test]
async fn a_created_event_is_a_draft_with_everything_that_was_said() {
    let stage = Stage::new().await;
    let event = small_event();
    let answer = stage.admin(Method::POST, "/events", Some(&event)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let id = event["event_id"].as_str().unwrap();
    let shown = stage.admin(Method::GET, &format!("/events/{id}"), None).await.ok();
    assert_eq!(shown, answer.json());
    assert_eq!(shown["state"], "draft");
    assert_eq!(shown["limits"]["lock_ms"], 2000);
    assert_eq!(shown["limits"]["shards"], 64);
    assert_eq!(shown["limits"]["most_per_second"], 100);
    let seats: Vec<String> = sqlx::query_scalar("select seat_id from seats order by section_code, ordinal")
        .fetch_all(&stage.app.database)
        .await
        .unwrap();
    assert_eq!(
        (seats.len(), seats[0].as_str(), seats[5].as_str(), seats[19].as_str()),
        (20, "A-1-1", "A-2-1", "B-1-10")
    );
}

#[tokio::test]
async fn an_event_id_is_taken_once_and_a_refused_event_leaves_nothing() {
    let stage = Stage::new().await;
    let event = small_event();
    stage.admin(Method::POST, "/events", Some(&event)).await.ok();
    let again = stage.admin(Method::POST, "/events", Some(&event)).await;
    assert_eq!(
        (again.status, again.word().as_str()),
        (StatusCode::CONFLICT, "event_exists")
    );
    let mut wrong = small_event();
    wrong["limits"]["most_shoppers"] = json!(0);
    let refused = stage.admin(Method::POST, "/events", Some(&wrong)).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
    );
    let venues: i64 = sqlx::query_scalar("select count(*) from venues")
        .fetch_one(&stage.app.database)
        .await
        .unwrap();
    assert_eq!(venues, 1);
    assert_eq!(audit(&stage).await.len(), 1);
}

#[tokio::test]
async fn the_largest_event_is_created_and_launched() {
    let stage = Stage::new().await;
    let mut event = small_event();
    let rows: Value = (0..10)
        .map(|row| json!({"label": row.to_string(), "seats": 50}))
        .collect();
    event["sections"] = (0..200)
        .map(|n| json!({"code": format!("S{n}"), "name": "S", "price": "10", "fee": "1", "rows": rows}))
        .collect();
    let id = stage.launch(&event).await;
    assert_eq!(
        stage.get(&format!("/api/v1/events/{id}")).await.ok()["capacity"],
        100_000
    );
}

#[tokio::test]
async fn a_launch_tells_the_edge_and_can_be_repeated() {
    let stage = Stage::new().await;
    let event = small_event();
    let id = stage.launch(&event).await;
    let told = stage.edge.told(&id).expect("the edge was told");
    assert_eq!(told.event.name, event["name"].as_str().unwrap());
    assert_eq!(told.event.on_sale_time.to_string(), "2026-01-01T10:00:00.000Z");
    assert_eq!(told.event.turn_ms, 600_000);
    let again = stage
        .admin(Method::POST, &format!("/events/{id}/launch"), None)
        .await
        .ok();
    assert!(again["edge_version"].as_u64().unwrap() > told.version);
    let shown = stage.admin(Method::GET, &format!("/events/{id}"), None).await.ok();
    assert_eq!(shown["state"], "launched");
    assert!(shown["launched_at"].is_string());
}

#[tokio::test]
async fn without_the_edge_nothing_is_launched_and_later_it_is() {
    let stage = Stage::new().await;
    let event = small_event();
    let id = event["event_id"].as_str().unwrap();
    stage.admin(Method::POST, "/events", Some(&event)).await.ok();
    stage.edge.set_down(true);
    let failed = stage.admin(Method::POST, &format!("/events/{id}/launch"), None).await;
    assert_eq!(
        (failed.status, failed.word().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "edge_unreachable")
    );
    assert_eq!(
        stage.get(&format!("/api/v1/events/{id}")).await.status,
        StatusCode::NOT_FOUND
    );
    stage.edge.set_down(false);
    stage
        .admin(Method::POST, &format!("/events/{id}/launch"), None)
        .await
        .ok();
    assert_eq!(stage.get(&format!("/api/v1/events/{id}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_the_edge_refuses_is_passed_on() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    sqlx::query("update on_sales set shards = 2")
        .execute(&stage.app.database)
        .await
        .unwrap();
    let refused = stage.admin(Method::POST, &format!("/events/{id}/launch"), None).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::CONFLICT, "edge_refused")
    );
    assert_eq!(refused.json()["edge_error"], "fixed");
}

#[tokio::test]
async fn a_pause_reaches_the_edge_at_once_and_no_release_undoes_it() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    stage::eventually("the meter releases", async || {
        stage.edge.release(&id).is_some_and(|put| !put.paused)
    })
    .await;
    let paused = stage
        .admin(Method::POST, &format!("/events/{id}/pause"), None)
        .await
        .ok();
    assert!(paused["effective_at"].is_string());
    let at_pause = stage.edge.told(&id).unwrap();
    assert!(at_pause.releases.last().unwrap().paused);
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let later = stage.edge.told(&id).unwrap();
    assert!(
        later.releases.len() > at_pause.releases.len(),
        "the meter goes on renewing the lease"
    );
    let after = &later.releases[at_pause.releases.len()..];
    assert!(
        after.iter().all(|put| put.paused && put.rate_per_second.milli() == 0),
        "{after:?}"
    );
    stage
        .admin(Method::POST, &format!("/events/{id}/resume"), None)
        .await
        .ok();
    let goes_on = async || {
        stage
            .edge
            .release(&id)
            .is_some_and(|put| !put.paused && put.rate_per_second.milli() > 0)
    };
    stage::eventually("the meter goes on", goes_on).await;
}

#[tokio::test]
async fn a_pause_holds_even_if_the_edge_could_not_be_told() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    stage.edge.set_down(true);
    let paused = stage
        .admin(Method::POST, &format!("/events/{id}/pause"), None)
        .await
        .ok();
    assert_eq!(
        (paused["paused"].clone(), paused["effective_at"].clone()),
        (json!(true), Value::Null)
    );
    stage.edge.set_down(false);
    stage::eventually("the meter tells it", async || {
        stage.edge.release(&id).is_some_and(|put| put.paused)
    })
    .await;
}

#[tokio::test]
async fn limits_have_limits_and_keep_what_is_not_said() {
    let stage = Stage::new().await;
    let event = small_event();
    stage.admin(Method::POST, "/events", Some(&event)).await.ok();
    let path = format!("/events/{}/limits", event["event_id"].as_str().unwrap());
    let set = async |body: Value| stage.admin(Method::PUT, &path, Some(&body)).await;
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
    let stage = Stage::new().await;
    let event = small_event();
    stage.admin(Method::POST, "/events", Some(&event)).await.ok();
    let id = event["event_id"].as_str().unwrap();
    let none = event_id();
    for what in ["pause", "resume"] {
        let answer = stage.admin(Method::POST, &format!("/events/{id}/{what}"), None).await;
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
        let answer = stage.admin(method, &format!("/events/{none}{what}"), None).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::NOT_FOUND, "event_not_found"),
            "{what}"
        );
    }
    let limits = json!({"most_shoppers": 1});
    let answer = stage
        .admin(Method::PUT, &format!("/events/{none}/limits"), Some(&limits))
        .await;
    assert_eq!(answer.word(), "event_not_found");
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_with_before_and_after() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    let limits = json!({"most_shoppers": 7});
    let request = stage
        .request(Method::PUT, &format!("/api/v1/admin/events/{id}/limits"))
        .bearer_auth(ADMIN_TOKEN);
    send(request.header("stanchion-admin", "mona").json(&limits)).await.ok();
    stage
        .admin(Method::POST, &format!("/events/{id}/pause"), None)
        .await
        .ok();
    let entries = audit(&stage).await;
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
    let newest = stage.admin(Method::GET, "/audit?limit=1", None).await.ok();
    assert_eq!(newest["entries"].as_array().unwrap().len(), 1);
    for limit in [0, 501] {
        assert_eq!(
            stage
                .admin(Method::GET, &format!("/audit?limit={limit}"), None)
                .await
                .word(),
            "invalid_field"
        );
    }
}

#[tokio::test]
async fn stats_show_what_can_be_had() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    let stats = stage
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
    stage.edge.set_down(true);
    let stats = stage
        .admin(Method::GET, &format!("/events/{id}/stats"), None)
        .await
        .ok();
    assert_eq!(
        (stats["edge"].clone(), stats["seats"]["capacity"].clone()),
        (Value::Null, json!(20))
    );
}
