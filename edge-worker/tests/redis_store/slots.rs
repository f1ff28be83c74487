//! Slots of sessions in Redis: no more run than may, whoever asks at once, and nobody comes in without a turn while somebody
//! waits.

use std::time::Duration;

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{Claim, ClaimOutcome, EndSession, QueueStore, WalkIn, WalkInOutcome},
    spin::store::{Redis, Store},
};
use stanchion_shared::{
    ids::{Tag, Tier},
    meter::BrakeLimits,
    policy::{SiteRelease, gate::GateMode},
};

use crate::{
    connection::Native,
    harness::{Event, now, people, random_32, signing_keys, stack_redis},
};

/// An event of a site that is open, with so many sessions at once.
fn open_site(at_once: u32, per_minute: u32) -> Event {
    let mut event = Event::on_sale_in(0);
    event.put.settings.policy.gate.mode = GateMode::WhenBusy;
    event.put.settings.policy.release = Some(SiteRelease {
        per_minute,
        at_once,
        health_path: None,
        meter: true,
        brake: BrakeLimits::default(),
    });
    event
}

fn walk_in(tag: Tag) -> WalkIn {
    WalkIn {
        tag,
        over: None,
        tier: Tier::Human,
        only_if_in: false,
        shopping_ms: 60_000,
        idle_ms: None,
        session: hex::encode(&random_32()[..16]),
    }
}

async fn comes<R: Redis>(event: &Event, store: &Store<'_, R>, tag: Tag) -> WalkInOutcome {
    let shard = event.shard_of(tag);
    store.walk_in(&event.id, shard, walk_in(tag)).await.unwrap()
}

#[tokio::test]
async fn of_a_crowd_that_comes_at_once_as_many_come_in_as_may_and_a_leaver_makes_room() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = open_site(10, 600_000).open(&store).await;
    // Shards have reported: until then nobody is let in but the one who asks them.
    event.snapshot(&store).await;
    let crowd = people(40);
    let came = join_all(crowd.iter().map(|&tag| comes(&event, &store, tag))).await;
    let inside: Vec<_> = came
        .iter()
        .zip(&crowd)
        .filter_map(|(came, &tag)| Some((came.window()?.clone(), tag)))
        .collect();
    assert_eq!(inside.len(), 10, "{came:?}");
    let sessions = event.snapshot(&store).await.sessions;
    assert_eq!((sessions.active(), sessions.walked_in), (10, 10));
    let again = comes(&event, &store, inside[0].1).await;
    assert_eq!(again.window().map(|window| &window.session), Some(&inside[0].0.session));

    let (window, tag) = &inside[3];
    let end = EndSession {
        tag: *tag,
        session: window.session.clone(),
    };
    store.end_session(&event.id, event.shard_of(*tag), end).await.unwrap();
    let next = join_all(people(5).into_iter().map(|tag| comes(&event, &store, tag))).await;
    assert_eq!(
        next.iter().filter(|came| came.window().is_some()).count(),
        1,
        "{next:?}"
    );
    assert_eq!(event.snapshot(&store).await.sessions.active(), 10);
}

#[tokio::test]
async fn an_idle_session_that_goes_on_takes_a_slot_again() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = open_site(1, 600_000).open(&store).await;
    let tag = people(1)[0];
    let asks = async || {
        let idle = WalkIn {
            idle_ms: Some(500),
            ..walk_in(tag)
        };
        store.walk_in(&event.id, event.shard_of(tag), idle).await.unwrap()
    };
    let first = asks().await.window().expect("an empty site").session.clone();
    tokio::time::sleep(Duration::from_millis(600)).await;
    // Its slot is free once the shard has reported that it is over.
    let deadline = now().plus(6_000);
    while event.snapshot(&store).await.sessions.active() > 0 {
        assert!(now() < deadline, "it is idle");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(asks().await.window().map(|window| &window.session), Some(&first));
    // The event counts it as one that runs.
    assert_eq!(comes(&event, &store, people(1)[0]).await, WalkInOutcome::Full);
    let sessions = event.snapshot(&store).await.sessions;
    assert_eq!((sessions.begun, sessions.revived, sessions.active()), (1, 1, 1));
}

#[tokio::test]
async fn as_many_come_in_a_second_as_the_site_takes() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = open_site(1_000, 120).open(&store).await;
    let began = now();
    let mut came = 0;
    while now().since(began) < 2_000 {
        came += u64::from(comes(&event, &store, people(1)[0]).await.window().is_some());
    }
    let most = 2 + 2 * now().since(began) / 1_000 + 1;
    assert!((2..=most).contains(&came), "{came} of {most}");
}

#[tokio::test]
async fn a_fan_whose_turn_has_come_waits_for_a_slot_and_nobody_passes() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = open_site(1, 600_000).open(&store).await;
    let first = people(1)[0];
    let inside = comes(&event, &store, first).await;
    let inside = inside.window().expect("an empty site").clone();
    let fan = event.join_all(&store, &people(1)).await.remove(0);
    assert_eq!(
        comes(&event, &store, people(1)[0]).await,
        WalkInOutcome::Full,
        "it is full"
    );
    event.until_closed(&store, 0).await;
    let claim = Claim {
        needs_slot: true,
        ..event.claim_of(&fan)
    };
    let asks = async || store.claim(&event.id, fan.shard, claim.clone()).await.unwrap();
    assert_eq!(asks().await, ClaimOutcome::Full);

    let end = EndSession {
        tag: first,
        session: inside.session,
    };
    store.end_session(&event.id, event.shard_of(first), end).await.unwrap();
    assert_eq!(
        comes(&event, &store, people(1)[0]).await,
        WalkInOutcome::Full,
        "the fan has asked"
    );
    // The fan may come back after the time to claim.
    let late = Claim {
        only_if_claimed: true,
        ..claim.clone()
    };
    let window = store.claim(&event.id, fan.shard, late).await.unwrap();
    assert!(window.window().is_some_and(|window| !window.walked_in), "{window:?}");
    assert_eq!(event.snapshot(&store).await.sessions.active(), 1);
}

#[tokio::test]
async fn a_slot_that_is_not_used_is_free_again() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = open_site(1, 600_000).open(&store).await;
    // As if an instance had taken it and died: for a moment more it counts.
    let slots = format!("stanchion:{{{}}}:slots", event.id).into_bytes();
    let until = now().plus(1_500).0.to_string().into_bytes();
    redis
        .execute("ZADD", vec![slots, until, people(1)[0].to_string().into_bytes()])
        .await
        .unwrap();
    assert_eq!(comes(&event, &store, people(1)[0]).await, WalkInOutcome::Full);
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert!(comes(&event, &store, people(1)[0]).await.window().is_some());
}
