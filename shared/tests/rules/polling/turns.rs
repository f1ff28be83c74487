//! Turns: fans near theirs ask more often, each learns of it in time, and nobody sooner by asking
//! more often.

use stanchion_shared::{
    event_settings::TURN_MS,
    ids::{Draw, Place},
    polling::{EARLY_POLL_MS, POLLS_PER_SECOND, SHORTEST_POLL_MS, shortest_turn_ms, spread_ms},
    queue_status::Standing,
    schedule::Schedule,
    timestamp::UnixMillis,
};

use super::{ON_SALE, OnSale, TEN_MILLION, at, tag};
use crate::snapshots::drawn;

/// When a fan who asks as told is told of the turn.
fn arrival(on_sale: &OnSale, fan: u64, place: Place, from: UnixMillis) -> UnixMillis {
    let mut now = from;
    loop {
        let snapshot = on_sale.snapshot(now);
        match snapshot.standing(Draw(0), Some(place), tag(fan), now) {
            Standing::Turn { .. } => return now,
            standing => now = now.plus(snapshot.poll_after_ms(standing, tag(fan), now)),
        }
        assert!(now < on_sale.ends(), "{fan} never came");
    }
}

#[test]
fn fans_near_their_turn_ask_more_often_and_stay_within_their_part() {
    let spread = spread_ms(TEN_MILLION);
    for (rate, shortest) in [(1_000, 1_000), (1_950, 2_000), (6_600, spread / 2), (20_000, spread)] {
        let on_sale = OnSale::of(TEN_MILLION, TURN_MS.default, 200, |_| Some(rate));
        let snapshot = on_sale.snapshot(at(199));
        let served = snapshot.schedule.served(at(199));
        let mut near_polls = 0.0;
        let mut least = u64::MAX;
        // Everybody who waits for less than three spreads, one in a hundred.
        for ahead in (1..rate * 3 * spread / 1000).step_by(100) {
            let pace = |instant| snapshot.schedule.pace(instant);
            let interval = snapshot.poll_interval(Place(served + ahead), tag(ahead), at(199), &pace);
            let interval_ms = interval.until.since(interval.since);
            least = least.min(interval_ms);
            if interval_ms < spread {
                near_polls += 100.0 * 1000.0 / interval_ms as f64;
            }
        }
        assert_eq!(least, shortest, "at {rate} a second");
        assert!(
            near_polls <= 0.2 * POLLS_PER_SECOND as f64 * 1.1,
            "{near_polls} polls a second at {rate}"
        );
    }
}

#[test]
fn few_fans_are_told_their_turn_within_about_a_second() {
    let on_sale = OnSale::of(300, TURN_MS.default, 60, |_| Some(10));
    for fan in 0..300 {
        let turn_at = on_sale.known[59].turn_at(Place(fan + 1)).unwrap();
        let arrives = arrival(&on_sale, fan, Place(fan + 1), at(2));
        assert!(arrives.since(turn_at) <= 1_100, "{}", arrives.since(turn_at));
    }
}

#[test]
fn who_asks_ten_times_a_second_is_told_of_the_turn_no_sooner_than_who_asks_as_told() {
    let rates: [fn(u64) -> u64; 4] = [
        |_| 50,
        |second| if second % 45 < 15 { 150 } else { 0 },
        // An admin raises the limit to forty times.
        |second| if second < 150 { 10 } else { 400 },
        |second| if (60..150).contains(&second) { 0 } else { 80 },
    ];
    for rate in rates {
        for joined in [20_000, 1_000_000] {
            let on_sale = OnSale::of(joined, TURN_MS.default, 320, |second| Some(rate(second)));
            let served = on_sale.known.last().unwrap().served(on_sale.ends().minus(70_000));
            assert!(served > 1_000, "{served}");
            for fan in (0..served).step_by(29) {
                let place = Place(fan + 1);
                // Places are known when the draw is closed; each fan asks once within the spread.
                let first = at(2).plus(fan * 37 % spread_ms(joined));
                let told = arrival(&on_sale, fan, place, first);
                let mut impatient = first;
                while !matches!(
                    on_sale
                        .snapshot(impatient)
                        .standing(Draw(0), Some(place), tag(fan), impatient),
                    Standing::Turn { .. }
                ) {
                    impatient = impatient.plus(100);
                }
                assert!(
                    told <= impatient.plus(EARLY_POLL_MS),
                    "{joined} joined, place {}: {} ms sooner",
                    place.0,
                    told.since(impatient)
                );
            }
        }
    }
}

#[test]
fn no_fan_is_told_to_come_later_than_half_of_what_is_left_of_a_turn() {
    // The shortest turn, and the one that ten million need.
    for (joined, turn_ms) in [(1_000, TURN_MS.least), (TEN_MILLION, shortest_turn_ms(TEN_MILLION))] {
        // A line that hardly moves, and then everybody is served at once.
        let on_sale = OnSale::of(joined, turn_ms, 900, |second| {
            Some(if second < 300 { 1 } else { 100_000 })
        });
        for fan in 0..200 {
            let place = Place(joined / 2 + fan);
            let turn_at = on_sale.known.last().unwrap().turn_at(place).unwrap();
            let arrives = arrival(&on_sale, fan, place, at(250).plus(fan * 50));
            assert!(
                arrives.since(turn_at) <= turn_ms / 2,
                "{} ms after the turn of {turn_ms} ms",
                arrives.since(turn_at)
            );
        }
    }
}

#[test]
fn in_a_turn_that_nobody_claims_half_of_what_is_left_is_the_most() {
    let now = at(0);
    let snapshot = drawn(ON_SALE, Schedule::default(), TEN_MILLION, now);
    for left_ms in [600_000, 60_000, 5_000, 2_000, 1_000] {
        let (turn_at, claim_before) = (now, now.plus(left_ms));
        for fan in 0..100 {
            let after = snapshot.poll_after_ms(Standing::Turn { turn_at, claim_before }, tag(fan), now);
            assert!(after <= (left_ms / 2).max(SHORTEST_POLL_MS), "{after} of {left_ms}");
        }
    }
}

#[test]
fn a_place_is_called_when_every_punctual_fan_could_have_asked() {
    let rates: [fn(u64) -> u64; 3] = [
        |_| 50,
        |second| if second % 45 < 15 { 150 } else { 0 },
        |second| {
            if second < 150 { 10 } else { 400 }
        },
    ];
    for rate in rates {
        for joined in [20_000, TEN_MILLION] {
            let on_sale = OnSale::of(joined, TURN_MS.default, 400, |second| Some(rate(second)));
            let mut called_at = Vec::new();
            let mut before = 0;
            for second in 0..400 {
                let snapshot = on_sale.snapshot(at(second));
                let called = snapshot.called(at(second));
                assert!(called <= snapshot.schedule.served(at(second)));
                // A place that is called stays so but for what the changed pace says of the last
                // minute.
                before = called.max(before);
                called_at.resize(before as usize, at(second));
            }
            let whole = on_sale.known.last().unwrap();
            assert!(before > 1_000, "{before} were called");
            for fan in (0..before - 1).step_by(31) {
                let place = Place(fan + 1);
                let arrives = arrival(&on_sale, fan, place, at(2).plus(fan * 37 % spread_ms(joined)));
                let called = called_at[fan as usize];
                assert!(
                    arrives <= called.plus(1_100),
                    "{joined} joined, place {}: turn {}, asked {}, called {}",
                    place.0,
                    whole.turn_at(place).unwrap().since(ON_SALE),
                    arrives.since(ON_SALE),
                    called.since(ON_SALE)
                );
            }
        }
    }
}
