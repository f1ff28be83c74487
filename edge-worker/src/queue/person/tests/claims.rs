//! Claims: one shopping window per ticket, one session at a time.

use super::*;
use crate::{
    platform::{EndOutcome, EndSession, KeepOutcome, KeepSession},
    queue::sessions::{SessionChange, TOKEN_DEAD_MS},
};

#[test]
fn asking_again_gives_the_same_window_and_only_stops_lengthen_it() {
    let mut person = first(0);
    let opened = person.claim(&claim(1, 50), Slot::None, UnixMillis(100));
    let window = ShoppingWindow {
        session: "session of 1".to_owned(),
        claimed_at: UnixMillis(100),
        ends_at: UnixMillis(700),
        ended_at: None,
        idle_at: None,
        walked_in: false,
    };
    assert_eq!(opened, ClaimOutcome::Window(window.clone()));
    let again = Claim {
        session: "another".to_owned(),
        shopping_ms: 9_000,
        only_if_claimed: true,
        ..claim(1, 50)
    };
    assert_eq!(
        person.claim(&again, Slot::None, UnixMillis(5_000)),
        ClaimOutcome::Window(window.clone())
    );
    let mut stops = Stops::default();
    stops.push(Stop {
        from_ms: 200,
        to_ms: 300,
    });
    let after_stop = Claim { stops, ..again.clone() };
    let longer = ShoppingWindow {
        ends_at: UnixMillis(800),
        ..window
    };
    assert_eq!(
        person.claim(&after_stop, Slot::None, UnixMillis(5_000)),
        ClaimOutcome::Window(longer.clone())
    );
    // An edge that has forgotten the stop takes nothing away.
    assert_eq!(
        person.claim(&again, Slot::None, UnixMillis(5_000)),
        ClaimOutcome::Window(longer)
    );
}

#[test]
fn a_window_never_begins_before_the_turn() {
    let opened = first(0).claim(&claim(1, 500), Slot::None, UnixMillis(100));
    assert!(matches!(opened, ClaimOutcome::Window(window) if window.claimed_at == UnixMillis(500)));
}

#[test]
fn only_the_newest_living_ticket_in_time_can_be_claimed() {
    let too_late = Claim {
        only_if_claimed: true,
        ..claim(1, 0)
    };
    assert_eq!(first(0).claim(&too_late, Slot::None, UnixMillis(1)), ClaimOutcome::Dead);
    assert_eq!(
        first(0).claim(&claim(2, 0), Slot::None, UnixMillis(1)),
        ClaimOutcome::Dead
    );
    let mut left = first(0);
    left.leave(&leave(1), NOW);
    assert_eq!(left.claim(&claim(1, 0), Slot::None, UnixMillis(1)), ClaimOutcome::Dead);
    assert_eq!(left.leave(&leave(2), NOW), LeaveOutcome::Dead);
}

#[test]
fn a_ticket_of_an_epoch_that_was_lost_is_dead_although_its_serial_was_given_again() {
    let of_lost_epoch = Claim {
        epoch: EPOCH + 1,
        ..claim(1, 0)
    };
    let mut person = first(0);
    assert_eq!(
        person.claim(&of_lost_epoch, Slot::None, UnixMillis(1)),
        ClaimOutcome::Dead
    );
    let given_up = Leave {
        epoch: EPOCH + 1,
        ..leave(1)
    };
    assert_eq!(person.leave(&given_up, NOW), LeaveOutcome::Dead);
    assert_eq!(person, first(0));
}

