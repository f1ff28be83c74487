//! Events are created whole, or refused and leave nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::audit;
use crate::harness::{TestOrigin, in_days, small_event};

#[tokio::test]
async fn a_created_event_is_a_draft_with_everything_that_was_said() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    let answer = origin.admin(Method::POST, "/events", Some(&event)).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let id = event["event_id"].as_str().unwrap();
    let shown = origin.admin(Method::GET, &format!("/events/{id}"), None).await.ok();
    assert_eq!(shown, answer.json());
    assert_eq!(shown["state"], "draft");
    assert_eq!(shown["limits"]["lock_ms"], 2000);
    assert_eq!(shown["limits"]["shards"], 64);
    assert_eq!(shown["limits"]["most_per_second"], 100);
    let seats: Vec<String> = sqlx::query_scalar("select seat_id from seats order by section_code, ordinal")
        .fetch_all(&origin.app.database)
        .await
        .unwrap();
    assert_eq!(
        (seats.len(), seats[0].as_str(), seats[5].as_str(), seats[19].as_str()),
        (20, "A-1-1", "A-2-1", "B-1-10")
    );
}

#[tokio::test]
async fn an_event_id_is_taken_once_and_a_refused_event_leaves_nothing() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    origin.admin(Method::POST, "/events", Some(&event)).await.ok();
    let again = origin.admin(Method::POST, "/events", Some(&event)).await;
    assert_eq!(
        (again.status, again.word().as_str()),
        (StatusCode::CONFLICT, "event_exists")
    );
    let mut wrong = small_event();
    wrong["limits"]["most_shoppers"] = json!(0);
    let refused = origin.admin(Method::POST, "/events", Some(&wrong)).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
    );
    let venues: i64 = sqlx::query_scalar("select count(*) from venues")
        .fetch_one(&origin.app.database)
        .await
        .unwrap();
    assert_eq!(venues, 1);
    assert_eq!(audit(&origin).await.len(), 1);
}

#[tokio::test]
async fn an_event_whose_queue_would_end_before_it_starts_is_refused_with_what_would_do() {
    let origin = TestOrigin::new().await;
    let mut event = small_event();
    event["starts_at"] = json!(in_days(300));
    let refused = origin.admin(Method::POST, "/events", Some(&event)).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
    );
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    let least = message
        .split("make them at least ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let least: u64 = least.parse().unwrap();
    for (window, status) in [
        (least - 1, StatusCode::UNPROCESSABLE_ENTITY),
        (least, StatusCode::CREATED),
    ] {
        event["limits"]["draw_window_ms"] = json!(window);
        let answer = origin.admin(Method::POST, "/events", Some(&event)).await;
        assert_eq!(answer.status, status, "{window}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_largest_event_is_created_and_launched() {
    let origin = TestOrigin::new().await;
    let mut event = small_event();
    let rows: Value = (0..10)
        .map(|row| json!({"label": row.to_string(), "seats": 50}))
        .collect();
    event["sections"] = (0..200)
        .map(|n| json!({"code": format!("S{n}"), "name": "S", "price": "10", "fee": "1", "rows": rows}))
        .collect();
    let id = origin.launch(&event).await;
    assert_eq!(
        origin.get(&format!("/api/v1/events/{id}")).await.ok()["capacity"],
        100_000
    );
}

#[tokio::test]
async fn an_event_of_ours_takes_its_queues_policy_whole_and_no_release_of_its_own() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    origin.admin(Method::POST, "/events", Some(&event)).await.ok();
    let path = format!("/events/{}/queue", event["event_id"].as_str().unwrap());
    let policy = json!({ "limits": { "joins_per_account_a_minute": 7 } });
    origin.admin(Method::PUT, &path, Some(&policy)).await.ok();
    let with_release = json!({ "release": { "per_minute": 600, "at_once": 100 } });
    let refused = origin.admin(Method::PUT, &path, Some(&with_release)).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
    );
    let mut created_with = small_event();
    created_with["queue"] = with_release;
    let refused = origin.admin(Method::POST, "/events", Some(&created_with)).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
    );
    let shown = origin
        .admin(Method::GET, path.trim_end_matches("/queue"), None)
        .await
        .ok();
    assert_eq!(shown["queue"]["limits"]["joins_per_account_a_minute"], 7);
    assert!(shown["queue"]["release"].is_null(), "{shown}");
}

#[tokio::test]
async fn an_event_of_ours_takes_no_visitors_because_only_an_account_can_pay() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    origin.admin(Method::POST, "/events", Some(&event)).await.ok();
    let path = format!("/events/{}/queue", event["event_id"].as_str().unwrap());
    let anonymous = json!({"identity": {"anonymous": true}});
    let mut created_with = small_event();
    created_with["event_id"] = json!("visitors-welcome");
    created_with["queue"] = anonymous.clone();
    for answer in [
        origin.admin(Method::PUT, &path, Some(&anonymous)).await,
        origin.admin(Method::POST, "/events", Some(&created_with)).await,
    ] {
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
        );
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("queue.identity.anonymous") && message.contains("only an account can pay"),
            "{message}"
        );
    }
}
