//! Locks: all or none, never two owners, over when they say.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use stanchion_origin::inventory::{LockRequest, LockResult, SeatCounts, UnlockResult};
use tokio::{task::JoinSet, time::sleep};

use super::{LONG_MS, is_locked, loaded, lock_for, read, seats};

#[tokio::test]
async fn a_request_locks_all_of_its_seats_or_none() {
    let section = loaded(10).await;
    assert!(is_locked(&lock_for(&section, "one", &seats([1, 2]), LONG_MS).await));
    assert_eq!(
        lock_for(&section, "two", &seats([2, 3]), LONG_MS).await,
        LockResult::Taken(seats([2]))
    );
    assert_eq!(
        read(&section).await.counts,
        SeatCounts {
            capacity: 10,
            locked: 2,
            sold: 0
        }
    );
    assert!(
        is_locked(&lock_for(&section, "two", &seats([3]), LONG_MS).await),
        "seat 3 was not locked before"
    );
}

#[tokio::test]
async fn locking_again_keeps_the_end() {
    let section = loaded(10).await;
    let LockResult::Locked { ends, .. } = lock_for(&section, "one", &seats([1]), LONG_MS).await else {
        panic!()
    };
    let again = lock_for(&section, "one", &seats([1, 2]), 2 * LONG_MS).await;
    let LockResult::Locked {
        held_before,
        ends: later,
    } = again
    else {
        panic!("{again:?}")
    };
    assert_eq!(held_before, vec![("A-1-1".to_owned(), ends)]);
    assert!(later > ends);
}

#[tokio::test]
async fn a_lock_ends_with_the_session_at_the_latest() {
    let section = loaded(10).await;
    let soon = stanchion_origin::clock::now().plus(5_000);
    let request = |not_after| LockRequest {
        owner: "one",
        lock_ms: LONG_MS,
        not_after,
        seats: &[] as &[String],
    };
    let wanted = seats([1]);
    let lock = section
        .lock(&LockRequest {
            seats: &wanted,
            ..request(soon)
        })
        .await
        .unwrap();
    assert_eq!(
        lock,
        LockResult::Locked {
            ends: soon,
            held_before: vec![]
        }
    );
    let over = stanchion_origin::clock::now().minus(1);
    let lock = section
        .lock(&LockRequest {
            seats: &seats([2]),
            ..request(over)
        })
        .await
        .unwrap();
    assert_eq!(lock, LockResult::SessionOver);
}

#[tokio::test]
async fn a_seat_whose_lock_is_over_can_be_locked_by_somebody_else_within_a_second() {
    let section = loaded(3).await;
    assert!(is_locked(&lock_for(&section, "one", &seats([1]), 300).await));
    assert!(!is_locked(&lock_for(&section, "two", &seats([1]), LONG_MS).await));
    sleep(Duration::from_millis(350)).await;
    assert_eq!(
        read(&section).await.counts.locked,
        0,
        "free again, although nobody has swept"
    );
    assert!(is_locked(&lock_for(&section, "two", &seats([1]), LONG_MS).await));
    assert_eq!(section.owned("one", &seats([1])).await.unwrap(), vec![None]);
    assert_eq!(
        section.unlock("one", &seats([1])).await.unwrap(),
        UnlockResult::Unlocked(0)
    );
    assert_eq!(read(&section).await.counts.locked, 1);
}

#[tokio::test]
async fn a_wanted_seat_is_free_even_behind_more_expired_locks_than_one_request_tidies() {
    let section = loaded(400).await;
    for batch in 0..10 {
        assert!(is_locked(
            &lock_for(&section, "one", &seats(batch * 20..(batch + 1) * 20), 200).await
        ));
    }
    sleep(Duration::from_millis(250)).await;
    // The last to expire is not among the first 64 that a request tidies.
    assert!(is_locked(&lock_for(&section, "two", &seats([199]), LONG_MS).await));
    assert_eq!(
        read(&section).await.counts,
        SeatCounts {
            capacity: 400,
            locked: 1,
            sold: 0
        }
    );
    assert!(section.sweep(50).await.unwrap() <= 50, "a sweep is bounded");
    while section.sweep(50).await.unwrap() > 0 {}
    assert_eq!(
        read(&section).await.counts,
        SeatCounts {
            capacity: 400,
            locked: 1,
            sold: 0
        }
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_never_double_locks_a_seat() {
    const SEATS: usize = 40;
    const CLIENTS: usize = 64;
    let section = loaded(SEATS as u64).await;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let section = section.clone();
        clients.spawn(async move {
            let owner = format!("owner-{client}");
            let mut won = BTreeSet::new();
            for round in 0..60 {
                let first = (client * 7 + round * 13) % (SEATS - 2);
                let wanted = seats(first..first + 1 + round % 3);
                if is_locked(&lock_for(&section, &owner, &wanted, LONG_MS).await) {
                    won.extend(wanted);
                }
                read(&section).await;
            }
            won
        });
    }
    let mut owners = BTreeMap::new();
    while let Some(won) = clients.join_next().await {
        for seat in won.unwrap() {
            assert!(owners.insert(seat.clone(), ()).is_none(), "{seat} was locked twice");
        }
    }
    assert_eq!(read(&section).await.counts.locked as usize, owners.len());
}