#[test]
fn a_second_session_waits_for_the_end_of_the_first() {
    let mut person = first(0);
    person.claim(&claim(1, 0), Slot::None, UnixMillis(100)); // until 700
    person.leave(&leave(1), NOW);
    let mut second = person.with_ticket(Tier::Human, numbered(1, 0));
    assert_eq!(
        second.claim(&claim(2, 0), Slot::None, UnixMillis(699)),
        ClaimOutcome::Busy { until: UnixMillis(700) }
    );
    second.leave(&leave(2), NOW);
    let mut third = second.with_ticket(Tier::Human, numbered(2, 0));
    assert_eq!(
        third.claim(&claim(3, 0), Slot::None, UnixMillis(699)),
        ClaimOutcome::Busy { until: UnixMillis(700) }
    );
    assert!(matches!(
        third.claim(&claim(3, 0), Slot::None, UnixMillis(700)),
        ClaimOutcome::Window(_)
    ));
}

fn shopping() -> Person {
    let mut person = first(0);
    person.claim(&claim(1, 0), Slot::None, UnixMillis(100)); // until 700
    person
}

fn end_of(session: &str) -> EndSession {
    EndSession {
        tag: TAG,
        session: session.to_owned(),
    }
}

#[test]
fn who_leaves_while_shopping_ends_the_session_and_joins_anew_at_once() {
    let mut person = shopping();
    assert_eq!(person.leave(&leave(1), UnixMillis(300)), LeaveOutcome::Left);
    let window = person.window().expect("it was claimed");
    assert_eq!(
        (window.ended_at, window.over_at()),
        (Some(UnixMillis(300)), UnixMillis(300))
    );
    assert_eq!(
        person.claim(&claim(1, 0), Slot::None, UnixMillis(301)),
        ClaimOutcome::Dead
    );
    let joined = person.join(&join(Tier::Human, None), Some(Draw(1)), UnixMillis(301));
    assert_eq!(joined, NUMBER);
}

#[test]
fn after_a_session_was_ended_the_next_one_waits_until_its_token_is_dead_everywhere() {
    let mut person = first(0);
    let long = Claim {
        shopping_ms: 60_000,
        ..claim(1, 0)
    };
    person.claim(&long, Slot::None, UnixMillis(100));
    person.leave(&leave(1), UnixMillis(300));
    let dead_at = UnixMillis(300).plus(TOKEN_DEAD_MS);
    let mut second = person.with_ticket(Tier::Human, numbered(1, 0));
    let too_soon = second.claim(&claim(2, 0), Slot::None, dead_at.minus(1));
    assert_eq!(too_soon, ClaimOutcome::Busy { until: dead_at });
    assert!(matches!(
        second.claim(&claim(2, 0), Slot::None, dead_at),
        ClaimOutcome::Window(_)
    ));
}

#[test]
fn a_session_that_was_ended_shortly_before_its_end_holds_nobody_longer_than_it_would_have() {
    let mut person = shopping();
    person.leave(&leave(1), UnixMillis(600));
    let mut second = person.with_ticket(Tier::Human, numbered(1, 0));
    let until = UnixMillis(700);
    assert_eq!(
        second.claim(&claim(2, 0), Slot::None, until.minus(1)),
        ClaimOutcome::Busy { until }
    );
    assert!(matches!(
        second.claim(&claim(2, 0), Slot::None, until),
        ClaimOutcome::Window(_)
    ));
}

#[test]
fn a_session_is_ended_by_its_name_and_repeated_ends_change_nothing() {
    let person = shopping();
    let end =
        |known: &Person, session: &str, now| super::super::end_session(Some(known), &end_of(session), UnixMillis(now));
    let other = end(&person, "another", 300);
    assert_eq!(
        (other.outcome, other.changed, other.session),
        (EndOutcome::Unknown, None, None)
    );
    let ended = end(&person, "session of 1", 300);
    assert_eq!(ended.outcome, EndOutcome::Over);
    assert!(matches!(
        ended.session,
        Some(SessionChange::Ended { token_until: 1, .. })
    ));
    let ended = ended.changed.expect("it ran");
    let again = end(&ended, "session of 1", 400);
    assert_eq!(
        (again.outcome, again.changed, again.session),
        (EndOutcome::Over, None, None)
    );
    // One that is over by itself is not ended.
    let late = end(&person, "session of 1", 700);
    assert_eq!((late.outcome, late.changed), (EndOutcome::Over, None));
    assert!(end(&person, "session of 1", 699).changed.is_some());
    let nobody = super::super::end_session(None, &end_of("session of 1"), NOW);
    assert_eq!(nobody.outcome, EndOutcome::Unknown);
}

