//! Puts of the origin: versions, settings that are fixed, and a schedule of which nothing is lost.

use std::cell::Cell;

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{PutOutcome, QueueStore},
    spin::store::Store,
};
use stanchion_shared::{event_settings::EventSettings, ids::ShardCount, schedule::EFFECT_DELAY_MS, wire::PutEvent};

use crate::{
    connection::{Last, Native, Overtaken, Stopping},
    epochs::forget_announcements,
    harness::{Event, now, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;

#[tokio::test]
async fn of_many_puts_at_once_the_largest_version_stays_and_none_is_half() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS);
    // Also the first ones: only one of them creates the event.
    let put = |version| {
        let put = PutEvent {
            version,
            settings: EventSettings {
                name: format!("name {version}"),
                ..event.put.settings.clone()
            },
        };
        store.put_event(&event.id, put)
    };
    let outcomes = join_all((1..=4).map(put)).await;
    let accepted = |one: &Result<PutOutcome, _>| matches!(one, Ok(PutOutcome::Accepted(_)));
    assert!(outcomes.iter().any(accepted), "{outcomes:?}");
    let snapshot = event.snapshot(&store).await;
    assert_eq!((snapshot.version, snapshot.settings.name.as_str()), (4, "name 4"));
    assert_eq!(put(4).await.unwrap(), PutOutcome::Stale { last: 4 });
    let key = store.event_key(&event.id).await.unwrap();
    assert!(accepted(&put(5).await));
    assert!(store.event_key(&event.id).await.unwrap() == key);
    let more_shards = PutEvent {
        version: 6,
        settings: EventSettings {
            shards: ShardCount::new(8).unwrap(),
            ..event.put.settings.clone()
        },
    };
    let outcome = store.put_event(&event.id, more_shards).await.unwrap();
    assert!(matches!(outcome, PutOutcome::Fixed(_)), "{outcome:?}");
}

#[tokio::test]
async fn an_unknown_event_is_known_as_such() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS);
    let release = store.put_release(&event.id, Event::release(1, 5)).await;
    assert_eq!(release, Ok(PutOutcome::UnknownEvent));
    assert_eq!(store.snapshot(&event.id).await, Ok(None));
    assert_eq!(store.schedule_chunk(&event.id, None).await, Ok(None));
    assert!(store.event_key(&event.id).await.unwrap().is_none());
    assert!(
        store
            .join(
                &event.id,
                stanchion_shared::ids::Shard(0),
                event.join_of(crate::harness::people(1)[0])
            )
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_change_takes_effect_no_sooner_than_every_snapshot_without_it_is_too_old() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let outcome = store.put_release(&event.id, Event::release(2, 5)).await.unwrap();
    let written_by = now();
    let PutOutcome::Accepted(accepted) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(
        accepted.effective_at >= written_by.plus(EFFECT_DELAY_MS - 1),
        "{accepted:?} {written_by}"
    );
}

#[tokio::test]
async fn a_put_that_stops_anywhere_holds_whole_or_not_at_all() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let mut version = 1;
    for last in [Last::Unsent, Last::Unanswered] {
        for commands in 1..=8 {
            version += 1;
            let stopping = Stopping::after(&redis, commands, last);
            let told = Store::new(&stopping, &keys)
                .put_release(&event.id, Event::release(version, version))
                .await;
            let snapshot = event.snapshot(&store).await;
            let newest = store
                .schedule_chunk(&event.id, None)
                .await
                .unwrap()
                .unwrap()
                .segments
                .last()
                .copied()
                .unwrap();
            let holds = snapshot.version == version;
            assert_eq!(
                newest.rate_per_second.milli() == version * 1_000,
                holds,
                "{commands} {last:?}"
            );
            assert!(holds || told.is_err(), "accepted and lost: {commands} {last:?}");
        }
    }
}

/// Until all shards were asked, a coordinator that was restored may have forgotten that somebody joined.
#[tokio::test]
async fn no_put_moves_the_on_sale_of_somebody_who_has_joined_however_it_is_timed() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let put_later = |event: &Event| PutEvent {
        version: event.put.version + 1,
        settings: EventSettings {
            on_sale_time: event.put.settings.on_sale_time.plus(1),
            ..event.put.settings.clone()
        },
    };
    event.put = put_later(&event);
    let outcome = store.put_event(&event.id, event.put.clone()).await.unwrap();
    assert!(
        matches!(outcome, PutOutcome::Accepted(_)),
        "nobody has joined: {outcome:?}"
    );
    event.join_all(&store, &people(3)).await;
    let outcome = store.put_event(&event.id, put_later(&event)).await.unwrap();
    assert!(matches!(outcome, PutOutcome::Fixed(_)), "{outcome:?}");
    forget_announcements(&stack_redis(), &event).await;
    let outcome = store.put_event(&event.id, put_later(&event)).await.unwrap();
    assert!(matches!(outcome, PutOutcome::Fixed(_)), "forgotten: {outcome:?}");

    // Somebody joins before one of the four commands of a put: before the directory is told, before it is read, and between that and the write.
    for commands in 1..=5 {
        let event = Event::on_sale_in(FAR_MS).open(&store).await;
        event.snapshot(&store).await;
        let overtaken = Overtaken {
            redis: &redis,
            commands_before: Cell::new(commands),
            by: async || drop(event.join_all(&store, &people(1)).await),
        };
        let put = put_later(&event);
        let outcome = Store::new(&overtaken, &keys).put_event(&event.id, put).await.unwrap();
        assert_eq!(
            matches!(outcome, PutOutcome::Fixed(_)),
            commands <= 4,
            "{commands}: {outcome:?}"
        );
    }
}
