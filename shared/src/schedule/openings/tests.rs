use super::*;
use crate::{
    ids::Place,
    schedule::{Rate, STANDSTILL_COUNTS_MS},
};

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const HOLD_MS: u64 = 64_000;

fn at(seconds: u64) -> UnixMillis {
    START.plus(seconds * 1000)
}

/// A hundred a second from two seconds on, with so many drawn.
fn metered(drawn: u64) -> Schedule {
    let mut schedule = Schedule::default();
    schedule.renew(10_000, START);
    let change = ScheduleChange {
        rate: Some(Rate::per_second(100)),
        turn_ms: Some(600_000),
        last_place: Some(drawn),
        ..ScheduleChange::default()
    };
    schedule.change(change, START);
    schedule
}

/// Releases once a second, at the same rate.
fn go_on(schedule: &mut Schedule, seconds: std::ops::RangeInclusive<u64>) {
    for second in seconds {
        schedule.renew(10_000, at(second));
        schedule.change(ScheduleChange::default(), at(second));
    }
}

#[test]
fn the_first_turn_of_a_draw_is_after_the_hold_and_not_before() {
    let mut schedule = metered(0);
    go_on(&mut schedule, 1..=10);
    schedule.open_later(1_000, None, HOLD_MS, at(10));
    go_on(&mut schedule, 11..=80);
    assert_eq!(schedule.served(at(10 + 64)), 0);
    assert_eq!(schedule.turn_at(Place(1)), Some(at(74).plus(10)));
    assert_eq!(schedule.turn_at(Place(100)), Some(at(75)));
}

#[test]
fn a_hold_as_long_as_any_change_takes_is_an_ordinary_change() {
    for (hold_ms, from) in [(1_000, at(12)), (2_000, at(12)), (2_001, at(12).plus(1))] {
        let mut schedule = metered(0);
        go_on(&mut schedule, 1..=10);
        schedule.open_later(1_000, None, hold_ms, at(10));
        assert_eq!(schedule.turn_at(Place(1)), Some(from.plus(10)), "{hold_ms}");
    }
}

#[test]
fn who_was_drawn_before_is_served_meanwhile() {
    let mut schedule = metered(1_000);
    schedule.open_later(2_000, None, HOLD_MS, at(5));
    go_on(&mut schedule, 6..=90);
    assert_eq!(schedule.turn_at(Place(1_000)), Some(at(12)));
    assert_eq!(schedule.served(at(69)), 1_000);
    assert_eq!(schedule.turn_at(Place(1_001)), Some(at(69).plus(10)));
}

#[test]
fn a_rate_or_a_pause_put_during_the_hold_takes_effect_after_two_seconds_as_ever() {
    let mut schedule = metered(500);
    schedule.open_later(2_000, None, HOLD_MS, at(1));
    let pause = ScheduleChange {
        rate: Some(Rate::ZERO),
        ..ScheduleChange::default()
    };
    schedule.renew(100_000, at(2));
    assert_eq!(schedule.change(pause, at(2)), at(4));
    assert_eq!(schedule.served(at(4)), 200);
    assert_eq!(
        schedule.served(at(90)),
        200,
        "the opening has the rate that is in force"
    );
    assert_eq!(schedule.segments().last().unwrap().last_place, 2_000);
}

#[test]
fn every_draw_has_a_hold_of_its_own() {
    let mut schedule = metered(0);
    for draw in 0..10 {
        schedule.open_later(1_000 * (draw + 1), None, HOLD_MS, at(5 * draw));
        go_on(&mut schedule, 5 * draw + 1..=5 * draw + 4);
    }
    go_on(&mut schedule, 50..=300);
    for draw in 0..10 {
        let opened = at(5 * draw + 64);
        let turn_at = schedule.turn_at(Place(1_000 * draw + 1)).unwrap();
        assert!(turn_at > opened, "{draw}");
        assert!(schedule.served(opened) <= 1_000 * draw);
    }
    assert_eq!(schedule.served(at(300)), 10_000);
}

#[test]
fn a_stop_during_the_hold_opens_nothing_early() {
    let mut schedule = metered(0);
    schedule.open_later(1_000, None, HOLD_MS, at(1));
    // The origin is silent for 20 s and comes back before the hold is over.
    go_on(&mut schedule, 30..=100);
    assert_eq!(schedule.stops().as_slice().len(), 1);
    assert_eq!(schedule.served(at(65)), 0);
    assert_eq!(schedule.turn_at(Place(1)), Some(at(65).plus(10)));
    // A stop that lasts longer than the hold.
    let mut schedule = metered(0);
    schedule.open_later(1_000, None, HOLD_MS, at(1));
    go_on(&mut schedule, 90..=120);
    assert_eq!(schedule.served(at(92)), 0);
    assert!(schedule.turn_at(Place(1)).is_some_and(|turn| turn <= at(92).plus(20)));
}

#[test]
fn the_wait_estimate_knows_of_the_hold() {
    let mut schedule = metered(0);
    go_on(&mut schedule, 1..=10);
    schedule.open_later(100_000, None, HOLD_MS, at(10));
    go_on(&mut schedule, 11..=14);
    // 59 s of the hold are left, and then 50,000 places at a hundred a second.
    let told = schedule.wait_estimate_ms(Place(50_000), at(15)).unwrap();
    assert!(told.abs_diff(559_000) < 1_000, "{told}");
    assert!(told > STANDSTILL_COUNTS_MS);
}
