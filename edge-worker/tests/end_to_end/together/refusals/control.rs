//! The control API: its credentials, its limits, and the settings that cannot be changed any more.

use reqwest::Method;
use serde_json::Value;
use stanchion_harness::{Edge, Event, now, read, refusal, release};
use stanchion_shared::{
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    limits::Limits,
    policy::CHALLENGE_MAX_NUMBER,
    schedule::LEASE_MS,
    wire::PutEvent,
};

#[tokio::test]
async fn the_control_api_listens_to_the_origin_only_and_to_the_newest_version() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(3_600_000));
    let path = format!("/api/v1/control/events/{}", event.id);
    let body = serde_json::to_value(&event.put).unwrap();
    let unsigned = edge
        .http
        .put(format!("{}{path}", edge.url))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(unsigned).await, (401, "control_signature".to_owned()));
    let old = edge.control_at(now().minus(31_000), Method::PUT, &path, &body).await;
    assert_eq!(refusal(old).await, (401, "control_time".to_owned()));
    let early = edge.put_release(&event, &release(1, 1)).await;
    assert_eq!(refusal(early).await, (404, "event_unknown".to_owned()));

    edge.open(&event, 5).await;
    assert_eq!(
        refusal(edge.put_event(&event).await).await,
        (409, "version_stale".to_owned())
    );
    let stats: Value = read(edge.control(Method::GET, &format!("{path}/stats"), &Value::Null).await).await;
    assert_eq!(
        (stats["version"].as_u64(), stats["joined"].as_u64()),
        (Some(event.put.version + 1), Some(0))
    );
}

#[tokio::test]
async fn every_number_of_an_event_has_both_its_limits() {
    let edge = Edge::new();
    type Set = fn(&mut PutEvent, u64);
    let limited: [(&str, Limits, Set); 4] = [
        ("draw_window_ms", DRAW_WINDOW_MS, |put, value| {
            put.settings.draw_window_ms = value
        }),
        ("turn_ms", TURN_MS, |put, value| put.settings.turn_ms = value),
        ("shopping_ms", SHOPPING_MS, |put, value| {
            put.settings.shopping_ms = value
        }),
        ("challenge_max_number", CHALLENGE_MAX_NUMBER, |put, value| {
            put.settings.challenge_max_number = value
        }),
    ];
    for (name, limits, set) in limited {
        for (value, allowed) in [
            (limits.least - 1, false),
            (limits.least, true),
            (limits.most, true),
            (limits.most + 1, false),
        ] {
            let mut event = Event::on_sale_in(3_600_000);
            set(&mut event.put, value);
            let response = edge.put_event(&event).await;
            if allowed {
                assert_eq!(response.status(), 200, "{name} {value}");
            } else {
                assert_eq!(
                    refusal(response).await,
                    (422, "out_of_range".to_owned()),
                    "{name} {value}"
                );
            }
        }
    }
    let event = Event::on_sale_in(3_600_000);
    edge.open(&event, 0).await;
    for (version, lease_ms, allowed) in [
        (2, LEASE_MS.least - 1, false),
        (3, LEASE_MS.least, true),
        (4, LEASE_MS.most, true),
        (5, LEASE_MS.most + 1, false),
    ] {
        let put = stanchion_shared::wire::PutRelease {
            lease_ms,
            ..release(event.put.version + version, 1)
        };
        assert_eq!(
            edge.put_release(&event, &put).await.status() == 200,
            allowed,
            "{lease_ms}"
        );
    }
}

#[tokio::test]
async fn what_is_fixed_stays_fixed() {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(30_000));
    read::<Value>(edge.put_event(&event).await).await;
    let commitment = edge.queue(&event.id).await.commitment;
    let original = event.put.clone();
    type Change = fn(&mut PutEvent);
    let changes: [(&str, Change); 3] = [
        ("shards", |put| {
            put.settings.shards = stanchion_shared::ids::ShardCount::new(8).unwrap()
        }),
        ("on_sale_time within a minute of it", |put| {
            put.settings.on_sale_time = put.settings.on_sale_time.plus(1)
        }),
        ("draw_window_ms within a minute of the on-sale", |put| {
            put.settings.draw_window_ms += 1
        }),
    ];
    for (index, (what, change)) in changes.into_iter().enumerate() {
        event.put = PutEvent {
            version: original.version + 1 + index as u64,
            ..original.clone()
        };
        change(&mut event.put);
        assert_eq!(
            refusal(edge.put_event(&event).await).await,
            (409, "fixed".to_owned()),
            "{what}"
        );
    }
    event.put = PutEvent {
        version: original.version + 10,
        settings: EventSettings {
            name: "Another name".to_owned(),
            ..original.settings
        },
    };
    read::<Value>(edge.put_event(&event).await).await;
    assert_eq!(edge.queue(&event.id).await.commitment, commitment);
}
