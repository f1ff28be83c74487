//! Draws that wait for a round of a randomness beacon.

use std::time::Duration;

use serde_json::{Value, json};
use stanchion_harness::{
    Edge, Event,
    beacon::{Source, event_in, signature_of},
    now, read, refusal, until_effective,
};
use stanchion_shared::{
    draw::beacon,
    policy::{BeaconKey, BeaconPolicy},
    timestamp::UnixMillis,
    wire::{QueueStatus, ReceiptClaims, StatusAnswer},
};

/// From an event's first put to its on-sale: time to join beside other tests.
const JOINING_S: u64 = 15;

async fn until(instant: UnixMillis) {
    tokio::time::sleep(Duration::from_millis(instant.since(now()))).await;
}

#[tokio::test]
async fn a_draw_waits_for_its_round_and_everybody_can_verify_it() {
    let edge = Edge::new();
    let joining = async |event: &Event| {
        let queue = edge.queue(&event.id).await;
        assert_eq!(
            queue.beacon, event.put.settings.policy.beacon,
            "announced before the first join"
        );
        let mut fans = Vec::new();
        for _ in 0..6 {
            let fan = edge.fan();
            let joined = edge.join(&event.id, &fan).await;
            fans.push((fan, joined));
        }
        (queue, fans)
    };
    let event_after = |joining_ms: u64| event_in(joining_ms / 1_000).with_long_turns();
    let (event, (queue, fans)) = edge.before_on_sale(JOINING_S * 1_000, 100, event_after, joining).await;
    let announced = event.put.settings.policy.beacon.clone().unwrap();

    // Late fans are told when their draw's round is out, too.
    until(event.put.settings.on_sale_time.plus(300)).await;
    let late = edge.fan();
    let late_joined = edge.join(&event.id, &late).await;
    let drawn_at = |told: &StatusAnswer| told.drawn_at.map(|at| at.since(event.put.settings.on_sale_time));
    let told = edge.status(&late, &late_joined.queue_token).await;
    assert_eq!((told.status, drawn_at(&told)), (QueueStatus::Drawing, Some(8_000)));
    let told = edge.status(&fans[0].0, &fans[0].1.queue_token).await;
    assert_eq!((told.status, drawn_at(&told)), (QueueStatus::Drawing, Some(3_000)));

    // Before the round is out, all tickets of the draw are pinned in public, and its secret is not.
    until(event.put.settings.on_sale_time.plus(2_500)).await;
    let pinned = edge
        .queue(&event.id)
        .await
        .drawing
        .expect("frozen before its round is out");
    assert!(now() < announced.time_of(3));
    assert_eq!((pinned.draw.0, pinned.round), (0, 3));
    let path = format!("/api/v1/events/{}/draws/0", event.id);
    assert_eq!(refusal(edge.get(&path).await).await, (404, "draw_open".to_owned()));

    let mut places = Vec::new();
    for (fan, joined) in &fans {
        let drawn = [QueueStatus::Waiting, QueueStatus::YourTurn];
        let told = edge.status_until(fan, &joined.queue_token, &drawn).await;
        places.push(told.position.unwrap());
    }
    places.sort_unstable();
    assert_eq!(places, (1..=6).collect::<Vec<_>>());
    let keys = edge.keys().await;
    let first = edge.record(&event.id, 0).await;
    first.check(&keys, &queue.announcement(), None).unwrap();
    first
        .record
        .check_logs(
            event.put.settings.shards,
            &edge.logs(&event.id, 0, event.put.settings.shards).await,
        )
        .unwrap();
    assert_eq!(
        first.record.tickets_digest, pinned.tickets_digest,
        "nobody was added since"
    );
    let round = first.record.beacon.clone().unwrap();
    assert_eq!((round.round, json!(round.signature)), (3, signature_of(3)));
    let entropy = beacon::verify(&announced, round).unwrap().entropy();
    assert_eq!(first.record.entropy, Some(entropy));

    let told = edge
        .status_until(
            &late,
            &late_joined.queue_token,
            &[QueueStatus::Waiting, QueueStatus::YourTurn],
        )
        .await;
    assert_eq!(told.position, Some(7));
    assert!(now() >= announced.time_of(4));
    // An instance that told nobody of this draw may go on with its older snapshot for that long.
    until_effective().await;
    let snapshot = edge.queue(&event.id).await;
    assert_eq!((snapshot.draws_closed, snapshot.drawing), (2, None));
    let asked = Source::of(&event).asked().await;
    assert!(!asked.is_empty());
    for one in asked {
        let out_at = announced.time_of(one.round);
        assert!(
            one.at >= out_at.0,
            "round {} was asked for before it was out",
            one.round
        );
    }
}

