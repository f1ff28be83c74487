//! The curve never falls, is never rewritten, has an exact inverse, and admits no more than its
//! rate.

use proptest::prelude::*;
use stanchion_shared::{
    ids::Place,
    schedule::{EFFECT_DELAY_MS, Rate, Schedule, ScheduleChange, SecondLine},
    timestamp::UnixMillis,
};

const START: UnixMillis = UnixMillis(1_000_000);

#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Renew(u64),
    Rate(u64),
    DrawCloses(u64),
    /// A draw whose places open later: so many fans, so many suspects, in so many ms.
    DrawOpens(u64, u64, u64),
    /// A person of the first line joins.
    TakeBack,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1u64..4_000).prop_map(Step::Wait),
        4 => (3_000u64..8_000).prop_map(Step::Renew),
        2 => (0u64..20_000).prop_map(Step::Rate),
        1 => (1u64..200).prop_map(Step::DrawCloses),
        1 => (0u64..200, 0u64..50, 0u64..20_000)
            .prop_map(|(fans, suspects, wait_ms)| Step::DrawOpens(fans, suspects, wait_ms)),
        2 => Just(Step::TakeBack),
    ];
    prop::collection::vec(step, 1..40)
}

/// Every state of the schedule, with the instant from which it was the newest.
fn history(steps: &[Step]) -> (Vec<(UnixMillis, Schedule)>, UnixMillis) {
    let mut now = START;
    let mut schedule = Schedule::default();
    let (mut last_place, mut suspects, mut moved_up) = (0, 0, 0);
    let mut states = vec![(now, schedule.clone())];
    for step in steps {
        match *step {
            Step::Wait(ms) => now = now.plus(ms),
            Step::Renew(lease_ms) => schedule.renew(lease_ms, now),
            Step::Rate(milli) => {
                let change = ScheduleChange {
                    rate: Some(Rate::from_milli(milli)),
                    turn_ms: Some(60_000),
                    ..ScheduleChange::default()
                };
                schedule.change(change, now);
            }
            Step::DrawCloses(fans) => {
                schedule.take_back(now);
                if let Some(line) = schedule.second_line() {
                    (last_place, moved_up) = (line.after_place, line.moved_up);
                }
                last_place += fans;
                schedule.open_later(last_place, second_line(last_place, suspects, moved_up), 0, now);
            }
            Step::DrawOpens(fans, more, wait_ms) => {
                schedule.take_back(now);
                if let Some(line) = schedule.second_line() {
                    (last_place, moved_up) = (line.after_place, line.moved_up);
                }
                last_place += fans;
                suspects += more;
                let ends = last_place + suspects - moved_up;
                schedule.open_later(ends, second_line(last_place, suspects, moved_up), wait_ms, now);
            }
            Step::TakeBack => schedule.take_back(now),
        }
        states.push((now, schedule.clone()));
    }
    (states, now)
}

