//! Shopping sessions in Redis: they are counted, and those that were ended are listed.

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{ClaimOutcome, EndOutcome, EndSession, Leave, LeaveOutcome, QueueStore, ShoppingWindow},
    spin::store::{Redis, Store},
};
use stanchion_shared::sessions::{SessionMark, SessionTotals};

use crate::{
    connection::Native,
    harness::{Event, Person, now, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;

fn totals(begun: u64, over: u64) -> SessionTotals {
    SessionTotals {
        begun,
        over,
        walked_in: 0,
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