#[tokio::test]
async fn a_beacon_that_lies_or_is_silent_delays_the_draw_and_never_decides_it() {
    let edge = Edge::new();
    let event = event_in(JOINING_S);
    edge.open(&event, 100).await;
    let source = Source::of(&event);
    let answer = |body: Value| json!({ "status": 200, "body": body.to_string() });
    let lies = json!([
        answer(json!({ "round": 3, "signature": signature_of(4) })),
        answer(json!({ "round": 4, "signature": signature_of(4) })),
        answer(json!({ "round": 3, "signature": "11".repeat(48) })),
        { "status": 200, "body": "{\"round\": 3" },
        { "status": 200, "body": " ".repeat(5_000) },
        { "status": 500, "body": "{}" },
        { "status": 200, "body": "{}", "after_ms": 8_000 },
    ]);
    source.answers_next(&lies).await;
    let fan = edge.fan();
    let joined = edge.join(&event.id, &fan).await;
    until(event.put.settings.on_sale_time).await;
    until_effective().await;
    let path = format!("/api/v1/events/{}/draws/0", event.id);
    let deadline = now().plus(60_000);
    let lies = lies.as_array().unwrap().len();
    loop {
        let told = edge.status(&fan, &joined.queue_token).await;
        let asked = source.asked().await.len();
        if asked <= lies {
            // The next request may have been asked and answered since.
            let drawn = told.status != QueueStatus::Drawing;
            assert!(!drawn, "drawn by a lie: {asked} answers so far");
        } else if told.status != QueueStatus::Drawing {
            break;
        }
        assert!(now() < deadline, "not drawn after {asked} answers");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until_effective().await;
    assert_eq!(edge.get(&path).await.status(), 200);
    let queue = edge.queue(&event.id).await;
    let signed = edge.record(&event.id, 0).await;
    signed.check(&edge.keys().await, &queue.announcement(), None).unwrap();
    assert_eq!(json!(signed.record.beacon.unwrap().signature), signature_of(3));
}

#[tokio::test]
async fn the_beacon_is_judged_when_it_is_put_and_then_never_changes() {
    let edge = Edge::new();
    let mut event = event_in(JOINING_S);
    let announced = event.put.settings.policy.beacon.clone().unwrap();
    let changed = |change: &dyn Fn(&mut BeaconPolicy)| {
        let mut beacon = announced.clone();
        change(&mut beacon);
        Some(beacon)
    };
    let late = event.put.settings.on_sale_time.0 / 1_000 + 1;
    for refused in [
        changed(&|beacon| beacon.period = 0),
        changed(&|beacon| beacon.public_key = BeaconKey([7; 96])),
        changed(&|beacon| beacon.genesis = late),
        // By the name of a network that it is not.
        changed(&|beacon| beacon.chain_hash = BeaconPolicy::quicknet().chain_hash),
    ] {
        event.put.settings.policy.beacon = refused;
        assert_eq!(
            refusal(edge.put_event(&event).await).await,
            (422, "out_of_range".to_owned())
        );
    }
    event.put.settings.policy.beacon = Some(announced.clone());
    edge.open(&event, 100).await;
    event.put.version += 10;
    for refused in [
        None,
        changed(&|beacon| beacon.period += 1),
        changed(&|beacon| beacon.genesis -= 1),
    ] {
        event.put.settings.policy.beacon = refused;
        assert_eq!(refusal(edge.put_event(&event).await).await, (409, "fixed".to_owned()));
    }
    assert_eq!(edge.queue(&event.id).await.beacon, Some(announced));
}

/// An organiser who could move the on-sale after the first join could choose the rounds. Receipts name the times.
#[tokio::test]
async fn times_are_fixed_once_somebody_has_joined_and_receipts_name_what_was_announced() {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(3_600_000));
    edge.open(&event, 0).await;
    event.put.version += 10;
    event.put.settings.on_sale_time = event.put.settings.on_sale_time.plus(1);
    event.put.settings.draw_window_ms += 1;
    read::<Value>(edge.put_event(&event).await).await;
    let queue = edge.queue(&event.id).await;
    let times = (event.put.settings.on_sale_time, event.put.settings.draw_window_ms);
    assert_eq!((queue.on_sale_time, queue.draw_window_ms), times, "nobody has joined");

    let joined = edge.join(&event.id, &edge.fan()).await;
    let keys = edge.keys().await;
    let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
    assert_eq!(receipt.announced, queue.announcement().digest());
    for (on_sale_time, draw_window_ms) in [(times.0.plus(1), times.1), (times.0, times.1 + 1)] {
        event.put.version += 1;
        (event.put.settings.on_sale_time, event.put.settings.draw_window_ms) = (on_sale_time, draw_window_ms);
        assert_eq!(refusal(edge.put_event(&event).await).await, (409, "fixed".to_owned()));
    }
    (event.put.settings.on_sale_time, event.put.settings.draw_window_ms) = times;
    event.put.settings.name = "Another name".to_owned();
    read::<Value>(edge.put_event(&event).await).await;
}
