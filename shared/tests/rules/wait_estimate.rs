//! The wait estimate: exact where the curve is decided, otherwise based on the last minutes.
//!
//! It never counts a stop, a pause or an idle time, and it is the same from the part of the
//! schedule that an edge has.

use stanchion_shared::{
    event_settings::{SHOPPING_MS, TURN_MS},
    ids::{Draw, Place, Tag},
    polling::{LONGEST_POLL_MS, SHORTEST_POLL_MS},
    queue_status::Standing,
    schedule::{EFFECT_DELAY_MS, ESTIMATE_SPAN_MS, Rate, STANDSTILL_COUNTS_MS, Schedule, ScheduleChange},
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

use crate::snapshots::drawn;

const START: UnixMillis = UnixMillis(1_000_000_000);
const LEASE_MS: u64 = 10_000;
/// A place beyond all that are served in these tests.
const LAST_PLACE: u64 = 1_000_000;

fn at(seconds: u64) -> UnixMillis {
    START.plus(seconds * 1000)
}

/// A schedule that gets a rate every second, as from a meter. `None`: the meter is silent in that
/// second.
fn metered(seconds: u64, last_place: u64, rate: impl Fn(u64) -> Option<u64>) -> Schedule {
    let mut schedule = Schedule::default();
    let draw = ScheduleChange {
        last_place: Some(last_place),
        turn_ms: Some(TURN_MS.least),
        ..ScheduleChange::default()
    };
    schedule.change(draw, START.minus(1));
    for second in 0..=seconds {
        if let Some(milli) = rate(second) {
            schedule.renew(LEASE_MS, at(second));
            let change = ScheduleChange {
                rate: Some(Rate::from_milli(milli)),
                ..ScheduleChange::default()
            };
            schedule.change(change, at(second));
        }
    }
    schedule
}

/// The estimate in seconds for the place that is `ahead` places behind the last one served.
fn told(schedule: &Schedule, ahead: u64, seconds: u64) -> Option<u64> {
    let place = Place(schedule.served(at(seconds)) + ahead);
    schedule
        .wait_estimate_ms(place, at(seconds))
        .map(|ms| ms.div_ceil(1000))
}

fn assert_near(told: Option<u64>, seconds: u64) {
    let difference = told.map(|told| told.abs_diff(seconds));
    assert!(
        difference.is_some_and(|difference| difference * 50 <= seconds),
        "{told:?} for {seconds}"
    );
}

#[test]
fn at_a_steady_rate_the_wait_is_places_by_rate_from_the_first_minute_on() {
    let schedule = metered(900, LAST_PLACE, |_| Some(10_000));
    for seconds in [3, 60, 299, 300, 301, 900] {
        assert_near(told(&schedule, 6_000, seconds), 600);
    }
}

#[test]
fn a_shop_that_admits_in_bursts_gives_the_same_wait_in_a_burst_and_between_two() {
    // Half a minute at 20 places per second, then a minute at none.
    let schedule = metered(1_000, LAST_PLACE, |second| {
        Some(if second % 90 < 30 { 20_000 } else { 0 })
    });
    for seconds in 930..990 {
        let told = told(&schedule, 6_000, seconds).unwrap();
        // A span of 300 s contains three or four bursts, and 900 s of waiting contain ten.
        assert!((675..=1_125).contains(&told), "{told} s after {seconds} s");
    }
}

#[test]
fn a_new_rate_is_the_pace_after_the_span_and_half_of_it_after_half() {
    let schedule = metered(1_000, LAST_PLACE, |second| {
        Some(if second < 500 { 10_000 } else { 2_000 })
    });
    let changed = 502;
    let span = ESTIMATE_SPAN_MS / 1000;
    assert_near(told(&schedule, 6_000, changed), 600);
    assert_near(told(&schedule, 6_000, changed + span / 2), 1_000);
    assert_near(told(&schedule, 6_000, changed + span), 3_000);
}

#[test]
fn a_stop_does_not_slow_the_pace() {
    let schedule = metered(400, LAST_PLACE, |second| {
        (!(200..260).contains(&second)).then_some(10_000)
    });
    assert_eq!(schedule.stops().as_slice().len(), 1);
    for seconds in [262, 300, 400] {
        assert_near(told(&schedule, 6_000, seconds), 600);
    }
}

#[test]
fn a_time_when_nobody_waited_does_not_slow_the_pace() {
    // 1,000 places are served in 100 s. The others are drawn long after.
    let mut schedule = metered(600, 1_000, |_| Some(10_000));
    assert_eq!(schedule.served(at(600)), 1_000);
    schedule.renew(LEASE_MS, at(600));
    let draw = ScheduleChange {
        last_place: Some(LAST_PLACE),
        ..ScheduleChange::default()
    };
    schedule.change(draw, at(600));
    assert_near(told(&schedule, 6_000, 602), 600);
    assert_near(told(&schedule, 6_000, 605), 600);
}

#[test]
fn a_pause_counts_for_a_minute_at_the_most_and_a_short_standstill_for_what_it_was() {
    let span = ESTIMATE_SPAN_MS / 1000;
    for (standstill, counts) in [(30, 30), (59, 59), (60, 60), (61, 60), (600, 60), (7_200, 60)] {
        assert!(counts * 1000 <= STANDSTILL_COUNTS_MS);
        let resumed = 400 + standstill;
        let schedule = metered(resumed + 600, LAST_PLACE, |second| {
            Some(if (400..resumed).contains(&second) { 0 } else { 10_000 })
        });
        // Counted from the instant at which the rates take effect.
        let told_after = |seconds| told(&schedule, 6_000, resumed + 2 + seconds);
        assert_near(told_after(1), 600 * span / (span - counts));
        assert_near(told_after(span), 600);
    }
}

#[test]
fn nobody_admitted_in_the_whole_span_is_no_pace() {
    let span = ESTIMATE_SPAN_MS / 1000;
    let schedule = metered(1_000, LAST_PLACE, |second| Some(if second < 100 { 10_000 } else { 0 }));
    let flat_from = 102;
    assert!(told(&schedule, 6_000, flat_from + span - 1).is_some());
    assert_eq!(told(&schedule, 6_000, flat_from + span), None);
    assert_eq!(told(&metered(100, LAST_PLACE, |_| Some(0)), 1, 100), None);
}

#[test]
fn a_place_that_is_served_waits_no_more_and_the_last_of_all_never_overflows() {
    let schedule = metered(400, LAST_PLACE, |_| Some(10_000));
    let served = schedule.served(at(400));
    assert_eq!(schedule.wait_estimate_ms(Place(served), at(400)), Some(0));
    assert!(
        schedule
            .wait_estimate_ms(Place(served + 1), at(400))
            .is_some_and(|ms| ms > 0)
    );
    let far = schedule.wait_estimate_ms(Place(u64::MAX), at(400));
    assert_eq!(far, Some(u64::MAX));
}

#[test]
fn an_edge_has_enough_of_the_schedule_to_tell_what_the_whole_schedule_tells() {
    // Turns and shopping sessions are as short as possible, so the span is the longest time that
    // anything needs.
    let rate = |second: u64| (second % 170 < 150).then_some(second * 7_919 % 20_000);
    for seconds in [10, 200, 599, 600, 601, 1_500] {
        let whole = metered(seconds, LAST_PLACE, rate);
        let live = whole.live_part(at(seconds), SHOPPING_MS.least);
        for ahead in [1, 500, 50_000] {
            assert_eq!(told(&live, ahead, seconds), told(&whole, ahead, seconds), "{seconds} s");
        }
    }
    let whole = metered(1_500, LAST_PLACE, rate);
    let live = whole.live_part(at(1_500), SHOPPING_MS.least);
    assert!(
        live.segments().len() < whole.segments().len() / 2,
        "and not much more than enough"
    );
}

fn snapshot(schedule: Schedule, paused: bool) -> Snapshot {
    Snapshot {
        paused,
        ..drawn(START, schedule, LAST_PLACE, START)
    }
}

/// A fan whose poll time is at `now`, whatever the interval.
fn who_asks_at(now: UnixMillis) -> Tag {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&now.0.to_be_bytes());
    Tag(bytes)
}

