//! The way of a fan: join before the on-sale, be drawn, wait, shop. And what everybody can check about it.

use std::collections::BTreeSet;

use stanchion_shared::{
    admission,
    draw::{
        digest::ShardDigest,
        place::{Numbered, place},
    },
    identity::Tier,
    schedule::Schedule,
    wire::{QueueStatus, ReceiptClaims},
};

use stanchion_stage::{Edge, Event, now, read, refusal, release, settle, variable};

#[tokio::test]
async fn fans_who_joined_before_the_on_sale_are_drawn_and_admitted_in_order_of_their_places() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(4_000));
    edge.open(&event, 20).await;
    assert_eq!(
        refusal(edge.get(&format!("/api/v1/events/{}/draws/0", event.id)).await)
            .await
            .0,
        404
    );

    let mut fans = Vec::new();
    for _ in 0..40 {
        let fan = edge.fan();
        let joined = edge.join(&event.id, &fan).await;
        assert_eq!((joined.status, joined.position), (QueueStatus::PreQueue, None));
        assert_eq!(joined.on_sale_time, event.put.on_sale_time);
        fans.push((fan, joined));
    }
    assert!(
        now() < event.put.on_sale_time,
        "the machine is too slow for this test's on-sale time"
    );

    // Everybody gets a turn, with a token for themselves, never before their instant in the public schedule.
    let keys = edge.keys().await;
    let mut places = BTreeSet::new();
    let mut turns = Vec::new();
    for (fan, joined) in &fans {
        let turn = edge
            .status_until(fan, &joined.queue_token, &[QueueStatus::YourTurn])
            .await;
        let token = turn.shop_token.expect("the fan proved who it is");
        let claims = admission::verify(&keys, &variable("STANCHION_SHOP_ISSUER"), &token, now()).unwrap();
        assert_eq!((&claims.sub, &claims.event), (&fan.subject, &event.id));
        assert_eq!(Some(claims.place.0), turn.position);
        places.insert(claims.place.0);
        turns.push(claims);
    }
    assert_eq!(places, (1..=40).collect(), "places 1..40, each once");
    let schedule: Schedule = read(edge.get(&format!("/api/v1/events/{}/schedule", event.id)).await).await;
    for claims in &turns {
        let turn_at = schedule.turn_at(claims.place).expect("served");
        assert!(claims.iat * 1000 >= turn_at.0, "token before the turn");
    }

    // The record, the logs, the receipts and the places all say the same.
    let announced = edge.queue(&event.id).await.announcement();
    let signed = edge.record(&event.id, 0).await;
    signed.check(&keys, &announced, None).unwrap();
    let logs = edge.logs(&event.id, 0, event.put.shards).await;
    signed.record.check_logs(event.put.shards, &logs).unwrap();
    assert_eq!(signed.record.closed_at, event.put.on_sale_time);
    for (fan, joined) in &fans {
        let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
        let log = &logs[usize::from(receipt.shard.0)].1;
        let tier = Tier::try_from(receipt.tier).unwrap();
        let at = log.iter().position(|&(_, tag)| tag == receipt.tag).expect("in the log");
        let digest = log[..=at]
            .iter()
            .fold(ShardDigest::EMPTY, |digest, &(tier, tag)| digest.with(tier, tag));
        assert_eq!(digest.0, receipt.digest, "the receipt pins the log up to the fan");
        let drawn = place(
            &signed.record,
            Numbered {
                tier,
                shard: receipt.shard,
                number: receipt.number,
            },
        )
        .unwrap();
        let told = edge.status(fan, &joined.queue_token).await.position;
        assert_eq!(told, Some(drawn.0));
    }
}

#[tokio::test]
async fn fans_who_come_later_are_drawn_per_window_and_placed_behind() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_500));
    edge.open(&event, 0).await;
    let first = edge.fan();
    let early = edge.join(&event.id, &first).await;
    edge.status_until(&first, &early.queue_token, &[QueueStatus::Waiting])
        .await;

    let mut last_place = 1;
    let mut draws = BTreeSet::new();
    let keys = edge.keys().await;
    let announced = edge.queue(&event.id).await.announcement();
    let mut previous = edge.record(&event.id, 0).await.record;
    for _ in 0..3 {
        let fan = edge.fan();
        let joined = edge.join(&event.id, &fan).await;
        assert_eq!(joined.status, QueueStatus::Drawing);
        let told = edge.status(&fan, &joined.queue_token).await;
        assert!(told.drawn_at.is_some_and(|at| at > event.put.on_sale_time) || told.status == QueueStatus::Waiting);
        let waiting = edge
            .status_until(&fan, &joined.queue_token, &[QueueStatus::Waiting])
            .await;
        last_place += 1;
        assert_eq!(waiting.position, Some(last_place));
        let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
        assert_eq!(receipt.announced, announced.digest());
        assert!(receipt.draw > 0 && draws.insert(receipt.draw));
        let record = edge.record(&event.id, receipt.draw).await;
        record.check(&keys, &announced, Some(&previous)).unwrap();
        previous = record.record;
    }
    let empty = (1..*draws.last().unwrap()).find(|draw| !draws.contains(draw));
    if let Some(empty) = empty {
        settle().await;
        let answer = refusal(edge.get(&format!("/api/v1/events/{}/draws/{empty}", event.id)).await).await;
        assert_eq!(answer, (404, "draw_empty".to_owned()));
    }
}

