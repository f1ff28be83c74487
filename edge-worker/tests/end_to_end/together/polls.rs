//! The poll law as fans and programs meet it: one budget in every phase, an end, and nothing to gain by asking more often.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;
use stanchion_harness::{Edge, Event, Fan, now, read, release, until_effective};
use stanchion_shared::{
    ids::Place,
    polling::{EARLY_POLL_MS, SHORTEST_POLL_MS, UNKNOWN_POLL_MS, spread_ms},
    schedule::{EFFECT_DELAY_MS, Rate, Schedule},
    timestamp::UnixMillis,
    wire::{JoinAnswer, PutRelease, QueueStatus, StatusAnswer},
};

/// From an event's put to its on-sale, in ms: time for some fans to join on a busy machine.
const JOINING_MS: u64 = 10_000;
/// Longer than an answer takes on a busy machine, in ms.
const ANSWER_MS: u64 = 2_000;

async fn schedule(edge: &Edge, event: &Event) -> Schedule {
    read(edge.get(&format!("/api/v1/events/{}/schedule", event.id)).await).await
}

async fn joined(edge: &Edge, event: &Event, fans: usize) -> Vec<(Fan, JoinAnswer)> {
    let mut joined = Vec::new();
    for _ in 0..fans {
        let fan = edge.fan();
        let answer = edge.join(&event.id, &fan).await;
        joined.push((fan, answer));
    }
    joined
}

#[tokio::test]
async fn a_poll_before_the_on_sale_is_told_to_come_right_after_it() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 10).await;
    let fans = joined(&edge, &event, 12).await;
    let on_sale_time = event.put.settings.on_sale_time;
    for (fan, joined) in &fans {
        let told = edge.status(fan, &joined.queue_token).await;
        assert_eq!(told.status, QueueStatus::PreQueue);
        let after_ms = told.poll_after_ms.expect("it goes on");
        // A third of what remains, or half as much again where a poll time is just ahead.
        assert!(after_ms <= on_sale_time.since(now()) / 2 + ANSWER_MS, "{after_ms}");
    }
}

#[tokio::test]
async fn the_first_turn_comes_when_everybody_could_have_come_and_each_fan_was_told_an_instant_of_their_own() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(JOINING_MS));
    edge.open(&event, 100).await;
    let fans = joined(&edge, &event, 8).await;
    let on_sale_time = event.put.settings.on_sale_time;
    // In the last seconds before it, each is told an instant right after it.
    let last_seconds = on_sale_time.minus(3 * SHORTEST_POLL_MS - 200);
    tokio::time::sleep(Duration::from_millis(last_seconds.since(now()))).await;
    let mut told = BTreeSet::new();
    for (fan, joined) in &fans {
        let asked_at = now();
        let answer = edge.status(fan, &joined.queue_token).await;
        if answer.status == QueueStatus::PreQueue && on_sale_time.since(asked_at) < 3 * SHORTEST_POLL_MS {
            let comes_at = asked_at.plus(answer.poll_after_ms.unwrap());
            assert!(
                comes_at.plus(ANSWER_MS) >= on_sale_time,
                "{comes_at} before {on_sale_time}"
            );
            assert!(
                comes_at <= on_sale_time.plus(SHORTEST_POLL_MS + ANSWER_MS),
                "{comes_at}"
            );
            told.insert(comes_at.0);
        }
    }
    assert!(told.len() > 1, "not all in the same instant: {told:?}");
    for (fan, joined) in &fans {
        edge.status_until(fan, &joined.queue_token, &[QueueStatus::YourTurn])
            .await;
    }
    let first_turn = schedule(&edge, &event).await.turn_at(Place(1)).unwrap();
    assert!(
        first_turn >= on_sale_time.plus(spread_ms(fans.len() as u64)),
        "{first_turn}"
    );
}

#[tokio::test]
async fn in_a_pause_polls_stay_spread_and_fans_learn_soon_that_it_is_over() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(2_000));
    edge.open(&event, 0).await;
    let fans = joined(&edge, &event, 16).await;
    let paused = PutRelease {
        paused: true,
        ..release(event.put.version + 2, 0)
    };
    read::<Value>(edge.put_release(&event, &paused).await).await;
    let mut told = BTreeSet::new();
    for (fan, joined) in &fans {
        let answer = edge
            .status_until(fan, &joined.queue_token, &[QueueStatus::Paused])
            .await;
        let after_ms = answer.poll_after_ms.expect("a pause ends");
        assert!((1..=UNKNOWN_POLL_MS + EARLY_POLL_MS).contains(&after_ms), "{after_ms}");
        told.insert(now().plus(after_ms).0 % UNKNOWN_POLL_MS / 250);
    }
    assert!(told.len() >= 4, "spread over the interval: {told:?}");
    // The length of a turn here is ten seconds: nobody who asks as told can miss it.
    let go = release(event.put.version + 3, 100);
    read::<Value>(edge.put_release(&event, &go).await).await;
    for (fan, joined) in &fans {
        let mut ticket = joined.queue_token.clone();
        loop {
            let answer = edge.status(fan, &ticket).await;
            if answer.status == QueueStatus::YourTurn {
                break;
            }
            assert!(
                matches!(answer.status, QueueStatus::Paused | QueueStatus::Waiting),
                "{:?}",
                answer.status
            );
            ticket.clone_from(&answer.queue_token);
            tokio::time::sleep(Duration::from_millis(answer.poll_after_ms.unwrap())).await;
        }
    }
}

