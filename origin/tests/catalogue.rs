//! The public catalogue: events by words, by place, page by page, and one in detail.

use crate::harness::{TestOrigin, event_id, in_days, send, small_event};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A launched event with a name, a city and a position.
async fn launch(
    origin: &TestOrigin,
    name: &str,
    city: &str,
    latitude: f64,
    longitude: f64,
    starts_in_days: u64,
) -> String {
    let mut event = small_event();
    event["name"] = json!(name);
    event["starts_at"] = json!(in_days(starts_in_days));
    event["venue"] = json!({"name": "Arena", "city": city, "latitude": latitude, "longitude": longitude});
    origin.launch(&event).await
}

async fn found(origin: &TestOrigin, query: &str) -> Vec<String> {
    let page = origin.get(&format!("/api/v1/events?{query}")).await.ok();
    let ids = page["events"].as_array().unwrap().iter();
    ids.map(|event| event["event_id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_event_shows_its_venue_sections_and_exact_prices() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    let id = origin.launch(&event).await;
    let shown = origin.get(&format!("/api/v1/events/{id}")).await.ok();
    assert_eq!(shown["name"], event["name"]);
    assert_eq!(shown["venue"], event["venue"]);
    assert_eq!(shown["starts_at"], event["starts_at"]);
    assert_eq!(shown["state"], "on_sale");
    assert_eq!(
        (shown["capacity"].clone(), shown["per_person"].clone()),
        (json!(20), json!(8))
    );
    assert_eq!(
        shown["sections"],
        json!([
            {"code": "A", "name": "Stalls", "price": "49.50", "fee": "4.95", "capacity": 10},
            {"code": "B", "name": "Balcony", "price": "29.00", "fee": "2.90", "capacity": 10},
        ])
    );
}

#[tokio::test]
async fn a_draft_is_nobodys_business() {
    let origin = TestOrigin::new().await;
    let event = small_event();
    origin.admin(Method::POST, "/events", Some(&event)).await.ok();
    let id = event["event_id"].as_str().unwrap();
    assert_eq!(
        origin.get(&format!("/api/v1/events/{id}")).await.word(),
        "event_not_found"
    );
    assert_eq!(found(&origin, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn words_are_found_in_name_venue_and_city_whatever_their_case() {
    let origin = TestOrigin::new().await;
    let rock = launch(&origin, "Rock Night", "Berlin", 52.5, 13.4, 1).await;
    let opera = launch(&origin, "Opera", "München", 48.1, 11.6, 2).await;
    for (query, expected) in [
        ("q=rock", vec![&rock]),
        ("q=ROCK%20berlin", vec![&rock]),
        ("q=m%C3%BCnchen", vec![&opera]),
        ("q=arena", vec![&rock, &opera]),
        ("q=arena%20-opera", vec![&rock]),
        ("q=jazz", vec![]),
        ("q=%27%3B%20drop%20table%20events%20--", vec![]),
        ("q=%20", vec![&rock, &opera]),
    ] {
        assert_eq!(
            found(&origin, query).await.iter().collect::<Vec<_>>(),
            expected,
            "{query}"
        );
    }
}

#[tokio::test]
async fn events_near_a_place_are_found_with_their_distance_even_across_the_180th_meridian() {
    let origin = TestOrigin::new().await;
    let berlin = launch(&origin, "A", "Berlin", 52.52, 13.405, 1).await;
    let potsdam = launch(&origin, "B", "Potsdam", 52.39, 13.065, 2).await;
    let fiji = launch(&origin, "C", "Suva", -18.14, 178.44, 3).await;
    let near_berlin = "lat=52.52&lon=13.405";
    assert_eq!(
        found(&origin, &format!("{near_berlin}&radius_km=10")).await,
        [berlin.as_str()]
    );
    assert_eq!(
        found(&origin, &format!("{near_berlin}&radius_km=50")).await,
        [berlin, potsdam]
    );
    assert_eq!(found(&origin, "lat=-18&lon=-179.5&radius_km=300").await, [fiji]);
    let page = origin
        .get(&format!("/api/v1/events?{near_berlin}&radius_km=50"))
        .await
        .ok();
    let distance = page["events"][1]["distance_km"].as_f64().unwrap();
    assert!(
        (26.0..29.0).contains(&distance),
        "Berlin to Potsdam is 27 km, not {distance}"
    );
    let page = origin.get("/api/v1/events").await.ok();
    assert!(page["events"][0]["distance_km"].is_null(), "no place, no distance");
}

#[tokio::test]
async fn pages_hold_every_event_once_in_the_order_of_their_start() {
    let origin = TestOrigin::new().await;
    let mut expected = Vec::new();
    for day in 1..=5 {
        expected.push(launch(&origin, "E", "Berlin", 52.5, 13.4, day.min(4)).await);
    }
    // The last two start together: their ids decide.
    expected[3..].sort();
    let mut seen: Vec<String> = Vec::new();
    let mut after = String::new();
    for _ in 0..3 {
        let page: Value = origin.get(&format!("/api/v1/events?limit=2{after}")).await.ok();
        let ids = page["events"].as_array().unwrap().iter();
        seen.extend(ids.map(|event| event["event_id"].as_str().unwrap().to_owned()));
        after = page["next"]
            .as_str()
            .map(|next| format!("&after={next}"))
            .unwrap_or_default();
    }
    assert_eq!(seen, expected);
    assert_eq!(after, "", "the last page has no next");
}

#[tokio::test]
async fn an_answer_can_be_cached_and_revalidated() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    for path in [format!("/api/v1/events/{id}"), "/api/v1/events".to_owned()] {
        let first = origin.get(&path).await;
        assert_eq!(first.headers["cache-control"], "public, max-age=5");
        let etag = first.headers["etag"].to_str().unwrap().to_owned();
        let again = send(origin.request(Method::GET, &path).header("if-none-match", &etag)).await;
        assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
        assert_eq!(again.headers["etag"], etag.as_str());
    }
    let unknown = origin.get(&format!("/api/v1/events/{}", event_id())).await;
    assert_eq!(unknown.headers["cache-control"], "no-store");
}