#[tokio::test]
async fn asking_again_at_the_turn_gives_the_same_session() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000));
    edge.open(&event, 10).await;
    let fan = edge.fan();
    let joined = edge.join(&event.id, &fan).await;
    let first = edge
        .status_until(&fan, &joined.queue_token, &[QueueStatus::YourTurn])
        .await;
    let second = edge.status(&fan, &first.queue_token).await;
    assert_eq!(first.shop_token, second.shop_token);
    assert_eq!(first.shop_expires_at, second.shop_expires_at);

    let keys = edge.keys().await;
    let issuer = variable("STANCHION_SHOP_ISSUER");
    let claims = admission::verify(&keys, &issuer, &first.shop_token.unwrap(), now()).unwrap();
    assert!(claims.exp - claims.iat <= event.put.shopping_ms / 1000);

    // Without proof of the subject there is no token, and a stranger is refused.
    let anonymous: stanchion_shared::wire::StatusAnswer =
        read(edge.status_response(None, &joined.queue_token).await).await;
    assert_eq!((anonymous.status, anonymous.shop_token), (QueueStatus::YourTurn, None));
    assert!(anonymous.claim_before.is_some());
    let stranger = edge.status_response(Some(&edge.fan()), &joined.queue_token).await;
    assert_eq!(refusal(stranger).await, (403, "ticket_of_other".to_owned()));
}

#[tokio::test]
async fn a_turn_that_nobody_claims_expires_and_the_fan_may_join_anew() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000));
    edge.open(&event, 10).await;
    let fan = edge.fan();
    let joined = edge.join(&event.id, &fan).await;
    // Somebody asks now and then, as always: where nothing runs by itself (Spin), that is who closes draws.
    let expired = now().plus(1_000 + 3_500 + event.put.turn_ms);
    while now() < expired {
        edge.queue(&event.id).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    let late = edge.status(&fan, &joined.queue_token).await;
    assert_eq!((late.status, late.shop_token), (QueueStatus::Expired, None));

    let again = edge.join(&event.id, &fan).await;
    assert_ne!(again.queue_token, joined.queue_token);
    let turn = edge
        .status_until(&fan, &again.queue_token, &[QueueStatus::YourTurn])
        .await;
    assert_eq!(turn.position, Some(2), "a new place behind the old one");
    assert_eq!(
        edge.status(&fan, &joined.queue_token).await.status,
        QueueStatus::Expired
    );
}

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

    let paused = stanchion_shared::wire::PutRelease {
        paused: true,
        ..release(event.put.version + 2, 0)
    };
    read::<serde_json::Value>(edge.put_release(&event, &paused).await).await;
    let told = edge
        .status_until(&fan, &joined.queue_token, &[QueueStatus::Paused])
        .await;
    assert_eq!(told.position, Some(1));
    settle().await;

    // A late 'release' with an old version does not undo the pause.
    let late = edge.put_release(&event, &release(event.put.version + 1, 10)).await;
    assert_eq!(refusal(late).await, (409, "version_stale".to_owned()));
    assert_eq!(edge.status(&fan, &joined.queue_token).await.status, QueueStatus::Paused);

    let sold_out = stanchion_shared::wire::PutRelease {
        sold_out: true,
        ..release(event.put.version + 3, 0)
    };
    read::<serde_json::Value>(edge.put_release(&event, &sold_out).await).await;
    edge.status_until(&fan, &joined.queue_token, &[QueueStatus::SoldOut])
        .await;
    settle().await;
    let other = edge.fan();
    let captcha = edge.solved(&event.id, &other).await;
    assert_eq!(
        refusal(edge.join_with(&event.id, &other, &captcha).await).await,
        (409, "sold_out".to_owned())
    );
    // Who holds a ticket finds it again, from another device for one.
    let again = edge.join(&event.id, &fan).await;
    assert_eq!((again.position, again.status), (Some(1), QueueStatus::SoldOut));
}

#[tokio::test]
async fn admission_stops_with_the_lease_and_the_stop_counts_against_nobody() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000));
    read::<serde_json::Value>(edge.put_event(&event).await).await;
    let short = |version, per_second| stanchion_shared::wire::PutRelease {
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
    let slow = |version| stanchion_shared::wire::PutRelease {
        rate_per_second: stanchion_shared::schedule::Rate::from_milli(500),
        ..short(version, 0)
    };
    for version in 1..=6 {
        read::<serde_json::Value>(edge.put_release(&event, &slow(version)).await).await;
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(6_500)).await;
    let stopped = edge.queue(&event.id).await;
    assert_eq!(stopped.phase, stanchion_shared::wire::Phase::Stopped);
    assert!(stopped.served > 0, "some were served before");
    tokio::time::sleep(std::time::Duration::from_millis(3_000)).await;
    assert_eq!(
        edge.queue(&event.id).await.served,
        stopped.served,
        "flat without the origin"
    );

    for version in 7..=12 {
        read::<serde_json::Value>(edge.put_release(&event, &slow(version)).await).await;
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
    }
    let resumed = edge.queue(&event.id).await;
    assert!(
        resumed.served > stopped.served && resumed.served <= stopped.served + 3,
        "goes on, catches nothing up"
    );
    let schedule: Schedule = read(edge.get(&format!("/api/v1/events/{}/schedule", event.id)).await).await;
    assert!(!schedule.stops().as_slice().is_empty(), "the stop is recorded");
    // turn_ms is 10 s; place 1 was served more than 10 s ago, but what was stopped since does not count.
    let turn_at = schedule.turn_at(stanchion_shared::identity::Place(1)).unwrap();
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
