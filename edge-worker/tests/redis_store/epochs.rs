//! A Redis that goes back to an older copy: fans who were lost are told so, no others are, and no place is given twice.

use std::cell::Cell;

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{ClaimOutcome, QueueStore},
    spin::store::Store,
};
use stanchion_shared::{ids::Draw, snapshot::Snapshot};

use crate::{
    connection::{Native, Overtaken, connect},
    harness::{Event, Person, assert_places, people, signing_keys, stack_redis},
    server::{Keeps, Server},
};

const FAR_MS: u64 = 3_600_000;

fn is_lost(snapshot: &Snapshot, person: &Person) -> bool {
    snapshot
        .epochs
        .lost(person.held.epoch, person.held.draw, person.numbered())
}

#[tokio::test]
async fn a_restart_with_its_append_only_file_loses_nobody() {
    let mut server = Server::start(Keeps::EveryWrite).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let mut joined = event.join_all(&store, &people(30)).await;
    event.snapshot(&store).await;
    server.restart().await;
    // At once, before anybody has asked for the event.
    joined.extend(event.join_all(&store, &people(30)).await);
    server.restart().await;
    let snapshot = event.snapshot(&store).await;
    assert!(joined.iter().all(|person| !is_lost(&snapshot, person)));
    assert_eq!(snapshot.joined, 60);

    event.on_sale_now_in(&redis, 200).await;
    event.until_closed(&store, 0).await;
    let drawn_in = event.snapshot(&store).await.epochs.coordinator;
    server.restart().await;
    let record = event.checked_record(&store, 0, None).await;
    assert_places(&record, &joined);
    let snapshot = event.snapshot(&store).await;
    assert_ne!(snapshot.epochs.coordinator, drawn_in);
    assert!(snapshot.epochs.trust_place(drawn_in, Draw(0)));
    for person in &joined {
        assert!(matches!(event.claim(&store, person).await, ClaimOutcome::Window(_)));
    }
}

#[tokio::test]
async fn an_older_copy_loses_who_joined_after_it_and_they_can_join_again_in_the_same_draw() {
    let mut server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let kept = event.join_all(&store, &people(30)).await;
    let copy = server.copy().await;
    let lost = event.join_all(&store, &people(30)).await;
    server.restore(&copy).await;

    // No fan has joined since; a fan who asks is told at once.
    let snapshot = event.snapshot(&store).await;
    assert!(kept.iter().all(|person| !is_lost(&snapshot, person)));
    assert!(lost.iter().all(|person| is_lost(&snapshot, person)));
    let again: Vec<_> = lost.iter().map(|person| person.tag).collect();
    let again = event.join_all(&store, &again).await;
    assert!(again.iter().all(|person| person.held.draw == Draw(0)));
    let newcomers = event.join_all(&store, &people(30)).await;
    let snapshot = event.snapshot(&store).await;
    for person in kept.iter().chain(&again).chain(&newcomers) {
        assert!(!is_lost(&snapshot, person), "{person:?}");
    }

    event.on_sale_now_in(&redis, 200).await;
    event.until_closed(&store, 0).await;
    let record = event.checked_record(&store, 0, None).await;
    assert!(lost.iter().all(|person| person.place_in(&record).is_none()));
    let alive: Vec<_> = kept.into_iter().chain(again).chain(newcomers).collect();
    assert_places(&record, &alive);
}

#[tokio::test]
async fn a_copy_from_before_the_first_join_loses_everybody_and_says_so() {
    let mut server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let copy = server.copy().await;
    let lost = event.join_all(&store, &people(20)).await;
    server.restore(&copy).await;
    let snapshot = event.snapshot(&store).await;
    assert!(lost.iter().all(|person| is_lost(&snapshot, person)));
    assert_eq!(snapshot.joined, 0);
}

#[tokio::test]
async fn a_ticket_of_a_lost_life_claims_nothing_although_its_serial_was_given_again() {
    let mut server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let copy = server.copy().await;
    let lost = event.join_all(&store, &people(1)).await.remove(0);
    server.restore(&copy).await;
    let again = event.join_all(&store, &[lost.tag]).await.remove(0);
    assert_eq!(again.held.serial, lost.held.serial);
    assert_eq!(event.claim(&store, &lost).await, ClaimOutcome::Dead);
    assert!(matches!(event.claim(&store, &again).await, ClaimOutcome::Window(_)));
}

