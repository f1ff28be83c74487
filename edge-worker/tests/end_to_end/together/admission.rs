//! The origin steers admission: it pauses, sells out, falls silent and comes back.

use std::time::Duration;

use serde_json::Value;
use stanchion_harness::{Edge, Event, now, read, refusal, release, until_effective};
use stanchion_shared::{
    ids::Place,
    schedule::{Rate, Schedule},
    snapshot::Phase,
    wire::{PutRelease, QueueStatus},
};

#[tokio::test]
async fn pause_and_sold_out_are_told_and_a_pause_keeps_places() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let joined = edge.join(&event.id, &fan).await;
    let waiting = edge
        .status_until(&fan, &joined.queue_token, &[QueueStatus::Waiting])
        .await;
    assert_eq!(
        (waiting.position, waiting.total_ahead, waiting.estimated_wait_seconds),
        (Some(1), Some(0), None)
    );

    let paused = PutRelease {
        paused: true,
        ..release(event.put.version + 2, 0)
    };
    read::<Value>(edge.put_release(&event, &paused).await).await;
    let told = edge
        .status_until(&fan, &joined.queue_token, &[QueueStatus::Paused])
        .await;
    assert_eq!(told.position, Some(1));
    until_effective().await;

    // A late 'release' with an old version does not undo the pause.
    let late = edge.put_release(&event, &release(event.put.version + 1, 10)).await;
    assert_eq!(refusal(late).await, (409, "version_stale".to_owned()));
    assert_eq!(edge.status(&fan, &joined.queue_token).await.status, QueueStatus::Paused);

    let sold_out = PutRelease {
        sold_out: true,
        ..release(event.put.version + 3, 0)
    };
    read::<Value>(edge.put_release(&event, &sold_out).await).await;
    edge.status_until(&fan, &joined.queue_token, &[QueueStatus::SoldOut])
        .await;
    until_effective().await;
    let other = edge.fan();
    let captcha = edge.solved(&event.id, &other).await;
    assert_eq!(
        refusal(edge.join_with(&event.id, &other, &captcha).await).await,
        (409, "sold_out".to_owned())
    );
    // The holder of a queue ticket finds it again, for example from another device.
    let again = edge.join(&event.id, &fan).await;
    assert_eq!((again.position, again.status), (Some(1), QueueStatus::SoldOut));
}

#[tokio::test]
async fn admission_stops_with_the_lease_and_the_stop_counts_against_nobody() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000));
    read::<Value>(edge.put_event(&event).await).await;
    let short = |version, per_second| PutRelease {
        lease_ms: 5_000,
        ..release(event.put.version + version, per_second)
    };
    let mut fans = Vec::new();
    for _ in 0..12 {
        let fan = edge.fan();
        let joined = edge.join(&event.id, &fan).await;
        fans.push((fan, joined));
    }
    // One place per two seconds while the lease runs, renewed twice, then silence.
    let slow = |version| PutRelease {
        rate_per_second: Rate::from_milli(500),
        ..short(version, 0)
    };
    for version in 1..=6 {
        read::<Value>(edge.put_release(&event, &slow(version)).await).await;
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
    tokio::time::sleep(Duration::from_millis(6_500)).await;
    let stopped = edge.queue(&event.id).await;
    assert_eq!(stopped.phase, Phase::Stopped);
    assert!(stopped.served > 0, "some were served before");
    tokio::time::sleep(Duration::from_millis(3_000)).await;
    assert_eq!(
        edge.queue(&event.id).await.served,
        stopped.served,
        "flat without the origin"
    );

    for version in 7..=12 {
        read::<Value>(edge.put_release(&event, &slow(version)).await).await;
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
    let resumed = edge.queue(&event.id).await;
    assert!(
        resumed.served > stopped.served && resumed.served <= stopped.served + 3,
        "goes on, catches nothing up"
    );
    let schedule: Schedule = read(edge.get(&format!("/api/v1/events/{}/schedule", event.id)).await).await;
    assert!(!schedule.stops().as_slice().is_empty(), "the stop is recorded");
    // turn_ms is 10 s; place 1 was served more than 10 s ago, but what was stopped since does not count.
    let turn_at = schedule.turn_at(Place(1)).unwrap();
    let stopped_since = schedule
        .stops()
        .as_slice()
        .iter()
        .filter(|stop| stop.from_ms >= turn_at.0);
    let claim_before = turn_at.plus(10_000 + stopped_since.map(|stop| stop.to_ms - stop.from_ms).sum::<u64>());
    assert_eq!(schedule.claim_before(turn_at, now()), claim_before);
    let first = {
        let mut found = None;
        for (fan, joined) in &fans {
            let status = edge.status(fan, &joined.queue_token).await;
            if status.position == Some(1) {
                found = Some(status);
            }
        }
        found.expect("somebody has place 1")
    };
    if now() < claim_before {
        assert_eq!(
            first.status,
            QueueStatus::YourTurn,
            "the turn was not eaten by the stop"
        );
    }
}
