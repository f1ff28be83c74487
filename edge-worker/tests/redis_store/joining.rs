//! Numbers, turns and leaving: one place per person, however often and over whichever connection it is asked for.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{ClaimOutcome, JoinOutcome, Leave, LeaveOutcome, QueueStore, Replaces},
    spin::store::Store,
};
use stanchion_shared::{
    draw::digest::parse_log,
    ids::{Draw, Serial, Shard},
};

use crate::{
    connection::{Last, Native, Stopping},
    harness::{Event, digests, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;

#[tokio::test]
async fn a_crowd_gets_every_number_once_and_the_digest_that_the_log_gives() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let tags = people(200);
    // Everyone twice at once: the second asks for what the first is given.
    let (first, second) =
        futures_util::future::join(event.join_all(&store, &tags), event.join_all(&store, &tags)).await;
    for (one, two) in first.iter().zip(&second) {
        assert_eq!(one.held, two.held);
    }
    event.on_sale_now_in(&redis, 100).await;
    event.until_closed(&store, 0).await;
    let mut by_shard = BTreeMap::<Shard, Vec<_>>::new();
    first
        .iter()
        .for_each(|person| by_shard.entry(person.shard).or_default().push(person));
    for (shard, mut people) in by_shard {
        people.sort_by_key(|person| person.held.number);
        let log = store.shard_log(&event.id, Draw(0), shard).await.unwrap().unwrap();
        let log = parse_log(&log).unwrap();
        let logged: Vec<_> = log.iter().map(|&(_, tag)| tag).collect();
        assert_eq!(logged, people.iter().map(|person| person.tag).collect::<Vec<_>>());
        let held: Vec<_> = people.iter().map(|person| person.held.digest).collect();
        assert_eq!(held, digests(&log));
    }
    let snapshot = event.snapshot(&store).await;
    assert_eq!(snapshot.joined, 200);
}

#[tokio::test]
async fn a_proof_is_good_for_one_join() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let tag = people(1)[0];
    let join = event.join_of(tag);
    let shard = event.shard_of(tag);
    let ask = || store.join(&event.id, shard, join.clone());
    assert!(matches!(ask().await.unwrap(), JoinOutcome::Numbered(_)));
    assert_eq!(ask().await.unwrap(), JoinOutcome::ProofUsed);
    let both = join_all([event.join_of(tag), event.join_of(tag)].map(|join| store.join(&event.id, shard, join))).await;
    assert!(
        both.iter()
            .all(|one| matches!(one, Ok(JoinOutcome::Holds(held)) if held.number == 0))
    );
}

#[tokio::test]
async fn a_join_that_stops_anywhere_leaves_one_ticket_to_find() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    for last in [Last::Unsent, Last::Unanswered] {
        for commands in 1..=8 {
            let event = Event::on_sale_in(FAR_MS).open(&store).await;
            let tag = people(1)[0];
            let stopping = Stopping::after(&redis, commands, last);
            let stopped = Store::new(&stopping, &keys);
            // With few commands it fails, with many it does not.
            let _ = stopped.join(&event.id, event.shard_of(tag), event.join_of(tag)).await;
            let held = event.join(&store, tag).await;
            assert_eq!((held.number, held.serial), (0, Serial(1)), "{commands} {last:?}");
            let others = people(20);
            let joined = event.join_all(&store, &others).await;
            let mut numbers: Vec<_> = joined
                .iter()
                .filter(|other| other.shard == event.shard_of(tag))
                .map(|other| other.held.number)
                .collect();
            numbers.sort_unstable();
            assert_eq!(numbers, (1..=numbers.len() as u32).collect::<Vec<_>>());
        }
    }
}

#[tokio::test]
async fn a_turn_is_claimed_once_however_many_ask_at_once() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let person = event.join_all(&store, &people(1)).await.remove(0);
    let outcomes = join_all((0..20).map(|_| event.claim(&store, &person))).await;
    assert!(matches!(outcomes[0], ClaimOutcome::Window(_)));
    assert!(outcomes.iter().all(|one| *one == outcomes[0]), "{outcomes:?}");
    let nobody = event.join_all(&store, &people(1)).await.remove(0);
    let stranger = crate::harness::Person {
        tag: people(1)[0],
        ..nobody
    };
    assert_eq!(event.claim(&store, &stranger).await, ClaimOutcome::Dead);
}

#[tokio::test]
async fn a_ticket_given_up_is_revived_in_its_draw_and_replaced_after_it() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    let person = event.join_all(&store, &people(1)).await.remove(0);
    let leave = |serial| Leave {
        tag: person.tag,
        epoch: person.held.epoch,
        serial,
    };
    let give_up = |serial| store.leave(&event.id, person.shard, leave(serial));
    assert_eq!(give_up(Serial(1)).await, Ok(LeaveOutcome::Left));
    assert_eq!(give_up(Serial(1)).await, Ok(LeaveOutcome::Left));
    assert_eq!(give_up(Serial(2)).await, Ok(LeaveOutcome::Dead));
    assert_eq!(event.join(&store, person.tag).await, person.held);

    event.on_sale_now_in(&redis, 100).await;
    event.until_closed(&store, 0).await;
    let over = stanchion_edge::platform::Join {
        proof: None,
        replaces: Some(Replaces {
            serial: Serial(1),
            claimed: false,
        }),
        ..event.join_of(person.tag)
    };
    let replaced = store.join(&event.id, person.shard, over.clone()).await.unwrap();
    let JoinOutcome::Numbered(second) = &replaced else {
        panic!("{replaced:?}");
    };
    assert_eq!(second.serial, Serial(2));
    assert!(second.draw > Draw(0));
    assert_eq!(
        store.join(&event.id, person.shard, over).await.unwrap(),
        JoinOutcome::Holds(second.clone())
    );
    assert_eq!(event.claim(&store, &person).await, ClaimOutcome::Dead);
}