#[tokio::test]
async fn a_draw_whose_record_was_lost_is_closed_anew_and_places_of_the_lost_record_are_not_trusted() {
    let mut server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let kept = event.join_all(&store, &people(20)).await;
    event.on_sale_now_in(&redis, 1_500).await;
    let copy = server.copy().await;
    let lost = event.join_all(&store, &people(20)).await;
    let before = event.until_closed(&store, 0).await;
    let first = event.checked_record(&store, 0, None).await;
    assert_eq!(first.count(), 40);

    server.restore(&copy).await;
    let after = event.until_closed(&store, 0).await;
    let second = event.checked_record(&store, 0, None).await;
    assert_places(&second, &kept);
    assert!(lost.iter().all(|person| person.place_in(&second).is_none()));
    assert!(!after.epochs.trust_place(before.epochs.coordinator, Draw(0)));
    assert!(after.epochs.trust_place(after.epochs.coordinator, Draw(0)));

    // A copy that has the record keeps the places that were drawn by it.
    let copy = server.copy().await;
    server.restore(&copy).await;
    let again = event.snapshot(&store).await;
    assert_ne!(again.epochs.coordinator, after.epochs.coordinator);
    assert!(again.epochs.trust_place(after.epochs.coordinator, Draw(0)));
    assert!(!again.epochs.trust_place(before.epochs.coordinator, Draw(0)));
    assert_eq!(event.record(&store, 0).await.unwrap().record, second);
}

/// The coordinator's data is as it was before anybody joined.
pub(crate) async fn forget_announcements(url: &str, event: &Event) {
    let client = redis::Client::open(url).unwrap();
    let mut connection = connect(&client).await.unwrap();
    let key = |name: &str| format!("stanchion:{{{}}}:{name}", event.id);
    let mut forget = redis::pipe();
    forget.del(key("announced")).hset(key("event"), "server", "another");
    forget.query_async::<()>(&mut connection).await.unwrap();
}

/// On a cluster the coordinator's node can go back while the shards' nodes do not.
#[tokio::test]
async fn a_coordinator_that_forgot_what_was_announced_asks_all_shards_before_it_closes_a_draw() {
    let server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let joined = event.join_all(&store, &people(40)).await;
    event.on_sale_now_in(&redis, 200).await;
    event.until_closed_at(0).await;

    forget_announcements(&server.url(), &event).await;
    event.until_closed(&store, 0).await;
    let record = event.checked_record(&store, 0, None).await;
    assert_places(&record, &joined);
}

/// On a cluster a shard's node can go back while the coordinator's does not: the record that was published stays the truth.
#[tokio::test]
async fn whoever_was_lost_after_the_draw_keeps_no_turn_and_joins_a_later_draw() {
    let server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let joined = event.join_all(&store, &people(20)).await;
    event.on_sale_now_in(&redis, 200).await;
    event.until_closed(&store, 0).await;
    let record = event.record(&store, 0).await.unwrap().record;

    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = connect(&client).await.unwrap();
    let forgotten = joined[0].shard;
    let mut forget = redis::pipe();
    for name in ["shard", "open", "frozen", "people"] {
        forget.del(format!("stanchion:{{{}/{}}}:{name}", event.id, forgotten.0));
    }
    forget.query_async::<()>(&mut connection).await.unwrap();

    assert_eq!(event.record(&store, 0).await.unwrap().record, record);
    let lost = &joined[0];
    assert_eq!(event.claim(&store, lost).await, ClaimOutcome::Dead);
    let again = event.join_all(&store, &[lost.tag]).await.remove(0);
    assert!(again.held.draw > Draw(0));
    assert_eq!(event.claim(&store, lost).await, ClaimOutcome::Dead);
    assert!(store.shard_log(&event.id, Draw(0), forgotten).await.unwrap().is_none());
}

/// Between the announcement and the first number the coordinator may forget what it was told, and ask all shards before
/// this one has anything to say.
#[tokio::test]
async fn a_coordinator_that_forgets_while_somebody_joins_closes_no_draw_without_them() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let overtake = |commands| {
        let (redis, keys, store) = (&redis, &keys, &store);
        async move {
            let mut event = Event::on_sale_in(FAR_MS).open(store).await;
            let tag = people(1)[0];
            let mut others = people(20);
            others.retain(|&other| event.shard_of(other) != event.shard_of(tag));
            let mut joined = event.join_all(store, &others).await;
            event.on_sale_now_in(redis, 1_000).await;
            let forget = async || {
                forget_announcements(&stack_redis(), &event).await;
                event.snapshot(store).await;
            };
            let overtaken = Overtaken {
                redis,
                commands_before: Cell::new(commands),
                by: forget,
            };
            joined.extend(event.join_all(&Store::new(&overtaken, keys), &[tag]).await);
            assert!(joined.iter().all(|person| person.held.draw == Draw(0)), "too slow");
            event.until_closed(store, 0).await;
            let record = event.checked_record(store, 0, None).await;
            assert_places(&record, &joined);
        }
    };
    join_all((1..=6).map(overtake)).await;
}
