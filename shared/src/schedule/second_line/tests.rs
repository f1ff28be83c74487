use super::*;
use crate::schedule::{Rate, ScheduleChange};

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const HOLD_MS: u64 = 64_000;

fn at(seconds: u64) -> UnixMillis {
    START.plus(seconds * 1000)
}

fn line(after_place: u64, moved_up: u64) -> Option<SecondLine> {
    Some(SecondLine { after_place, moved_up })
}

/// Ten a second from two seconds on: 100 of the first line, and behind them 50 of the second.
fn both_lines() -> Schedule {
    let mut schedule = Schedule::default();
    let change = ScheduleChange {
        rate: Some(Rate::per_second(10)),
        turn_ms: Some(600_000),
        last_place: Some(150),
        second_line: line(100, 0),
        ..ScheduleChange::default()
    };
    schedule.change(change, START);
    schedule
}

#[test]
fn the_second_line_is_served_behind_the_first() {
    let schedule = both_lines();
    assert_eq!(schedule.place_in_line(1), Some(Place(101)));
    assert_eq!(schedule.turn_at(Place(101)), Some(at(12).plus(100)));
    assert_eq!(schedule.turn_at(schedule.place_in_line(50).unwrap()), Some(at(17)));
    assert_eq!(schedule.served(at(60)), 150);
}

#[test]
fn what_the_curve_reaches_before_the_change_takes_effect_is_not_taken_back() {
    let mut schedule = both_lines();
    schedule.take_back(at(13).plus(50));
    // At 15.05 s there are 130.5 places served.
    assert_eq!(schedule.last_place(), 130);
    assert_eq!(schedule.second_line(), line(130, 30));
    assert_eq!(schedule.served(at(60)), 130);
    assert_eq!(schedule.place_in_line(30), Some(Place(130)));
    assert_eq!(schedule.turn_at(Place(130)), Some(at(15)));
    assert_eq!(schedule.place_in_line(31), Some(Place(131)), "if nobody joins");
    assert_eq!(schedule.turn_at(Place(131)), None);
    // Twenty of the first line come, and then the others of the second.
    schedule.open_later(170, line(150, 30), 1_000, at(20));
    assert_eq!(schedule.turn_at(Place(131)), Some(at(22).plus(50)));
    assert_eq!(schedule.place_in_line(30), Some(Place(130)), "as it was");
    assert_eq!(schedule.place_in_line(31), Some(Place(151)));
    assert_eq!(
        schedule.turn_at(schedule.place_in_line(50).unwrap()),
        Some(at(25).plus(950))
    );
}

#[test]
fn nothing_is_taken_back_twice_or_from_the_first_line() {
    let mut schedule = both_lines();
    schedule.take_back(at(3));
    assert_eq!((schedule.last_place(), schedule.second_line()), (100, line(100, 0)));
    let once = schedule.clone();
    schedule.take_back(at(4));
    assert_eq!(schedule, once);
    assert_eq!(schedule.served(at(60)), 100);
}

#[test]
fn an_opening_that_lies_ahead_loses_the_second_line_alone() {
    let mut schedule = both_lines();
    schedule.take_back(at(30));
    // They have moved up before the 40 of the next draw; two stay behind them.
    assert_eq!(schedule.second_line(), line(150, 50));
    schedule.open_later(192, line(190, 50), HOLD_MS, at(31));
    schedule.take_back(at(40));
    assert_eq!((schedule.last_place(), schedule.second_line()), (190, line(190, 50)));
    assert_eq!(schedule.turn_at(Place(151)), Some(at(95).plus(100)));
    assert_eq!(schedule.turn_at(Place(190)), Some(at(99)));
    assert_eq!(schedule.served(at(200)), 190);
}

#[test]
fn a_second_line_that_begins_during_a_hold_opens_nothing_early() {
    let mut schedule = Schedule::default();
    let change = ScheduleChange {
        rate: Some(Rate::per_second(10)),
        last_place: Some(10),
        ..ScheduleChange::default()
    };
    schedule.change(change, START);
    schedule.open_later(110, None, HOLD_MS, at(1));
    schedule.open_later(115, line(110, 0), HOLD_MS, at(2));
    assert_eq!(schedule.turn_at(Place(115)), Some(at(75).plus(500)));
    schedule.take_back(at(3));
    assert_eq!(
        (schedule.last_place(), schedule.place_in_line(5)),
        (110, Some(Place(115)))
    );
    assert_eq!(schedule.served(at(64)), 10);
    assert_eq!(schedule.turn_at(Place(11)), Some(at(65).plus(100)));
    assert_eq!(schedule.served(at(200)), 110);
}

#[test]
fn a_second_line_that_has_to_wait_is_known_during_the_hold() {
    let mut schedule = Schedule::default();
    schedule.change(
        ScheduleChange {
            last_place: Some(7),
            ..ScheduleChange::default()
        },
        START,
    );
    schedule.open_later(7, line(7, 0), HOLD_MS, at(1));
    assert_eq!(schedule.last_place(), 7);
    assert_eq!(schedule.place_in_line(3), Some(Place(10)));
}

#[test]
fn a_stop_takes_nothing_back_and_what_was_taken_back_stays_so() {
    let mut schedule = both_lines();
    schedule.renew(10_000, at(2));
    // The lease ends at 12 s: nobody of the second line has a turn by then.
    schedule.take_back(at(11));
    assert_eq!((schedule.last_place(), schedule.second_line()), (100, line(100, 0)));
    schedule.renew(10_000, at(20));
    assert_eq!((schedule.last_place(), schedule.second_line()), (100, line(100, 0)));
    assert_eq!(schedule.served(at(29)), 100);
}

#[test]
fn a_number_that_moved_up_long_ago_is_long_past() {
    let mut schedule = both_lines();
    schedule.take_back(at(13));
    schedule.open_later(1_000_000, line(1_000_000, 30), 0, at(20));
    let live = schedule.live_part(at(100_000), 1_000);
    assert_eq!(live.place_in_line(30), None);
    assert_eq!(live.place_in_line(31), Some(Place(1_000_001)));
}

#[test]
fn a_summary_says_the_same_turn_for_every_number() {
    // Alternately a person of the first line joins and is served, and five of the second move up.
    let mut schedule = Schedule::default();
    let first = ScheduleChange {
        rate: Some(Rate::per_second(5)),
        turn_ms: Some(3_600_000),
        last_place: Some(0),
        second_line: line(0, 0),
        ..ScheduleChange::default()
    };
    schedule.change(first, START);
    let people = 3_000;
    let mut now = START;
    for _ in 0..600 {
        now = now.plus(2_500);
        schedule.take_back(now);
        let SecondLine { after_place, moved_up } = schedule.second_line().unwrap();
        let after_place = after_place + 1;
        schedule.open_later(
            after_place + people - moved_up,
            line(after_place, moved_up),
            0,
            now.plus(300),
        );
    }
    let live = schedule.live_part(now, 3_600_000);
    assert!(
        live.segments().len() < schedule.segments().len(),
        "a part is summarised"
    );
    let moved_up = schedule.second_line().unwrap().moved_up;
    assert!(moved_up > 1_000);
    for number in 1..=moved_up {
        let turn_at = schedule.turn_at(schedule.place_in_line(number).unwrap()).unwrap();
        let told = live.turn_at(live.place_in_line(number).unwrap()).unwrap();
        // A summary's last millisecond stands for its end.
        let is_later = turn_at <= told.plus(1) && told.since(turn_at) < 65_536;
        assert!(is_later, "number {number}: {turn_at} {told}");
    }
}