#[tokio::test]
async fn once_nothing_is_left_no_answer_names_an_instant_or_a_wait() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_500));
    // One place in ten seconds: the others wait.
    let slow = |version| PutRelease {
        rate_per_second: Rate::from_milli(100),
        ..release(event.put.version + version, 0)
    };
    edge.open(&event, 0).await;
    read::<Value>(edge.put_release(&event, &slow(2)).await).await;
    let fans = joined(&edge, &event, 3).await;
    for (fan, joined) in &fans {
        let waiting = edge
            .status_until(fan, &joined.queue_token, &[QueueStatus::Waiting, QueueStatus::YourTurn])
            .await;
        assert!(waiting.poll_after_ms.is_some());
    }
    let sold_out = PutRelease {
        sold_out: true,
        ..release(event.put.version + 3, 0)
    };
    read::<Value>(edge.put_release(&event, &sold_out).await).await;
    for (fan, joined) in &fans {
        let told = edge
            .status_until(fan, &joined.queue_token, &[QueueStatus::SoldOut])
            .await;
        assert_eq!(
            (
                told.poll_after_ms,
                told.estimated_wait_seconds,
                told.estimated_wait_minutes
            ),
            (None, None, None)
        );
        // Whoever asks again is answered: a reload works. Another instance may know of it later.
        until_effective().await;
        let again = edge.status(fan, &told.queue_token).await;
        assert_eq!((again.status, again.poll_after_ms), (QueueStatus::SoldOut, None));
        let rejoined = edge.join(&event.id, fan).await;
        assert_eq!((rejoined.status, rejoined.poll_after_ms), (QueueStatus::SoldOut, None));
    }
}

#[tokio::test]
async fn a_turn_that_is_over_names_no_instant() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000));
    edge.open(&event, 10).await;
    let fan = edge.fan();
    let joined = edge.join(&event.id, &fan).await;
    let expired = edge
        .status_until(&fan, &joined.queue_token, &[QueueStatus::YourTurn])
        .await
        .shop_expires_at
        .unwrap();
    // Asking at the turn has claimed it; the session ends ten seconds later.
    tokio::time::sleep(Duration::from_millis(expired.since(now()) + EFFECT_DELAY_MS)).await;
    let over = edge
        .status_until(&fan, &joined.queue_token, &[QueueStatus::Expired])
        .await;
    assert_eq!((over.poll_after_ms, over.estimated_wait_seconds), (None, None));
}

/// When a fan is to ask next, by the clock of this test.
fn next_poll(answer: &StatusAnswer) -> UnixMillis {
    now().plus(answer.poll_after_ms.expect("the fan waits"))
}

#[tokio::test]
async fn who_asks_sooner_than_told_learns_nothing_and_is_in_no_sooner() {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(2_500));
    event.put.settings.turn_ms = 600_000;
    let slow = PutRelease {
        rate_per_second: Rate::from_milli(200),
        ..release(event.put.version + 2, 0)
    };
    edge.open(&event, 0).await;
    read::<Value>(edge.put_release(&event, &slow).await).await;
    let fans = joined(&edge, &event, 40).await;

    // Somebody far back, who was told to come in half a minute or so.
    let (fan, told) = 'found: loop {
        for (fan, joined) in &fans {
            let answer = edge.status(fan, &joined.queue_token).await;
            if answer.status == QueueStatus::Waiting && answer.poll_after_ms.is_some_and(|ms| ms > 14_000) {
                break 'found (fan, answer);
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    let comes_at = next_poll(&told);

    // The line moves on, and then much faster. Who asks all the while is told what was known.
    tokio::time::sleep(Duration::from_millis(6_000)).await;
    let early = edge.status(fan, &told.queue_token).await;
    assert_eq!(
        (early.status, early.total_ahead, early.position),
        (QueueStatus::Waiting, told.total_ahead, told.position)
    );
    assert!(next_poll(&early).0.abs_diff(comes_at.0) < ANSWER_MS);
    read::<Value>(edge.put_release(&event, &release(event.put.version + 3, 100)).await).await;
    let place = Place(told.position.unwrap());
    let in_at = loop {
        let answer = edge.status(fan, &told.queue_token).await;
        if answer.status == QueueStatus::YourTurn {
            break now();
        }
        assert_eq!(
            answer.total_ahead, told.total_ahead,
            "nothing new before the instant that was told"
        );
        assert!(now() < comes_at.plus(ANSWER_MS), "in at the instant that was told");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let turn_at = schedule(&edge, &event).await.turn_at(place).unwrap();
    assert!(
        turn_at.plus(ANSWER_MS) < comes_at,
        "the turn had come long before: {turn_at}"
    );
    assert!(in_at.plus(ANSWER_MS) >= comes_at, "and opened no sooner than told");
}
