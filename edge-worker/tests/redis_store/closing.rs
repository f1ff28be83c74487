//! A draw is closed exactly once, by whichever edge, however often closing stops in the middle.

use std::{cell::Cell, time::Duration};

use futures_util::future::{join, join_all};
use stanchion_edge::{
    platform::{ClaimOutcome, Join, JoinOutcome, Leave, LeaveOutcome, PutOutcome, QueueStore},
    spin::store::Store,
};
use stanchion_shared::{draw::membership::Windows, ids::Draw};

use crate::{
    connection::{Last, Native, Overtaken, Stopping},
    harness::{Event, Person, assert_places, people, signing_keys, stack_redis},
    server::{Keeps, Server},
};

const FAR_MS: u64 = 3_600_000;

#[tokio::test]
async fn many_who_see_that_a_draw_is_due_close_it_once() {
    let keys = signing_keys();
    let edges: Vec<_> = (0..8).map(|_| Native::new(&stack_redis())).collect();
    let stores: Vec<_> = edges.iter().map(|redis| Store::new(redis, &keys)).collect();
    let mut event = Event::on_sale_in(FAR_MS).open(&stores[0]).await;
    let joined = event.join_all(&stores[0], &people(60)).await;
    event.on_sale_now_in(&edges[0], 200).await;
    event.until_closed_at(0).await;
    let snapshots = join_all(stores.iter().map(|store| event.until_closed(store, 0))).await;
    for snapshot in &snapshots {
        assert_eq!(
            (snapshot.draws_closed, snapshot.last_place, snapshot.joined),
            (1, 60, 60)
        );
    }
    let record = event.checked_record(&stores[0], 0, None).await;
    assert_places(&record, &joined);
    let schedule = stores[0].schedule_chunk(&event.id, None).await.unwrap().unwrap();
    let grown = schedule
        .segments
        .iter()
        .filter(|segment| segment.last_place == 60)
        .count();
    assert_eq!(grown, 1);
}

#[tokio::test]
async fn a_closing_that_stops_after_any_step_is_finished_by_the_next() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let stop_and_go_on = |commands, last| {
        let (redis, keys, store) = (&redis, &keys, &store);
        async move {
            let mut event = Event::on_sale_in(FAR_MS).open(store).await;
            let mut joined = event.join_all(store, &people(25)).await;
            event.snapshot(store).await;
            event.on_sale_now_in(redis, 300).await;
            event.until_closed_at(0).await;
            let stopping = Stopping::after(redis, commands, last);
            let _ = Store::new(&stopping, keys).snapshot(&event.id).await;
            // A fan who comes now is in a later draw.
            let late = event.join_all(store, &people(5)).await;
            assert!(late.iter().all(|person| person.held.draw > Draw(0)));
            let last_draw = late.iter().map(|person| person.held.draw).max().unwrap();
            event.until_closed(store, last_draw.0).await;
            let first = event.checked_record(store, 0, None).await;
            assert_places(&first, &joined);
            joined.extend(late);
            let mut places = Vec::new();
            let mut previous = None;
            for draw in 0..=last_draw.0 {
                if event.record(store, draw).await.is_none() {
                    continue;
                }
                let record = event.checked_record(store, draw, previous.as_ref()).await;
                let of_draw = joined.iter().filter(|person| person.held.draw.0 == draw);
                places.extend(of_draw.map(|person| person.place_in(&record).unwrap()));
                previous = Some(record);
            }
            places.sort_unstable();
            assert_eq!(places, (1..=30).collect::<Vec<_>>(), "{commands} {last:?}");
            stopping.commands_left.get() > 0
        }
    };
    let mut finished = false;
    for last in [Last::Unsent, Last::Unanswered] {
        let all = join_all((1..=18).map(|commands| stop_and_go_on(commands, last))).await;
        finished |= all.into_iter().any(|not_stopped| not_stopped);
    }
    assert!(
        finished,
        "the last of these connections stopped before the closing was done: try more commands"
    );
}

