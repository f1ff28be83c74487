//! A Redis that is silent for a minute: it takes requests and answers none, which is worse than dead. Instances of the edge
//! begin and end meanwhile.
//! Breaks: the edge's Redis, which it pauses.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use serde_json::Value;
use stanchion_harness::{Edge, Event, Fan, now, part, read, refusal, release, until_effective};
use stanchion_shared::{
    polling::EARLY_POLL_MS,
    schedule::Rate,
    wire::{JoinAnswer, PutRelease, QueueStatus, StatusAnswer},
};

const SILENT_FOR: Duration = Duration::from_secs(60);
/// A request that waits for one question to a silent part has ended by then, on a machine that does other things, too.
const ENDS_WITHIN: Duration = Duration::from_millis(3_000);
/// So many fans join the event whose draw is due while Redis is silent, so long before, in ms.
const DRAWN: usize = 12;
const DUE_IN_MS: u64 = 20_000;
/// The longest rest of a breaker, and the answer.
const HEALS_WITHIN: Duration = Duration::from_secs(8);

/// The status of a shopper's request for the cart, and how long it took.
async fn cart(edge: &Edge, shop_token: &str) -> (StatusCode, Duration) {
    let began = Instant::now();
    let cart = edge.http.get(format!("{}/api/v1/cart", edge.url));
    let answer = cart.header("shop-token", shop_token).send().await.unwrap();
    (answer.status(), began.elapsed())
}

/// `milli` thousandths of a place a second.
async fn put_rate(edge: &Edge, event: &Event, version: u64, milli: u64) {
    let put = PutRelease {
        rate_per_second: Rate::from_milli(milli),
        ..release(event.put.version + version, 0)
    };
    read::<Value>(edge.put_release(event, &put).await).await;
}

/// Somebody who is in the shop, and somebody who waits behind them.
async fn shopper_and_waiter(edge: &Edge) -> (Event, String, (Fan, String)) {
    let mut event = Event::on_sale_in(4_000);
    event.put.settings.turn_ms = 600_000;
    event.put.settings.shopping_ms = 600_000;
    edge.open(&event, 0).await;
    // The first place comes ten seconds after the draw, and then hardly any.
    put_rate(edge, &event, 2, 100).await;
    let mut fans = Vec::new();
    for _ in 0..2 {
        let fan = edge.fan();
        let ticket = edge.join(&event.id, &fan).await.queue_token;
        fans.push((fan, ticket));
    }
    let mut placed = Vec::new();
    for (fan, ticket) in fans {
        let told = edge.status_until(&fan, &ticket, &[QueueStatus::Waiting]).await;
        placed.push((told.position.unwrap(), fan, told.queue_token));
    }
    placed.sort_unstable_by_key(|(place, ..)| *place);
    let (_, waiter, waiting) = placed.pop().unwrap();
    let (_, shopper, ticket) = placed.pop().unwrap();
    let turn = edge.status_until(&shopper, &ticket, &[QueueStatus::YourTurn]).await;
    put_rate(edge, &event, 3, 1).await;
    until_effective().await;
    (event, turn.shop_token.unwrap(), (waiter, waiting))
}

#[tokio::test]
async fn for_a_minute_without_redis_shoppers_shop_polls_answer_and_then_all_goes_on() {
    let edge = Edge::new();
    let (event, shop_token, (waiter, ticket)) = shopper_and_waiter(&edge).await;
    let (in_the_shop, _) = cart(&edge, &shop_token).await;
    // The gate lets it pass; the origin does not know the tests' events, and says so.
    assert_eq!(in_the_shop, StatusCode::NOT_FOUND);
    // Every instance nearby leaves what it knows within ten seconds.
    edge.queue(&event.id).await;

    // Another event's draw is due while Redis is silent.
    let due = Event::on_sale_in(DUE_IN_MS).with_long_turns();
    edge.open(&due, 0).await;
    let mut drawn = Vec::new();
    for _ in 0..DRAWN {
        let fan = edge.fan();
        let ticket = edge.join(&due.id, &fan).await.queue_token;
        drawn.push((fan, ticket));
    }
    until_effective().await;
    edge.queue(&due.id).await;

    part("pause", "edge-redis").await;
    assert!(now() < due.put.settings.on_sale_time, "everybody has joined in time");
    let silent_since = Instant::now();
    while silent_since.elapsed() < SILENT_FOR {
        let (status, took) = cart(&edge, &shop_token).await;
        assert_eq!(status, in_the_shop, "after {:?}", silent_since.elapsed());
        assert!(took < ENDS_WITHIN, "a cart took {took:?}");
        let began = Instant::now();
        let told: StatusAnswer = read(edge.status_response(Some(&waiter), &ticket).await).await;
        assert!(began.elapsed() < ENDS_WITHIN, "a poll took {:?}", began.elapsed());
        assert_eq!(told.status, QueueStatus::Waiting);
        let (fan, ticket) = &drawn[silent_since.elapsed().as_secs() as usize % DRAWN];
        let before_draw: StatusAnswer = read(edge.status_response(Some(fan), ticket).await).await;
        assert!(
            matches!(before_draw.status, QueueStatus::PreQueue | QueueStatus::Drawing),
            "{:?}",
            before_draw.status
        );
        let after_ms = told.poll_after_ms.expect("it goes on");
        assert!(after_ms > EARLY_POLL_MS, "{after_ms}");
        if silent_since.elapsed() > Duration::from_secs(5) {
            assert!(told.as_of.is_some(), "an old answer says that it is old");
            let began = Instant::now();
            let joined = refusal(edge.join_with(&event.id, &edge.fan(), "").await).await;
            assert_eq!(joined, (503, "unavailable".to_owned()));
            assert!(began.elapsed() < ENDS_WITHIN, "a join took {:?}", began.elapsed());
        }
        // Sometimes longer than an instance without work lives.
        let pause = if silent_since.elapsed().as_secs().is_multiple_of(10) {
            1_500
        } else {
            250
        };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    part("resume", "edge-redis").await;
    let resumed = Instant::now();
    loop {
        let told: StatusAnswer = read(edge.status_response(Some(&waiter), &ticket).await).await;
        if told.as_of.is_none() {
            break;
        }
        assert!(resumed.elapsed() < HEALS_WITHIN, "it does not heal");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Joins work again, without a retry.
    let late = edge.fan();
    let solved = edge.solved(&event.id, &late).await;
    let joined: JoinAnswer = read(edge.join_with(&event.id, &late, &solved).await).await;
    assert_eq!(joined.status, QueueStatus::Drawing);

    // The release of the other event has ended meanwhile.
    read::<Value>(edge.put_release(&due, &release(due.put.version + 2, 0)).await).await;
    let mut places = BTreeSet::new();
    for (fan, ticket) in &drawn {
        let told = edge.status_until(fan, ticket, &[QueueStatus::Waiting]).await;
        places.insert(told.position.expect("drawn"));
    }
    assert_eq!(places, (1..=DRAWN as u64).collect(), "each place once");
    let signed = edge.record(&due.id, 0).await;
    let announced = edge.queue(&due.id).await.announcement();
    signed.check(&edge.keys().await, &announced, None).unwrap();
    assert_eq!(signed.record.count(), DRAWN as u64);
    assert_eq!(signed.record.closed_at, due.put.settings.on_sale_time);
}
