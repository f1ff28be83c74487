//! Fans with a place wait: while the line moves, stands still, or cannot be read.

use stanchion_shared::{
    event_settings::TURN_MS,
    ids::{Draw, Place},
    polling::{EARLY_POLL_MS, LONGEST_POLL_MS, UNKNOWN_POLL_MS},
    queue_status::Standing,
    schedule::Schedule,
};

use super::{FANS, ON_SALE, OnSale, TEN_MILLION, assert_within_budget, at, polls, tag};
use crate::snapshots::drawn;

/// Places a second that the meter puts in a second of the on-sale; `None`: it is silent.
type RateAt = fn(u64) -> Option<u64>;

#[test]
fn ten_million_are_within_the_budget_while_they_wait_while_it_is_paused_and_while_it_stands_still() {
    // Nobody is admitted at all; a pace and then a pause; a silent meter; a steady line, and
    // bursts.
    let cases: [(&str, RateAt); 5] = [
        ("a standstill", |_| Some(0)),
        ("a pause", |second| Some(if second < 200 { 1_000 } else { 0 })),
        ("a stop", |second| (second < 200).then_some(1_000)),
        ("a steady line", |_| Some(1_000)),
        ("bursts", |second| Some(if second % 90 < 30 { 3_000 } else { 0 })),
    ];
    for (phase, rate) in cases {
        let on_sale = OnSale::of(TEN_MILLION, TURN_MS.default, 360, rate);
        let snapshots = on_sale.snapshots();
        let counted = polls(at(220), 140, |fan, now| {
            let snapshot = snapshots.get((now.since(ON_SALE) / 1000) as usize)?;
            let place = Place(1 + fan * (TEN_MILLION / FANS));
            let standing = snapshot.standing(Draw(0), Some(place), tag(fan), now);
            // Who has a turn goes to the shop.
            matches!(standing, Standing::Waiting { .. }).then(|| (snapshot.clone(), standing))
        });
        assert_within_budget(&counted, phase);
    }
}

#[test]
fn a_client_that_asks_too_early_is_told_what_it_knows_and_the_same_instant() {
    let on_sale = OnSale::of(TEN_MILLION, TURN_MS.default, 200, |_| Some(1_000));
    let place = Place(500_000);
    let first = at(120);
    let known = on_sale.snapshot(first).standing(Draw(0), Some(place), tag(1), first);
    let Standing::Waiting { ahead, poll_at, .. } = known else {
        panic!("{known:?}");
    };
    assert!(poll_at.since(first) > 2_000);
    for ms in (0..poll_at.since(first) - EARLY_POLL_MS).step_by(500) {
        let now = first.plus(ms);
        let told = on_sale.snapshot(now).standing(Draw(0), Some(place), tag(1), now);
        let Standing::Waiting {
            ahead: again,
            poll_at: at_again,
            ..
        } = told
        else {
            panic!("{told:?}");
        };
        assert_eq!((again, at_again), (ahead, poll_at), "after {ms} ms");
    }
    for (early, is_new) in [(EARLY_POLL_MS, true), (EARLY_POLL_MS + 1, false)] {
        let now = poll_at.minus(early);
        let told = on_sale.snapshot(now).standing(Draw(0), Some(place), tag(1), now);
        assert_eq!(
            matches!(told, Standing::Waiting { ahead: again, .. } if again < ahead),
            is_new,
            "{early} ms early"
        );
    }
}

#[test]
fn while_the_queue_cannot_be_read_polls_stay_spread_within_the_budget() {
    let old = drawn(ON_SALE, Schedule::default(), TEN_MILLION, at(0));
    let mut polls = vec![0; 300];
    for fan in 0..FANS {
        let mut now = at(100);
        while now < at(400) {
            now = now.plus(old.idle_poll_after_ms(tag(fan), now));
            if let Some(polls) = polls.get_mut((now.since(at(100)) / 1000) as usize) {
                *polls += 1;
            }
        }
    }
    assert_within_budget(&polls, "silence");
    let few = drawn(ON_SALE, Schedule::default(), 1_000, at(0));
    let after = (0..1_000).map(|fan| few.idle_poll_after_ms(tag(fan), at(100)));
    assert!(after.max().unwrap() <= UNKNOWN_POLL_MS + EARLY_POLL_MS);
}

#[test]
fn with_few_fans_and_a_known_pace_nobody_waits_longer_than_told_or_the_longest_interval() {
    let on_sale = OnSale::of(50_000, TURN_MS.default, 200, |_| Some(10));
    let snapshot = on_sale.snapshot(at(199));
    let served = snapshot.schedule.served(at(199));
    for (ahead, longest) in [
        (1, 1_000),
        (29, 1_000),
        (100, 4_000),
        (1_000, 32_000),
        (10_000, LONGEST_POLL_MS),
    ] {
        for fan in 0..50 {
            let now = at(199).plus(fan * 13);
            let standing = snapshot.standing(Draw(0), Some(Place(served + ahead)), tag(fan), now);
            if matches!(standing, Standing::Turn { .. }) {
                continue;
            }
            let after = snapshot.poll_after_ms(standing, tag(fan), now);
            assert!(
                (EARLY_POLL_MS..=longest + EARLY_POLL_MS).contains(&after),
                "{ahead} ahead: {after} ms"
            );
        }
    }
    // Nobody knows how long a line takes that has not moved.
    let still = OnSale::of(50_000, TURN_MS.default, 400, |_| Some(0)).snapshot(at(399));
    let standing = still.standing(Draw(0), Some(Place(9)), tag(3), at(399));
    assert!(still.poll_after_ms(standing, tag(3), at(399)) <= UNKNOWN_POLL_MS + EARLY_POLL_MS);
}