#[test]
fn asking_again_after_the_end_brings_no_session_back() {
    let mut person = shopping();
    person.end_session(&end_of("session of 1"), UnixMillis(300));
    let ended = person.clone();
    let asked = person.claim(&claim(1, 0), Slot::None, UnixMillis(301));
    assert!(matches!(asked, ClaimOutcome::Window(window) if window.over_at() == UnixMillis(300)));
    let mut stops = Stops::default();
    stops.push(Stop {
        from_ms: 200,
        to_ms: 300,
    });
    person.claim(&Claim { stops, ..claim(1, 0) }, Slot::None, UnixMillis(302));
    assert_eq!(person, ended, "a stop lengthens no session that was ended");
}

fn idle_shopping() -> Person {
    let mut person = first(0);
    let idle = Claim {
        shopping_ms: 10_000,
        idle_ms: Some(1_000),
        ..claim(1, 0)
    };
    person.claim(&idle, Slot::None, UnixMillis(100)); // until 10,100
    person
}

fn keep(person: &mut Person, now: u64) -> KeepOutcome {
    let keep = KeepSession {
        tag: TAG,
        session: "session of 1".to_owned(),
        idle_ms: 1_000,
    };
    person.keep_session(&keep, UnixMillis(now))
}

#[test]
fn a_session_that_nobody_uses_is_over_and_one_that_is_used_goes_on_to_its_end() {
    let mut person = idle_shopping();
    let over_at = |person: &Person| person.window().unwrap().over_at();
    assert_eq!(over_at(&person), UnixMillis(1_100));
    assert!(!person.window().unwrap().is_idle(UnixMillis(1_099)));
    assert!(person.window().unwrap().is_idle(UnixMillis(1_100)));
    let kept = |at| KeepOutcome::Kept { until: UnixMillis(at) };
    assert_eq!(keep(&mut person, 600), kept(1_600));
    // The shard was silent, and the gate let the shopper go on.
    assert_eq!(keep(&mut person, 5_000), kept(6_000));
    assert_eq!(keep(&mut person, 9_900), kept(10_100));
    assert_eq!(keep(&mut person, 10_099), kept(10_100));
    assert_eq!(keep(&mut person, 10_100), KeepOutcome::Over);
}

#[test]
fn a_poll_keeps_a_session_that_runs_and_brings_none_back_that_is_idle() {
    let ask = Claim {
        idle_ms: Some(1_000),
        ..claim(1, 0)
    };
    let over_at = |outcome| match outcome {
        ClaimOutcome::Window(window) => window.over_at(),
        other => panic!("{other:?}"),
    };
    let mut person = idle_shopping();
    assert_eq!(
        over_at(person.claim(&ask, Slot::None, UnixMillis(1_099))),
        UnixMillis(2_099)
    );
    assert_eq!(
        over_at(person.claim(&ask, Slot::None, UnixMillis(2_099))),
        UnixMillis(2_099)
    );
}

#[test]
fn an_idle_session_can_be_ended_and_is_not_kept_any_more() {
    let mut person = idle_shopping();
    let before = person.clone();
    person.end_session(&end_of("session of 1"), UnixMillis(3_000));
    let change = SessionChange::between(before.window(), person.window());
    assert!(matches!(change, Some(SessionChange::Ended { .. })));
    assert_eq!(person.window().unwrap().over_at(), UnixMillis(1_100));
    assert_eq!(keep(&mut person, 3_001), KeepOutcome::Over);
    let mut left = idle_shopping();
    left.leave(&leave(1), UnixMillis(500));
    assert_eq!(keep(&mut left, 501), KeepOutcome::Over);
}