fn waiting(snapshot: &Snapshot, place: u64, seconds: u64) -> (u64, Option<u64>) {
    let tag = who_asks_at(at(seconds));
    match snapshot.standing(Draw(0), Some(Place(place)), tag, at(seconds)) {
        Standing::Waiting {
            ahead, wait_seconds, ..
        } => (ahead, wait_seconds),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_fan_is_told_the_instant_where_it_is_decided_and_the_pace_beyond() {
    // The line was slower in the last minute. The part that the lease covers is decided at the new
    // rate; beyond it the estimate counts.
    let schedule = metered(400, LAST_PLACE, |second| {
        Some(if second < 340 { 10_000 } else { 5_000 })
    });
    let served = schedule.served(at(400));
    let snapshot = snapshot(schedule, false);
    assert_eq!(waiting(&snapshot, served + 50, 400), (49, Some(10)));
    let (ahead, told) = waiting(&snapshot, served + 9_000, 400);
    assert_eq!(ahead, 8_999);
    // 242 s at 10 places per second and 58 s at 5.
    assert_near(told, 9_000 * 300 / (242 * 10 + 58 * 5));
}

#[test]
fn a_shop_that_is_full_at_the_moment_still_gives_a_wait_and_polls_stay_apart() {
    let schedule = metered(400, LAST_PLACE, |second| Some(if second < 398 { 10_000 } else { 0 }));
    let now = at(402);
    assert_eq!(schedule.rate(now), Rate::ZERO);
    let snapshot = snapshot(schedule, false);
    let served = snapshot.schedule.served(now);
    let (_, told) = waiting(&snapshot, served + 6_000, 402);
    assert_near(told, 608);
    for ahead in [1, 100, 6_000, LAST_PLACE - served] {
        let tag = who_asks_at(now);
        let standing = snapshot.standing(Draw(0), Some(Place(served + ahead)), tag, now);
        let wait_ms = snapshot.poll_after_ms(standing, tag, now);
        assert!(
            (SHORTEST_POLL_MS..=LONGEST_POLL_MS).contains(&wait_ms),
            "{ahead}: {wait_ms}"
        );
    }
}

#[test]
fn while_admission_is_paused_or_stopped_no_wait_is_told() {
    let schedule = metered(400, LAST_PLACE, |second| Some(if second < 390 { 10_000 } else { 0 }));
    assert_eq!(waiting(&snapshot(schedule.clone(), true), 9_000, 395).1, None);
    assert!(waiting(&snapshot(schedule.clone(), false), 9_000, 395).1.is_some());
    let lease_end = 410;
    assert!(schedule.stopped(at(lease_end)) && !schedule.stopped(at(lease_end - 1)));
    assert_eq!(waiting(&snapshot(schedule.clone(), false), 9_000, lease_end).1, None);
    assert!(waiting(&snapshot(schedule, false), 9_000, lease_end - 1).1.is_some());
}

#[test]
fn a_small_shop_that_admits_every_other_second_is_not_taken_for_one_that_stands_still() {
    // As the meter does with room for one shopper, soon after the on-sale: a quarter of a place,
    // then nothing.
    let schedule = metered(9, 100, |second| Some(if second % 4 == 0 { 250 } else { 0 }));
    let waited = schedule.wait_estimate_ms(Place(2), at(9)).unwrap();
    assert!(waited < 60_000, "{waited} ms");
}

/// An old snapshot repeats what it last said, and a wrong clock lets no turn begin early.
#[test]
fn a_snapshot_answers_for_no_instant_before_it_was_taken_nor_after_its_curve_is_certain() {
    let snapshot = snapshot(metered(100, LAST_PLACE, |_| Some(10_000)), false);
    for (clock, instant) in [
        (START.minus(3_600_000), START),
        (START, START),
        (START.plus(EFFECT_DELAY_MS), START.plus(EFFECT_DELAY_MS)),
        (START.plus(EFFECT_DELAY_MS + 1), START.plus(EFFECT_DELAY_MS)),
        (START.plus(600_000), START.plus(EFFECT_DELAY_MS)),
    ] {
        assert_eq!(snapshot.answers_for(clock), instant, "{clock}");
    }
}
