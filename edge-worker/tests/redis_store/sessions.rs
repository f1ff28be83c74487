//! Shopping sessions in Redis: they are counted, and those that were ended are listed.

use std::cell::Cell;

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{
        ClaimOutcome, EndOutcome, EndSession, KeepOutcome, KeepSession, Leave, LeaveOutcome, QueueStore, ShoppingWindow,
    },
    spin::store::{Redis, Store, Value},
};
use stanchion_shared::sessions::{SessionMark, SessionTotals};

use crate::{
    connection::{Native, Overtaken},
    harness::{Event, Person, now, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;

fn totals(begun: u64, over: u64) -> SessionTotals {
    SessionTotals {
        begun,
        over,
        ..SessionTotals::default()
    }
}

async fn shopping<R: Redis>(event: &Event, store: &Store<'_, R>, person: &Person) -> ShoppingWindow {
    match event.claim(store, person).await {
        ClaimOutcome::Window(window) => window,
        other => panic!("{other:?}"),
    }
}

fn leave(person: &Person) -> Leave {
    Leave {
        tag: person.tag,
        epoch: person.held.epoch,
        serial: person.held.serial,
    }
}

#[tokio::test]
async fn sessions_are_counted_from_their_beginning_to_their_end_and_each_end_is_listed_once() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let fans = event.join_all(&store, &people(6)).await;
    let windows = join_all(fans.iter().map(|fan| shopping(&event, &store, fan))).await;
    let before = event.snapshot(&store).await;
    assert_eq!(before.sessions, totals(6, 0));
    assert!(before.ended.is_empty());

    for _ in 0..2 {
        let left = store.leave(&event.id, fans[0].shard, leave(&fans[0])).await;
        assert_eq!(left, Ok(LeaveOutcome::Left));
        let end = EndSession {
            tag: fans[1].tag,
            session: windows[1].session.clone(),
        };
        let ended = store.end_session(&event.id, fans[1].shard, end.clone()).await;
        assert_eq!(ended, Ok(EndOutcome::Over));
    }
    let after = event.snapshot(&store).await;
    assert_eq!((after.sessions.begun, after.sessions.active()), (6, 4));
    let marks: Vec<_> = after.ended.newest.iter().map(|one| Some(one.session)).collect();
    let expected = [0, 1].map(|fan: usize| SessionMark::of(&windows[fan].session));
    assert_eq!((after.ended.end, marks.as_slice()), (2, &expected[..]));
    assert!(
        after
            .ended
            .newest
            .iter()
            .all(|one| one.until * 1_000 >= windows[0].ends_at.0)
    );
    assert_eq!(store.ended_sessions(&event.id, 0, 0).await.unwrap(), after.ended.newest);
    assert_eq!(store.ended_sessions(&event.id, 1, 0).await, Ok(vec![]));
}

#[tokio::test]
async fn what_is_over_by_itself_is_counted_with_the_next_reports() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let fan = event.join_all(&store, &people(1)).await.remove(0);
    let mut short = event.claim_of(&fan);
    short.shopping_ms = 300;
    short.turn_at = now();
    store.claim(&event.id, fan.shard, short).await.unwrap();
    let deadline = now().plus(6_000);
    loop {
        let sessions = event.snapshot(&store).await.sessions;
        if sessions == totals(1, 1) {
            return;
        }
        assert!(now() < deadline, "{sessions:?}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn an_ended_session_is_forgotten_once_its_token_has_ended() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let fans = event.join_all(&store, &people(2)).await;
    let mut short = event.claim_of(&fans[0]);
    short.shopping_ms = 1_000;
    store.claim(&event.id, fans[0].shard, short).await.unwrap();
    store.leave(&event.id, fans[0].shard, leave(&fans[0])).await.unwrap();
    assert_eq!(event.snapshot(&store).await.ended.newest.len(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let window = shopping(&event, &store, &fans[1]).await;
    store.leave(&event.id, fans[1].shard, leave(&fans[1])).await.unwrap();
    let ended = event.snapshot(&store).await.ended;
    assert_eq!((ended.begin, ended.end), (1, 2), "a position never changes");
    assert_eq!(Some(ended.newest[0].session), SessionMark::of(&window.session));
}

#[tokio::test]
async fn a_coordinator_that_goes_back_to_an_older_copy_is_told_again_which_sessions_were_ended() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let fans = event.join_all(&store, &people(8)).await;
    let windows = join_all(fans.iter().map(|fan| shopping(&event, &store, fan))).await;
    let before = event.snapshot(&store).await;
    // Only the coordinator's node goes back; the shards have theirs.
    let parts = ["event", "session_counts", "ended_sessions"];
    let key = |part: &str| format!("stanchion:{{{}}}:{part}", event.id).into_bytes();
    let mut copies = Vec::new();
    for part in parts {
        copies.push(redis.execute("DUMP", vec![key(part)]).await.unwrap().remove(0));
    }
    for fan in &fans[..5] {
        store.leave(&event.id, fan.shard, leave(fan)).await.unwrap();
    }
    assert_eq!(event.snapshot(&store).await.ended.end, 5);
    for (part, copy) in parts.into_iter().zip(copies) {
        redis.execute("DEL", vec![key(part)]).await.unwrap();
        if let Value::Bytes(copy) = copy {
            let restore = vec![key(part), b"0".to_vec(), copy];
            redis.execute("RESTORE", restore).await.unwrap();
        }
    }
    let history = vec![key("event"), b"server".to_vec(), b"another".to_vec()];
    redis.execute("HSET", history).await.unwrap();

    let after = event.snapshot(&store).await;
    assert_ne!(after.epochs.coordinator, before.epochs.coordinator);
    let mut listed: Vec<_> = after.ended.newest.iter().map(|one| Some(one.session)).collect();
    let mut expected: Vec<_> = windows[..5]
        .iter()
        .map(|window| SessionMark::of(&window.session))
        .collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    assert_eq!((after.sessions.begun, after.sessions.active()), (8, 3));
    // Nothing is told twice to one that knows it.
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    assert_eq!(event.snapshot(&store).await.ended.end, 5);
}

#[tokio::test]
async fn a_report_of_sessions_that_was_overtaken_sets_no_count_back() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let fans = event.join_all(&store, &people(20)).await;
    let of_one_shard: Vec<_> = fans.iter().filter(|fan| fan.shard == fans[0].shard).collect();
    let [first, second, third, ..] = of_one_shard[..] else {
        panic!("twenty fans in four shards");
    };
    shopping(&event, &store, first).await; // Redis has the scripts now
    // The third command of a claim is the report: the third fan's begins and is told before it.
    let late = Overtaken {
        redis: &redis,
        commands_before: Cell::new(3),
        by: async || {
            shopping(&event, &store, third).await;
        },
    };
    shopping(&event, &Store::new(&late, &keys), second).await;
    let counts = format!("stanchion:{{{}}}:session_counts", event.id).into_bytes();
    let shard = first.shard.0.to_string().into_bytes();
    let counted = redis.execute("HGET", vec![counts, shard]).await.unwrap();
    assert_eq!(counted, [Value::Bytes(b"3 0 0 0".to_vec())]);
}

#[tokio::test]
async fn a_session_that_goes_on_after_it_was_over_did_not_begin_again() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let fan = event.join_all(&store, &people(1)).await.remove(0);
    let mut claim = event.claim_of(&fan);
    claim.idle_ms = Some(200);
    store.claim(&event.id, fan.shard, claim.clone()).await.unwrap();
    let deadline = now().plus(6_000);
    while event.snapshot(&store).await.sessions.over == 0 {
        assert!(now() < deadline, "it does not end");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let keep = KeepSession {
        tag: fan.tag,
        session: claim.session,
        idle_ms: 60_000,
    };
    let kept = store.keep_session(&event.id, fan.shard, keep).await.unwrap();
    assert!(matches!(kept, KeepOutcome::Kept { .. }), "{kept:?}");
    let sessions = event.snapshot(&store).await.sessions;
    let expected = SessionTotals {
        begun: 1,
        over: 1,
        revived: 1,
        walked_in: 0,
    };
    assert_eq!((sessions, sessions.active()), (expected, 1));
}
