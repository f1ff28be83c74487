use super::*;

const START: UnixMillis = UnixMillis(1_800_000_000_000);
const AT_ONCE: u32 = 1_000;

fn after(seconds: u64) -> UnixMillis {
    START.plus(seconds * 1_000)
}

fn answers(well: u64, failed: u64, slow: u64) -> SiteAnswers {
    SiteAnswers { well, failed, slow }
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
    assert_eq!(cause(default, answers(0, LEAST_ANSWERS - 1, 0)), None);
    assert_eq!(cause(default, answers(0, LEAST_ANSWERS, 0)), Some(BrakeCause::Failures));
    // Nor do many of them, one by one in longer than is looked at.
    let mut brake = Brake::default();
    for second in 0..1_000 {
        brake.judge(&default, answers(0, 3, 0), 500, after(second));
        assert_eq!(brake.cause(), None);
    }
    assert_eq!(brake.lately().total(), 15, "five seconds");
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
    brake.release(AT_ONCE, whole.minus(5_000));
    assert!(brake.cause().is_some());
    brake.release(AT_ONCE, whole);
    assert_eq!(
        brake,
        Brake {
            lately: brake.lately.clone(),
            ..Brake::default()
        }
    );
}

#[test]
fn counts_add_up_and_a_count_that_began_anew_is_all_new() {
    let mut sum = answers(1, 2, 3);
    sum.add(answers(10, 20, 30));
    assert_eq!(sum, answers(11, 22, 33));
    assert_eq!(sum.total(), 66);
    assert_eq!(sum.since(answers(1, 2, 3)), answers(10, 20, 30));
    assert_eq!(sum.since(sum), SiteAnswers::default());
    assert_eq!(answers(5, 0, 1).since(sum), answers(5, 0, 1));
    sum.add(answers(u64::MAX, 0, 0));
    assert_eq!(sum.total(), u64::MAX);
}

#[test]
fn it_remembers_a_bounded_past() {
    let mut brake = Brake::default();
    for second in 0..1_000 {
        brake.judge(&BrakeLimits::default(), answers(9, 0, 0), 5, after(second));
    }
    assert!(brake.lately.len() <= 6);
}