/// Joins and closings at once, over many windows: everybody is in exactly one draw, and all places are there once.
async fn joins_across_many_windows(url: &str) {
    let (redis, keys) = (Native::new(url), signing_keys());
    let store = Store::new(&redis, &keys);
    let closers: Vec<_> = (0..3).map(|_| Native::new(url)).collect();
    let event = Event::on_sale_in(300).open(&store).await;
    let done = Cell::new(false);
    let closing = async {
        let stores = closers.iter().map(|redis| Store::new(redis, &keys)).collect::<Vec<_>>();
        while !done.get() {
            join_all(stores.iter().map(|store| event.snapshot(store))).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let joining = async {
        let mut all = Vec::new();
        for _ in 0..120 {
            all.extend(event.join_all(&store, &people(5)).await);
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        done.set(true);
        all
    };
    let ((), joined) = join(closing, joining).await;
    let last_draw = joined.iter().map(|person| person.held.draw.0).max().unwrap();
    assert!(last_draw >= 3, "the joins must span several windows");
    event.until_closed(&store, last_draw).await;
    let mut previous = None;
    for draw in 0..=last_draw {
        let of_draw: Vec<_> = joined
            .iter()
            .filter(|person| person.held.draw.0 == draw)
            .cloned()
            .collect();
        if of_draw.is_empty() {
            assert!(event.record(&store, draw).await.is_none());
            continue;
        }
        let record = event.checked_record(&store, draw, previous.as_ref()).await;
        assert_places(&record, &of_draw);
        previous = Some(record);
    }
    assert_eq!(previous.unwrap().last_place(), joined.len() as u64);
}

#[tokio::test]
async fn everybody_is_in_exactly_one_draw_while_draws_close_around_them() {
    joins_across_many_windows(&stack_redis()).await;
}

#[tokio::test]
async fn every_operation_stays_in_one_slot_of_a_cluster() {
    let server = Server::start(Keeps::CopiesAsCluster).await;
    joins_across_many_windows(&server.url()).await;

    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let person = event.join_all(&store, &people(1)).await.remove(0);
    assert!(matches!(event.claim(&store, &person).await, ClaimOutcome::Window(_)));
    let leave = Leave {
        tag: person.tag,
        epoch: person.held.epoch,
        serial: person.held.serial,
    };
    assert_eq!(
        store.leave(&event.id, person.shard, leave).await,
        Ok(LeaveOutcome::Left)
    );
    let release = store.put_release(&event.id, Event::release(2, 5)).await;
    assert!(matches!(release, Ok(PutOutcome::Accepted(_))), "{release:?}");
    assert!(store.schedule_chunk(&event.id, None).await.unwrap().is_some());
    assert!(store.event_key(&event.id).await.unwrap().is_some());
}

/// A shard whose clock is behind by more than a window announces a draw before the one that is due: at any moment of the
/// closing it is told that this is too late, or it is waited for.
#[tokio::test]
async fn a_draw_before_the_one_that_is_due_is_never_passed_over() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let overtake = |commands| {
        let (redis, keys, store) = (&redis, &keys, &store);
        async move {
            let mut event = Event::on_sale_in(FAR_MS).open(store).await;
            event.snapshot(store).await;
            event.on_sale_now_in(redis, 10).await;
            event.until_closed_at(0).await;
            let mut all = event.join_all(store, &people(12)).await;
            event
                .until_closed_at(all.iter().map(|person| person.held.draw.0).min().unwrap())
                .await;
            let tag = people(1)[0];
            let late = Cell::new(None);
            let join = async || {
                let windows = Windows {
                    on_sale_time: event.put.settings.on_sale_time.plus(FAR_MS),
                    ..event.windows()
                };
                let join = Join {
                    windows: Some(windows),
                    ..event.join_of(tag)
                };
                let shard = event.shard_of(tag);
                let Ok(JoinOutcome::Numbered(held)) = store.join(&event.id, shard, join).await else {
                    panic!("the late one has no ticket");
                };
                late.set(Some(Person { tag, shard, held }));
            };
            let overtaken = Overtaken {
                redis,
                commands_before: Cell::new(commands),
                by: join,
            };
            Store::new(&overtaken, keys).snapshot(&event.id).await.unwrap();
            let Some(late) = late.into_inner() else {
                return false;
            };
            let passed_over = late.held.draw == Draw(0);
            all.push(late);
            let last_draw = all.iter().map(|person| person.held.draw.0).max().unwrap();
            event.until_closed(store, last_draw).await;
            let mut previous = None;
            for draw in 0..=last_draw {
                let of_draw: Vec<_> = all
                    .iter()
                    .filter(|person| person.held.draw.0 == draw)
                    .cloned()
                    .collect();
                assert!(
                    of_draw.is_empty() || event.record(store, draw).await.is_some(),
                    "{commands}"
                );
                if !of_draw.is_empty() {
                    let record = event.checked_record(store, draw, previous.as_ref()).await;
                    assert_places(&record, &of_draw);
                    previous = Some(record);
                }
            }
            passed_over
        }
    };
    let in_draw_0 = join_all((1..=12).map(overtake)).await;
    assert!(
        in_draw_0.contains(&true) && in_draw_0.contains(&false),
        "some must be in time for draw 0 and some too late: {in_draw_0:?}"
    );
}

/// Ten thousand windows have gone by without anybody: nothing was done or kept for any of them.
#[tokio::test]
async fn idle_windows_cost_nothing() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let draws_of = async |windows_gone: u64| {
        let mut event = Event::on_sale_in(0);
        event.put.settings.on_sale_time = event
            .put
            .settings
            .on_sale_time
            .minus(windows_gone * event.put.settings.draw_window_ms);
        let event = event.open(&store).await;
        let joined = event.join_all(&store, &people(6)).await;
        let draw = joined.iter().map(|person| person.held.draw.0).max().unwrap();
        assert!(u64::from(draw) > windows_gone);
        event.snapshot(&store).await;
        event.until_closed_at(draw).await;
        // A draw is closed a moment after its window, for joins that are on their way.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let counting = Stopping::after(&redis, 10_000, Last::Unsent);
        let counted = Store::new(&counting, &keys);
        let snapshot = loop {
            let snapshot = event.snapshot(&counted).await;
            if snapshot.is_closed(Draw(draw)) {
                break snapshot;
            }
        };
        assert!(snapshot.draws_closed <= 2 && snapshot.last_place == 6);
        let commands = 10_000 - counting.commands_left.get();
        (commands, serde_json::to_string(&snapshot).unwrap().len())
    };
    let (few, many) = (draws_of(2).await, draws_of(10_000).await);
    // Two draws instead of one, or a shard report besides, where people joined across a boundary; never thousands of anything.
    assert!(many.0 <= few.0 + 60, "{few:?} {many:?}");
    assert!(many.1 <= few.1 + 100, "{few:?} {many:?}");
}
