use super::*;
use crate::meter::AnswerGroup;

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const LIMITS: SiteLimits = SiteLimits {
    most_per_second: Rate::per_second(10),
    at_once: 100,
    brake: BrakeLimits {
        failed_percent: 10,
        slow_ms: 4_000,
    },
    called_ahead: 0,
};

fn after(seconds: u64) -> UnixMillis {
    START.plus(seconds * 1_000)
}

fn reading(served: u64, begun: u64, active: u64) -> SiteReading {
    SiteReading {
        line: LineReading { served, called: served },
        waiting: 1_000,
        begun,
        active,
        wait_for_slot: 0,
        answers: SiteAnswers::default(),
        rate: Rate::per_second(10),
    }
}

/// With room for many.
fn decision(meter: &mut SiteMeter, reading: SiteReading, second: u64) -> (SiteDecision, SiteMeterReport) {
    let at_once = 10_000;
    meter.decide(&SiteLimits { at_once, ..LIMITS }, &reading, after(second))
}

/// With room for a hundred.
fn narrow(meter: &mut SiteMeter, reading: SiteReading, second: u64) -> (SiteDecision, SiteMeterReport) {
    meter.decide(&LIMITS, &reading, after(second))
}

#[test]
fn an_empty_site_fills_at_the_set_rate_and_a_full_one_admits_nobody() {
    let mut meter = SiteMeter::new(Rate::ZERO);
    let (empty, report) = narrow(&mut meter, reading(0, 0, 0), 0);
    assert_eq!(empty.rate, Rate::per_second(10));
    assert_eq!((report.active, report.on_their_way, report.most_at_once), (0, 0, 100));
    assert_eq!(LIMITS.first_rate(), empty.rate);
    let few = SiteLimits { at_once: 20, ..LIMITS };
    assert_eq!(
        few.first_rate(),
        Rate::per_second(5),
        "a small site fills over four seconds"
    );
    let mut meter = SiteMeter::new(Rate::ZERO);
    assert_eq!(narrow(&mut meter, reading(100, 100, 100), 0).0.rate, Rate::ZERO);
}

#[test]
fn a_lease_lasts_as_long_as_the_room_and_within_its_limits() {
    for (headroom, milli, lasts) in [
        (1_000_000, 1_000, LEASE_MS.most),
        (600, 10_000, 60_000),
        (599, 10_000, 59_900),
        (100, 10_000, 10_000),
        (30, 10_000, 3_000),
        (29, 10_000, LEASE_MS.least),
        (0, 10_000, LEASE_MS.least),
        (0, 0, LEASE_MS.most),
    ] {
        assert_eq!(
            lease_ms(headroom, Rate::from_milli(milli)),
            lasts,
            "{headroom} at {milli}"
        );
    }
}

#[test]
fn whoever_has_begun_is_not_on_the_way_any_more() {
    let mut meter = SiteMeter::new(Rate::ZERO);
    decision(&mut meter, reading(0, 0, 0), 0);
    let coming = 20; // what was decided holds for two seconds more
    let (_, report) = decision(&mut meter, reading(50, 0, 0), 5);
    assert_eq!(report.on_their_way, 50 + coming);
    let (_, report) = decision(&mut meter, reading(50, 30, 30), 6);
    assert_eq!(report.on_their_way, 20 + coming);
}

#[test]
fn who_did_not_come_in_time_is_not_waited_for() {
    let mut meter = SiteMeter::new(Rate::ZERO);
    decision(&mut meter, reading(0, 0, 0), 0);
    decision(&mut meter, reading(50, 0, 0), 1);
    // Ten of fifty came, and the time of the others is over.
    let (_, report) = decision(&mut meter, reading(50, 10, 10), 12);
    assert_eq!(report.on_their_way, 20, "only those of the next two seconds");
    // Twenty more are called, and ten come: later ones, for the others have had their time.
    let (_, report) = decision(&mut meter, reading(70, 20, 20), 14);
    assert_eq!(report.on_their_way, 10 + 20);
    // Thirteen seconds later they are given up as well.
    let (_, report) = decision(&mut meter, reading(70, 20, 20), 27);
    assert_eq!(report.on_their_way, 20);
}

#[test]
fn sessions_that_began_before_hide_nobody_who_is_on_the_way() {
    let mut meter = SiteMeter::new(Rate::ZERO);
    decision(&mut meter, reading(0, 500, 40), 0);
    // The queue begins: of those who are called none has come, whatever was before.
    let (_, report) = decision(&mut meter, reading(20, 500, 40), 2);
    assert_eq!(report.on_their_way, 20 + 20);
}

#[test]
fn a_count_that_went_back_and_a_clock_that_stood_still_do_no_harm() {
    let mut meter = SiteMeter::new(Rate::per_second(10));
    decision(&mut meter, reading(50, 50, 50), 0);
    let (lost, report) = decision(&mut meter, reading(50, 10, 10), 0);
    assert!(report.on_their_way >= 50 && lost.rate <= LIMITS.most_per_second);
}

/// So many failures, the same in each of ten groups.
fn in_ten_groups(failed: u64) -> SiteAnswers {
    let mut answers = SiteAnswers::default();
    for group in AnswerGroup::all().take(10) {
        let counts = AnswerCounts {
            failed: failed / 10,
            ..AnswerCounts::default()
        };
        answers.add(SiteAnswers::of(group, counts));
    }
    answers
}

#[test]
fn answers_are_judged_once_and_those_of_a_restarted_count_too() {
    let failing = |failed| SiteReading {
        answers: in_ten_groups(failed),
        ..reading(50, 50, 50)
    };
    let mut meter = SiteMeter::new(Rate::ZERO);
    let (_, report) = narrow(&mut meter, failing(100), 0);
    assert_eq!((report.answers.failed, report.most_at_once), (100, 45));
    assert_eq!(report.braked_by, Some(BrakeCause::Failures));
    let (_, report) = narrow(&mut meter, failing(100), 1);
    assert_eq!(report.answers.failed, 100, "the same ones");
    let (_, report) = narrow(&mut meter, failing(10), 2);
    assert_eq!(report.answers.failed, 110, "ten new ones");
    let (_, report) = narrow(&mut meter, failing(10), 5);
    assert_eq!(
        (report.answers.failed, report.braked_by),
        (10, Some(BrakeCause::Failures))
    );
    assert_eq!(report.most_at_once, 45, "too few to say anything: it is let go");
}

#[test]
fn what_is_remembered_is_bounded_and_survives_storage() {
    let mut meter = SiteMeter::new(Rate::ZERO);
    for second in 0..10_000 {
        decision(&mut meter, reading(0, second, 5), second);
    }
    let json = serde_json::to_string(&meter).unwrap();
    assert!(json.len() < 16_000, "{}", json.len());
    assert_eq!(serde_json::from_str::<SiteMeter>(&json).unwrap(), meter);
}