fn second_line(after_place: u64, suspects: u64, moved_up: u64) -> Option<SecondLine> {
    (suspects > 0).then_some(SecondLine { after_place, moved_up })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_curve_never_falls_and_never_passes_the_last_place(steps in steps()) {
        let (states, end) = history(&steps);
        let schedule = &states.last().unwrap().1;
        let last_place = schedule.segments().iter().map(|segment| segment.last_place).max().unwrap_or_default();
        let mut before = 0;
        for ms in (START.0..end.0 + 10_000).step_by(37) {
            let served = schedule.served_micro(UnixMillis(ms));
            prop_assert!(served >= before, "falls at {ms}");
            prop_assert!(served <= last_place * 1_000_000);
            before = served;
        }
    }

    #[test]
    fn every_snapshot_that_may_be_used_agrees_with_the_final_curve(steps in steps()) {
        let (states, _) = history(&steps);
        let last = &states.last().unwrap().1;
        for (index, (taken, state)) in states.iter().enumerate() {
            // Only the newest state of an instant is a snapshot, and a snapshot is used for
            // EFFECT_DELAY_MS.
            if states.get(index + 1).is_some_and(|(next, _)| next == taken) {
                continue;
            }
            for ms in (taken.0..=taken.0 + EFFECT_DELAY_MS).step_by(97) {
                prop_assert_eq!(state.served_micro(UnixMillis(ms)), last.served_micro(UnixMillis(ms)), "at {}", ms);
            }
        }
    }

    #[test]
    fn the_inverse_is_exact(steps in steps()) {
        let (states, _) = history(&steps);
        let schedule = &states.last().unwrap().1;
        let served_in_the_end = schedule.served(UnixMillis(u64::MAX / 4));
        for place in 1..=served_in_the_end {
            let turn = schedule.turn_at(Place(place)).expect("it is served, so there is an instant");
            prop_assert!(schedule.served(turn) >= place);
            prop_assert!(schedule.served(turn.minus(1)) < place);
        }
        prop_assert_eq!(schedule.turn_at(Place(served_in_the_end + 1)), None);
    }

    #[test]
    fn turns_in_any_second_are_at_most_the_highest_rate_of_it_rounded_up(steps in steps()) {
        let (states, end) = history(&steps);
        let schedule = &states.last().unwrap().1;
        for from in (START.0..end.0 + 5_000).step_by(211) {
            let turns = schedule.served(UnixMillis(from + 999)) - schedule.served(UnixMillis(from - 1));
            let rates = (from - 1..from + 1_000).map(|ms| schedule.rate(UnixMillis(ms)));
            let highest = rates.max().unwrap();
            prop_assert!(turns <= highest.milli().div_ceil(1000), "{turns} turns at {from}, rate {highest:?}");
        }
    }

    #[test]
    fn a_turn_that_came_keeps_its_instant(steps in steps()) {
        let (states, _) = history(&steps);
        let last = &states.last().unwrap().1;
        for (taken, state) in &states {
            for place in 1..=state.served(*taken) {
                prop_assert_eq!(state.turn_at(Place(place)), last.turn_at(Place(place)));
            }
        }
    }

    #[test]
    fn a_number_of_the_second_line_keeps_the_place_with_which_its_turn_came(steps in steps()) {
        let (states, _) = history(&steps);
        let last = &states.last().unwrap().1;
        for (taken, state) in &states {
            let is_served = |place: &Place| place.0 <= state.served(*taken);
            for number in 1..400 {
                let Some(place) = state.place_in_line(number).filter(is_served) else {
                    break;
                };
                prop_assert_eq!(last.place_in_line(number), Some(place), "number {}", number);
            }
        }
    }

    #[test]
    fn the_live_part_answers_like_the_whole(steps in steps(), shopping_ms in 1_000u64..30_000) {
        let (states, end) = history(&steps);
        let whole = &states.last().unwrap().1;
        let now = end.plus(1_000);
        let live = whole.live_part(now, shopping_ms);
        prop_assert_eq!(live.served_micro(now), whole.served_micro(now));
        for place in 1..=whole.served(now) {
            let turn = whole.turn_at(Place(place)).unwrap();
            let over = whole.end_of(whole.claim_before(turn, now), shopping_ms, now) <= now;
            if live.long_past(Place(place)) {
                prop_assert!(over, "dropped while alive");
            } else {
                prop_assert_eq!(live.turn_at(Place(place)), Some(turn));
                prop_assert_eq!(live.claim_before(turn, now), whole.claim_before(turn, now));
            }
        }
    }
}

#[test]
fn a_dead_origin_stops_admission_and_nobodys_turn_is_eaten() {
    let mut schedule = Schedule::default();
    schedule.renew(10_000, START);
    let change = ScheduleChange {
        rate: Some(Rate::per_second(10)),
        turn_ms: Some(60_000),
        session_ms: Some(60_000),
        last_place: Some(1_000),
        second_line: None,
    };
    let from = schedule.change(change, START);
    assert_eq!(from, START.plus(2_000));
    let lease_end = START.plus(10_000);
    assert_eq!(schedule.served(lease_end), 80);
    assert_eq!(schedule.served(lease_end.plus(50_000)), 80, "flat without the origin");

    let turn = schedule.turn_at(Place(80)).unwrap();
    let back = lease_end.plus(50_000);
    schedule.renew(10_000, back);
    assert_eq!(
        schedule.served(back.plus(2_000)),
        80,
        "what was missed is not caught up"
    );
    assert_eq!(schedule.served(back.plus(3_000)), 90, "and then it goes on");
    assert_eq!(
        schedule.claim_before(turn, back.plus(2_000)),
        turn.plus(60_000 + 52_000),
        "the stop does not count"
    );
}

#[test]
fn a_lease_renewed_in_time_leaves_no_trace() {
    let mut schedule = Schedule::default();
    let change = ScheduleChange {
        rate: Some(Rate::per_second(10)),
        turn_ms: Some(1),
        session_ms: Some(1),
        last_place: Some(1_000),
        second_line: None,
    };
    schedule.change(change, START);
    for second in 0..30 {
        schedule.renew(3_000, START.plus(second * 1_000));
    }
    assert_eq!((schedule.segments().len(), schedule.stops().as_slice().len()), (1, 0));
}

#[test]
fn idle_time_gives_a_late_draw_no_burst() {
    let mut schedule = Schedule::default();
    schedule.renew(1_000_000, START);
    let change = ScheduleChange {
        rate: Some(Rate::per_second(100)),
        turn_ms: Some(1),
        session_ms: Some(1),
        last_place: Some(50),
        second_line: None,
    };
    schedule.change(change, START);
    let late = START.plus(500_000);
    assert_eq!(schedule.served(late), 50);
    let from = schedule.change(
        ScheduleChange {
            last_place: Some(10_000),
            ..ScheduleChange::default()
        },
        late,
    );
    assert_eq!(schedule.served(from), 50);
    assert_eq!(schedule.served(from.plus(1_000)), 150);
}
