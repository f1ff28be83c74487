use super::*;
use crate::meter::{ANSWER_GROUPS, AnswerCounts, AnswerGroup};

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const AT_ONCE: u32 = 1_000;

fn after(seconds: u64) -> UnixMillis {
    START.plus(seconds * 1_000)
}

/// So many answers in each of the first `groups`.
fn in_groups(groups: usize, counts: AnswerCounts) -> SiteAnswers {
    let mut answers = SiteAnswers::default();
    for group in AnswerGroup::all().take(groups) {
        answers.add(SiteAnswers::of(group, counts));
    }
    answers
}

/// So many answers in each group.
fn answers(well: u64, failed: u64, slow: u64) -> SiteAnswers {
    in_groups(ANSWER_GROUPS, AnswerCounts { well, failed, slow })
}

fn failed(failed: u64) -> AnswerCounts {
    let well = AnswerCounts::default();
    AnswerCounts { failed, ..well }
}

/// The cause after one look at these answers.
fn cause(limits: BrakeLimits, answers: SiteAnswers) -> Option<BrakeCause> {
    let mut brake = Brake::default();
    brake.judge(&limits, answers, 500, START);
    brake.cause()
}

#[test]
fn more_than_the_limit_of_failures_or_slow_answers_brakes_and_the_limit_does_not() {
    let default = BrakeLimits::default();
    assert_eq!(cause(default, answers(90, 10, 0)), None);
    assert_eq!(cause(default, answers(89, 11, 0)), Some(BrakeCause::Failures));
    assert_eq!(cause(default, answers(50, 0, 50)), None);
    assert_eq!(cause(default, answers(49, 0, 51)), Some(BrakeCause::Slowness));
    let failed_percent = |failed_percent| BrakeLimits {
        failed_percent,
        ..default
    };
    assert_eq!(cause(failed_percent(1), answers(99, 1, 0)), None);
    assert_eq!(cause(failed_percent(1), answers(98, 2, 0)), Some(BrakeCause::Failures));
    assert_eq!(cause(failed_percent(100), answers(0, 100, 0)), None, "never");
}

#[test]
fn too_few_answers_say_nothing_whatever_they_are() {
    let default = BrakeLimits::default();
    let least = LEAST_ANSWERS as usize;
    assert_eq!(cause(default, in_groups(least - 1, failed(1))), None);
    assert_eq!(cause(default, in_groups(least, failed(1))), Some(BrakeCause::Failures));
    // Nor do many of them, one by one in longer than is looked at.
    let mut brake = Brake::default();
    for second in 0..1_000 {
        brake.judge(&default, in_groups(3, failed(1)), 500, after(second));
        assert_eq!(brake.cause(), None);
    }
    assert_eq!(brake.lately().sum().total(), 15, "five seconds");
}

#[test]
fn one_session_brakes_no_site_however_many_answers_it_provokes_and_ten_do() {
    for (others, group) in AnswerGroup::all().enumerate() {
        let mut judged = SiteAnswers::of(group, failed(1_000_000));
        let well = AnswerCounts {
            well: 40,
            ..AnswerCounts::default()
        };
        judged.add(in_groups(others, well));
        assert_eq!(cause(BrakeLimits::default(), judged), None, "beside {others} others");
    }
    assert_eq!(cause(BrakeLimits::default(), in_groups(9, failed(100))), None);
    let ten = cause(BrakeLimits::default(), in_groups(10, failed(2)));
    assert_eq!(ten, Some(BrakeCause::Failures));
}

#[test]
fn the_limit_follows_those_who_are_in_and_does_not_fall_by_itself() {
    let mut brake = Brake::default();
    let mut limit = |active, second| {
        brake.judge(&BrakeLimits::default(), answers(0, 100, 0), active, after(second));
        brake.most_sessions(AT_ONCE, after(second))
    };
    assert_eq!(limit(600, 0), 540);
    assert_eq!(limit(600, 1), 540);
    assert_eq!(limit(600, 60), 540, "a minute of overload is no other than a second");
    assert_eq!(limit(500, 61), 450, "people have left");
    assert_eq!(limit(700, 62), 540, "whoever still comes makes it no larger");
    assert_eq!(limit(0, 63), 1, "one may always look");
}

#[test]
fn it_is_let_go_slowly_at_first_and_wholly_in_the_end() {
    let mut brake = Brake::default();
    brake.judge(&BrakeLimits::default(), answers(0, 100, 0), 600, START);
    // Nothing is heard of the site: after the look it counts as well.
    let well = after(5);
    for second in 1..=5 {
        brake.judge(&BrakeLimits::default(), SiteAnswers::default(), 300, after(second));
    }
    let at = |ms: u64| brake.most_sessions(AT_ONCE, well.plus(ms));
    assert_eq!(at(0), 540);
    assert_eq!(
        at(BRAKE_RECOVERY_MS / 10),
        550,
        "a hundredth of at_once in the first minute"
    );
    assert_eq!(at(BRAKE_RECOVERY_MS / 2), 790);
    assert_eq!(at(BRAKE_RECOVERY_MS), 1_000);
    assert_eq!(at(u64::MAX / 2), 1_000);
    assert_eq!(brake.cause(), Some(BrakeCause::Failures));
    let whole = well.plus(BRAKE_RECOVERY_MS * 68 / 100);
    brake.turn_off_once_grown(AT_ONCE, whole.minus(5_000));
    assert!(brake.cause().is_some());
    brake.turn_off_once_grown(AT_ONCE, whole);
    assert_eq!(
        brake,
        Brake {
            lately: brake.lately.clone(),
            ..Brake::default()
        }
    );
}

#[test]
fn it_remembers_a_bounded_past() {
    let mut brake = Brake::default();
    for second in 0..1_000 {
        brake.judge(&BrakeLimits::default(), answers(9, 0, 0), 5, after(second));
    }
    assert!(brake.lately.len() <= 6);
}
