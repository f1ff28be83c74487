//! A shard whose node of a Redis Cluster is away: its draw is closed within its deadline, everybody else gets their place, and
//! when the node is back, those whom the draw left over get one in a later draw. Nobody gets two.

use std::{cell::Cell, collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{ClaimOutcome, Join, JoinOutcome, QueueStore},
    spin::store::Store,
};
use stanchion_shared::{
    draw::{
        digest::{LOG_ENTRY_LENGTH, parse_log},
        record::DrawRecord,
    },
    ids::{Draw, Shard},
    snapshot::Snapshot,
};

use crate::{
    connection::{Last, Native, Overtaken, SilentShard, Stopping},
    epochs::forget_announcements,
    harness::{Event, Person, now, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;
/// The grace for joins on their way, the deadline of shards, and some time for the steps between them, on a busy machine.
const CLOSED_WITHIN_MS: u64 = 250 + 2_000 + 4_000;
/// How many join before the shards report, and afterwards.
const REPORTED: usize = 30;
const AFTER: usize = 30;
const SILENT: Shard = Shard(2);

/// An event in which shard 2 has reported some of its people, and not those who joined afterwards.
async fn with_later_joins(store: &Store<'_, Native>) -> (Event, Vec<Person>) {
    let event = Event::on_sale_in(FAR_MS).open(store).await;
    let mut joined = event.join_all(store, &people(REPORTED)).await;
    assert_eq!(
        event.snapshot(store).await.joined,
        REPORTED as u64,
        "all shards have reported"
    );
    joined.extend(event.join_all(store, &people(AFTER)).await);
    (event, joined)
}

fn of_silent(joined: &[Person]) -> impl Iterator<Item = &Person> {
    joined.iter().filter(|person| person.shard == SILENT)
}

/// Reads snapshots until no shard is missing, and every draw in which somebody is now is closed. Returns the people with the
/// tickets that their shards say they have.
async fn until_settled(event: &Event, store: &Store<'_, Native>, joined: &[Person]) -> (Snapshot, Vec<Person>) {
    let deadline = now().plus(20_000);
    loop {
        let snapshot = event.snapshot(store).await;
        let held = joined.iter().map(|person| async {
            let held = store.held_ticket(&event.id, person.shard, person.tag).await.unwrap();
            Person {
                held: held.expect("nobody vanishes"),
                ..person.clone()
            }
        });
        let held = join_all(held).await;
        let last = held.iter().map(|person| person.held.draw).max().unwrap();
        if snapshot.missing.is_empty() && snapshot.is_closed(last) {
            return (snapshot, held);
        }
        assert!(now() < deadline, "not settled: {:?}", snapshot.missing);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// All records up to a draw, each checked by itself, against the one before it and against the lists as the edge serves them.
async fn checked_records(event: &Event, store: &Store<'_, Native>, last: Draw) -> Vec<DrawRecord> {
    let keys = signing_keys().verifying().unwrap();
    let announced = event.snapshot(store).await.announcement();
    let mut records: Vec<DrawRecord> = Vec::new();
    for draw in 0..=last.0 {
        let Some(signed) = event.record(store, draw).await else {
            continue;
        };
        signed.check(&keys, &announced, records.last()).unwrap();
        let mut logs = Vec::new();
        for shard in event.put.settings.shards.all() {
            let entered: u32 = signed.record.counts_of(shard).iter().sum();
            let log = store.shard_log(&event.id, Draw(draw), shard).await.unwrap();
            let mut log = log.unwrap_or_default();
            log.truncate(entered as usize * LOG_ENTRY_LENGTH);
            logs.push((shard, parse_log(&log).unwrap()));
        }
        signed.record.check_logs(event.put.settings.shards, &logs).unwrap();
        records.push(signed.record);
    }
    records
}

/// The place of everybody, by their ticket as it is now.
fn places(records: &[DrawRecord], held: &[Person]) -> Vec<u64> {
    let place = |person: &Person| {
        let record = records.iter().find(|record| record.draw == person.held.draw);
        let record = record.expect("a draw with tickets has a record");
        person
            .place_in(record)
            .unwrap_or_else(|| panic!("{person:?} has no place"))
    };
    held.iter().map(place).collect()
}

/// Everybody has a place, each place is there once, and who was numbered anew is where the records say.
fn assert_drawn(records: &[DrawRecord], joined: &[Person], held: &[Person]) {
    let places: BTreeSet<u64> = places(records, held).into_iter().collect();
    assert_eq!(places, (1..=joined.len() as u64).collect());
    for (before, now) in joined.iter().zip(held) {
        let own = records.iter().find(|record| record.draw == before.held.draw).unwrap();
        if before.numbered() == now.numbered() && before.held.draw == now.held.draw {
            assert!(!own.leaves_over(before.numbered()));
            continue;
        }
        assert_eq!(now.held.serial, before.held.serial, "it is the same ticket");
        let carrying = records.iter().find(|record| record.draw == now.held.draw).unwrap();
        assert_eq!(carrying.number_of_carried(own, before.numbered()), Some(now.numbered()));
    }
}

#[tokio::test]
async fn a_shard_that_is_silent_around_the_close_is_entered_as_it_last_reported_and_nobody_loses_their_place() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let (mut event, joined) = with_later_joins(&store).await;
    let reported = of_silent(&joined[..REPORTED]).count() as u32;
    assert!(
        of_silent(&joined).count() as u32 > reported,
        "somebody came after the report"
    );
    event.on_sale_now_in(&redis, 100).await;
    let silence = SilentShard::new(&redis, SILENT);
    let others = Store::new(&silence, &keys);
    let closed = event.until_closed(&others, 0).await;
    let closed_after = now().since(event.windows().closed_at(Draw(0)));
    assert!(closed_after < CLOSED_WITHIN_MS, "closed after {closed_after} ms");
    let missing: Vec<_> = closed.missing.iter().map(|one| one.shard).collect();
    assert_eq!(missing, [SILENT]);
    assert!(closed.missing[0].since <= event.windows().closed_at(Draw(0)));
    let record = event.record(&others, 0).await.unwrap().record;
    assert_eq!(record.missing, [SILENT]);
    assert_eq!(record.counts_of(SILENT), [0, reported, 0]);
    for person in &joined {
        let left_over = person.shard == SILENT && person.held.number >= reported;
        assert_eq!(person.place_in(&record).is_none(), left_over, "{person:?}");
        assert_eq!(record.leaves_over(person.numbered()), left_over);
    }
    // Everybody else goes on: turns, and joins of later draws.
    let other = joined.iter().find(|person| person.shard != SILENT).unwrap();
    assert!(matches!(event.claim(&others, other).await, ClaimOutcome::Window(_)));
    let later: Vec<_> = people(12)
        .into_iter()
        .filter(|&tag| event.shard_of(tag) != SILENT)
        .collect();
    let later = event.join_all(&others, &later).await;
    let last = later.iter().map(|person| person.held.draw).max().unwrap();
    event.until_closed(&others, last.0).await;

    let all: Vec<Person> = joined.iter().chain(&later).cloned().collect();
    let (_, held) = until_settled(&event, &store, &all).await;
    let last = held.iter().map(|person| person.held.draw).max().unwrap();
    let records = checked_records(&event, &store, last).await;
    assert_eq!(records[0], record, "what was decided is not taken back");
    assert_drawn(&records, &all, &held);
    let carried = held
        .iter()
        .zip(&all)
        .filter(|(now, before)| now.held.draw != before.held.draw)
        .count();
    assert_eq!(carried as u32 + reported, of_silent(&joined).count() as u32);
    // Their turn is theirs, with the ticket as they have it now and as an edge has made it of the old one.
    let moved = held
        .iter()
        .zip(&all)
        .find(|(now, before)| now.held.draw != before.held.draw)
        .unwrap()
        .0;
    assert!(matches!(event.claim(&store, moved).await, ClaimOutcome::Window(_)));
}

#[tokio::test]
async fn a_shard_that_never_reported_is_entered_with_nothing_and_its_people_are_all_in_a_later_draw() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    // The reports are from before anybody joined.
    event.snapshot(&store).await;
    let tags: Vec<_> = people(40)
        .into_iter()
        .filter(|&tag| event.shard_of(tag) == SILENT)
        .collect();
    let joined = event.join_all(&store, &tags).await;
    event.on_sale_now_in(&redis, 100).await;
    let silence = SilentShard::new(&redis, SILENT);
    event.until_closed(&Store::new(&silence, &keys), 0).await;
    let record = event
        .record(&store, 0)
        .await
        .expect("a draw that missed a shard says so")
        .record;
    assert_eq!((record.count(), &record.missing[..]), (0, &[SILENT][..]));

    let (_, held) = until_settled(&event, &store, &joined).await;
    let last = held.iter().map(|person| person.held.draw).max().unwrap();
    assert!(held.iter().all(|person| person.held.draw > Draw(0)));
    let records = checked_records(&event, &store, last).await;
    assert_drawn(&records, &joined, &held);
}

/// Whatever an edge that stops in the middle has done: the decision on a silent shard is made once.
#[tokio::test]
async fn a_closing_that_stops_after_any_step_decides_once_what_a_silent_shard_is_entered_with() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let stop_and_go_on = |commands: usize| {
        let (redis, keys, store) = (&redis, &keys, &store);
        async move {
            let (mut event, joined) = with_later_joins(store).await;
            event.on_sale_now_in(redis, 10).await;
            let silence = SilentShard::new(redis, SILENT);
            let others = Store::new(&silence, keys);
            // Announcements are over, and the deadline has passed: the next one decides.
            while event.windows().closed_at(Draw(0)).plus(2_400) > now() {
                event.snapshot(&others).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                if event.record(store, 0).await.is_some() {
                    break;
                }
            }
            let last = if commands.is_multiple_of(2) {
                Last::Unsent
            } else {
                Last::Unanswered
            };
            let stopping = Stopping::after(&silence, commands / 2, last);
            let _ = Store::new(&stopping, keys).snapshot(&event.id).await;
            let (_, held) = until_settled(&event, store, &joined).await;
            let last = held.iter().map(|person| person.held.draw).max().unwrap();
            let records = checked_records(&event, store, last).await;
            assert_drawn(&records, &joined, &held);
            !records[0].missing.is_empty()
        }
    };
    let missed = join_all((2..=40).map(stop_and_go_on)).await;
    assert!(missed.contains(&true), "no draw missed the shard");
}

/// On a cluster the coordinator's node can go back while another shard's node is away: draws do not wait for ever for what that
/// shard would report.
#[tokio::test]
async fn a_coordinator_that_forgot_what_was_announced_does_not_wait_for_ever_for_a_silent_shard() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let (mut event, joined) = with_later_joins(&store).await;
    event.on_sale_now_in(&redis, 200).await;
    event.until_closed_at(0).await;
    forget_announcements(&stack_redis(), &event).await;
    let silence = SilentShard::new(&redis, SILENT);
    let others = Store::new(&silence, &keys);
    let closed = loop {
        let snapshot = event.snapshot(&others).await;
        if snapshot.is_closed(Draw(0)) {
            break snapshot;
        }
        assert!(
            now() < event.windows().closed_at(Draw(0)).plus(10_000 + CLOSED_WITHIN_MS),
            "not closed in time"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(closed.missing.len(), 1);
    let record = event.record(&store, 0).await.unwrap().record;
    assert_eq!(record.counts_of(SILENT), [0; 3], "what it reported is forgotten");
    let (_, held) = until_settled(&event, &store, &joined).await;
    let last = held.iter().map(|person| person.held.draw).max().unwrap();
    assert_drawn(&checked_records(&event, &store, last).await, &joined, &held);
}

/// A join that arrived at the edge in time counts, also where its shard gets to it a moment later.
#[tokio::test]
async fn a_join_counts_when_it_arrived_and_never_in_a_draw_that_is_closed() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    event.snapshot(&store).await;
    event.on_sale_now_in(&redis, 50).await;
    let closed_at = event.windows().closed_at(Draw(0));
    event.until_closed_at(0).await;
    let join = async |arrived_at| {
        let tag = people(1)[0];
        let join = Join {
            arrived_at,
            ..event.join_of(tag)
        };
        match store.join(&event.id, event.shard_of(tag), join).await {
            Ok(JoinOutcome::Numbered(held)) => held.draw,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(join(closed_at.minus(1)).await, Draw(0));
    assert!(join(closed_at).await > Draw(0));
    event.until_closed(&store, 0).await;
    assert!(join(closed_at.minus(1)).await > Draw(0));
}

/// An edge whose work took longer than it was left alone with it does not end the turn of the next one.
#[tokio::test]
async fn a_piece_of_work_is_given_back_only_by_the_edge_that_has_it() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let taken_over = |commands: usize| {
        let (redis, keys, store) = (&redis, &keys, &store);
        async move {
            let event = Event::on_sale_in(FAR_MS).open(store).await;
            let key = format!("stanchion:{{{}}}:collecting_reports", event.id);
            let is_taken = Cell::new(false);
            let take_over = async || {
                let words = [key.as_bytes(), b"another", b"XX", b"PX", b"60000"];
                let set = stanchion_edge::spin::store::Redis::execute(redis, "SET", words.map(<[u8]>::to_vec).to_vec());
                let set = set.await.unwrap();
                is_taken.set(!matches!(set[..], [stanchion_edge::spin::store::Value::Nil]));
            };
            let overtaken = Overtaken {
                redis,
                commands_before: Cell::new(commands),
                by: take_over,
            };
            event.snapshot(&Store::new(&overtaken, keys)).await;
            let get = stanchion_edge::spin::store::Redis::execute(redis, "GET", vec![key.clone().into_bytes()]);
            let left = get.await.unwrap();
            let is_left = left[..] == [stanchion_edge::spin::store::Value::Bytes(b"another".to_vec())];
            assert_eq!(is_left, is_taken.get(), "{commands}: {left:?}");
            is_taken.get()
        }
    };
    let taken = join_all((1..=12).map(taken_over)).await;
    assert!(taken.contains(&true), "nobody was at this work");
}
