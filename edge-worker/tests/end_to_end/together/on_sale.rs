//! The way of a fan: join before the on-sale, be drawn, wait, shop. And what everybody can check about it.

use std::collections::BTreeSet;

use stanchion_shared::{
    draw::{digest::ShardDigest, place::place},
    ids::{TicketNumber, Tier},
    schedule::Schedule,
    shop_token,
    wire::{QueueStatus, ReceiptClaims, StatusAnswer},
};

use stanchion_harness::{Edge, Event, now, read, refusal, until_effective, variable};

/// From an event's put to its on-sale, in ms: time for forty fans to join.
const JOINING_MS: u64 = 5_000;

#[tokio::test]
async fn fans_who_joined_before_the_on_sale_are_drawn_and_admitted_in_order_of_their_places() {
    let edge = Edge::new();
    let event_in = |joining_ms| Event::on_sale_in(joining_ms).with_long_turns();
    let (event, fans) = edge
        .before_on_sale(JOINING_MS, 20, event_in, async |event| {
            let record = edge.get(&format!("/api/v1/events/{}/draws/0", event.id)).await;
            assert_eq!(refusal(record).await.0, 404);
            let mut fans = Vec::new();
            for _ in 0..40 {
                let fan = edge.fan();
                let joined = edge.join(&event.id, &fan).await;
                fans.push((fan, joined));
            }
            fans
        })
        .await;
    for (_, joined) in &fans {
        assert_eq!((joined.status, joined.position), (QueueStatus::PreQueue, None));
        assert_eq!(joined.on_sale_time, event.put.settings.on_sale_time);
    }

    // Everybody gets a turn, with a token for themselves, never before their instant in the public schedule.
    let keys = edge.keys().await;
    let mut places = BTreeSet::new();
    let mut turns = Vec::new();
    for (fan, joined) in &fans {
        let turn = edge
            .status_until(fan, &joined.queue_token, &[QueueStatus::YourTurn])
            .await;
        let token = turn.shop_token.expect("the fan proved who it is");
        let claims = shop_token::verify(&keys, &variable("STANCHION_SHOP_ISSUER"), &token, now()).unwrap();
        assert_eq!((&claims.sub, &claims.event), (&fan.subject, &event.id));
        assert_eq!(Some(claims.place.unwrap().0), turn.position);
        places.insert(claims.place.unwrap().0);
        turns.push(claims);
    }
    assert_eq!(places, (1..=40).collect(), "places 1..40, each once");
    let schedule: Schedule = read(edge.get(&format!("/api/v1/events/{}/schedule", event.id)).await).await;
    for claims in &turns {
        let turn_at = schedule.turn_at(claims.place.unwrap()).expect("served");
        assert!(claims.began_at() >= turn_at, "token before the turn");
    }

    // The record, the logs, the receipts and the places all say the same.
    let announced = edge.queue(&event.id).await.announcement();
    let signed = edge.record(&event.id, 0).await;
    signed.check(&keys, &announced, None).unwrap();
    let logs = edge.logs(&event.id, 0, event.put.settings.shards).await;
    signed.record.check_logs(event.put.settings.shards, &logs).unwrap();
    assert_eq!(signed.record.closed_at, event.put.settings.on_sale_time);
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
            TicketNumber {
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
    let edge = Edge::new();
    let (event, (first, early)) = edge
        .before_on_sale(JOINING_MS, 0, Event::on_sale_in, async |event| {
            let first = edge.fan();
            let early = edge.join(&event.id, &first).await;
            (first, early)
        })
        .await;
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
        assert!(
            told.drawn_at.is_some_and(|at| at > event.put.settings.on_sale_time) || told.status == QueueStatus::Waiting
        );
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
        until_effective().await;
        let answer = refusal(edge.get(&format!("/api/v1/events/{}/draws/{empty}", event.id)).await).await;
        assert_eq!(answer, (404, "draw_empty".to_owned()));
    }
}

#[tokio::test]
async fn asking_again_at_the_turn_gives_the_same_session() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000).with_long_turns());
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
    let claims = shop_token::verify(&keys, &issuer, &first.shop_token.unwrap(), now()).unwrap();
    assert!(claims.exp - claims.iat <= event.put.settings.shopping_ms / 1000);

    // Without proof of the subject there is no token, and a stranger is refused.
    let anonymous: StatusAnswer = read(edge.status_response(None, &joined.queue_token).await).await;
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
    // Who asks without an account sees the turn and claims nothing.
    let unclaimed = async || -> StatusAnswer { read(edge.status_response(None, &joined.queue_token).await).await };
    let deadline = now().plus(120_000);
    let mut claim_before = None;
    loop {
        let told = unclaimed().await;
        match told.status {
            QueueStatus::YourTurn => claim_before = told.claim_before,
            QueueStatus::Expired => break,
            _ => assert!(now() < deadline, "{:?}", told.status),
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let claim_before = claim_before.expect("the turn came first");
    assert!(now() >= claim_before, "it lasted as long as it was said");
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
