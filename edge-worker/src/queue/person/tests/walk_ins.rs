//! Sessions that need slots, with a turn and without one.

use super::*;

fn walk_in(name: &str) -> WalkIn {
    WalkIn {
        tag: TAG,
        over: None,
        tier: Tier::Human,
        only_if_in: false,
        shopping_ms: 600,
        idle_ms: None,
        session: name.to_owned(),
    }
}

fn with_slot(serial: u32, turn_at: u64) -> Claim {
    Claim {
        needs_slot: true,
        ..claim(serial, turn_at)
    }
}

fn window(name: &str, claimed_at: u64) -> ShoppingWindow {
    ShoppingWindow {
        session: name.to_owned(),
        claimed_at: UnixMillis(claimed_at),
        ends_at: UnixMillis(claimed_at + 600),
        ended_at: None,
        idle_at: None,
        walked_in: true,
    }
}

fn end(name: &str) -> EndSession {
    EndSession {
        tag: TAG,
        session: name.to_owned(),
    }
}

#[test]
fn a_stranger_with_a_slot_is_in_at_once_and_finds_the_same_window_again() {
    let walk_in = |known: Option<&Person>, name: &str, slot, at| {
        super::super::walk_in(known, &walk_in(name), slot, UnixMillis(at))
    };
    let without = walk_in(None, "a", Slot::None, 100);
    assert_eq!(
        (without.outcome, without.changed, without.session),
        (WalkInOutcome::Full, None, None)
    );
    let came = walk_in(None, "a", Slot::Given, 100);
    assert_eq!(came.outcome, WalkInOutcome::Window(window("a", 100)));
    let began = SessionChange::Began {
        session: "a".to_owned(),
        over_at: UnixMillis(700),
        walked_in: true,
    };
    assert_eq!(came.session, Some(began));
    let person = came.changed.unwrap();
    for slot in [Slot::None, Slot::Given] {
        let again = walk_in(Some(&person), "b", slot, 699);
        assert_eq!(again.outcome, WalkInOutcome::Window(window("a", 100)));
        assert_eq!((again.changed, again.session), (None, None));
    }
    assert_eq!(
        walk_in(Some(&person), "b", Slot::Given, 700).outcome,
        WalkInOutcome::Window(window("b", 700))
    );
}

#[test]
fn a_suspect_has_to_queue_now_or_from_before_unless_the_organiser_vouches() {
    let comes = |person: &Person, tier| {
        let asked = WalkIn { tier, ..walk_in("w") };
        person.clone().walk_in(&asked, Slot::Given, UnixMillis(10_000))
    };
    let stranger = Person::default();
    assert_eq!(comes(&stranger, Tier::Suspect), WalkInOutcome::HasToQueue);
    let mut suspect = Person::default();
    suspect.join(&join(Tier::Suspect, None), Some(Draw(0)), NOW);
    assert_eq!(comes(&suspect, Tier::Human), WalkInOutcome::HasToQueue);
    assert!(comes(&suspect, Tier::Verified).window().is_some());
    assert!(comes(&stranger, Tier::Human).window().is_some());
}

#[test]
fn a_person_who_waits_with_a_ticket_does_not_pass_the_others() {
    let mut waiting = first(0);
    let came = |person: &mut Person, over| {
        let asked = WalkIn { over, ..walk_in("w") };
        person.walk_in(&asked, Slot::Given, UnixMillis(10_000))
    };
    assert_eq!(came(&mut waiting, None), WalkInOutcome::HasToQueue);
    assert_eq!(came(&mut waiting, Some(Serial(2))), WalkInOutcome::HasToQueue);
    let in_now = WalkInOutcome::Window(window("w", 10_000));
    assert_eq!(came(&mut waiting.clone(), Some(Serial(1))), in_now, "its turn is over");
    let mut left = first(0);
    left.leave(&leave(1), UnixMillis(50));
    assert_eq!(came(&mut left, None), in_now);
    let mut shopped = first(0);
    shopped.claim(&claim(1, 0), Slot::None, UnixMillis(100)); // until 700
    assert_eq!(came(&mut shopped, None), in_now);
}

#[test]
fn a_person_in_the_shop_with_a_turn_finds_that_window() {
    let mut person = first(0);
    let ClaimOutcome::Window(claimed) = person.claim(&claim(1, 0), Slot::None, UnixMillis(100)) else {
        panic!("the turn has come");
    };
    let found = person.walk_in(&walk_in("w"), Slot::Given, UnixMillis(699));
    assert_eq!(found, WalkInOutcome::Window(claimed));
}

#[test]
fn an_idle_session_goes_on_with_a_slot_and_a_turn_makes_its_token_dead() {
    let mut idle = Person::default();
    let idle_ms = Some(1_000);
    let asks = |name| WalkIn {
        shopping_ms: 60_000,
        idle_ms,
        ..walk_in(name)
    };
    idle.walk_in(&asks("w"), Slot::Given, UnixMillis(100)); // idle at 1,100
    let mut turn = idle.clone().with_ticket(Tier::Human, numbered(0, 3));
    let dead_at = UnixMillis(2_000).plus(TOKEN_DEAD_MS);
    let busy = ClaimOutcome::Busy { until: dead_at };
    assert_eq!(turn.claim(&claim(1, 0), Slot::Given, UnixMillis(2_000)), busy);
    assert!(turn.claim(&claim(1, 0), Slot::Given, dead_at).window().is_some());

    assert_eq!(
        idle.walk_in(&asks("x"), Slot::None, UnixMillis(2_000)),
        WalkInOutcome::Full
    );
    let found = WalkIn {
        only_if_in: true,
        ..asks("x")
    };
    assert_eq!(idle.walk_in(&found, Slot::None, UnixMillis(2_000)), WalkInOutcome::Full);
    let goes_on = idle.walk_in(&asks("x"), Slot::Given, UnixMillis(2_000));
    assert_eq!(goes_on.window().map(|window| window.session.as_str()), Some("w"));
    assert_eq!(
        idle.walk_in(&found, Slot::None, UnixMillis(2_500)).window(),
        goes_on
            .window()
            .map(|window| {
                let mut later = window.clone();
                later.use_at(UnixMillis(2_500), idle_ms);
                later
            })
            .as_ref()
    );
}

#[test]
fn a_session_that_was_over_comes_back_after_a_stop_only_with_a_slot() {
    let mut person = first(0);
    person.claim(&with_slot(1, 0), Slot::Given, UnixMillis(100)); // until 700
    let mut stops = Stops::default();
    stops.push(Stop {
        from_ms: 600,
        to_ms: 5_000,
    });
    let later = Claim {
        stops,
        ..with_slot(1, 0)
    };
    assert_eq!(person.claim(&later, Slot::None, UnixMillis(5_000)), ClaimOutcome::Full);
    let back = person.claim(&later, Slot::Given, UnixMillis(5_000));
    assert!(
        back.window().is_some_and(|window| window.runs(UnixMillis(5_000))),
        "{back:?}"
    );
}

#[test]
fn who_leaves_with_an_old_ticket_is_out_of_the_newest_session() {
    let mut person = first(0);
    person.claim(&claim(1, 0), Slot::None, UnixMillis(100)); // until 700
    person.walk_in(&walk_in("w"), Slot::Given, UnixMillis(1_000));
    person.leave(&leave(1), UnixMillis(1_100));
    assert_eq!(
        person.window().and_then(|window| window.ended_at),
        Some(UnixMillis(1_100))
    );
}

#[test]
fn a_person_who_was_refused_or_just_left_has_to_queue() {
    let mut refused = Person::default();
    assert!(is_refused(&refused.join(&scored(0), Some(Draw(0)), NOW)));
    let came = |person: &mut Person, at| person.walk_in(&walk_in("w"), Slot::Given, at);
    assert_eq!(came(&mut refused, NOW), WalkInOutcome::HasToQueue);
    let mut left = Person::default();
    came(&mut left, UnixMillis(100));
    assert_eq!(left.end_session(&end("w"), UnixMillis(200)), EndOutcome::Over);
    // The token is good until its end or until every gate knows, whichever is first.
    assert_eq!(came(&mut left, UnixMillis(699)), WalkInOutcome::HasToQueue);
    assert!(came(&mut left, UnixMillis(700)).window().is_some());
}

#[test]
fn a_turn_is_not_claimed_beside_a_session_that_began_without_one() {
    let mut person = Person::default();
    person.walk_in(&walk_in("w"), Slot::Given, UnixMillis(100)); // until 700
    // The event's gate has another mode by now, so the person gets a ticket.
    assert_eq!(person.join(&join(Tier::Human, None), Some(Draw(0)), NOW), NUMBER);
    let mut person = person.with_ticket(Tier::Human, numbered(0, 3));
    let in_already = ClaimOutcome::Window(window("w", 100));
    assert_eq!(person.claim(&claim(1, 0), Slot::Given, UnixMillis(699)), in_already);
    assert!(
        person
            .claim(&claim(1, 0), Slot::Given, UnixMillis(700))
            .window()
            .is_some()
    );
}

#[test]
fn a_turn_without_a_slot_is_kept_and_claimed_later_even_after_its_time() {
    let mut person = first(0);
    let too_late = Claim {
        only_if_claimed: true,
        ..with_slot(1, 50)
    };
    let late = UnixMillis(9_000);
    assert_eq!(person.clone().claim(&too_late, Slot::Given, late), ClaimOutcome::Dead);
    let asked = person.claim(&with_slot(1, 50), Slot::None, UnixMillis(100));
    assert_eq!(asked, ClaimOutcome::Full);
    assert_eq!(person.claim(&too_late, Slot::None, late), ClaimOutcome::Full);
    let claimed = person.claim(&too_late, Slot::Given, late);
    let ClaimOutcome::Window(claimed) = claimed else {
        panic!("{claimed:?}");
    };
    assert_eq!((claimed.claimed_at, claimed.walked_in), (late, false));
    let mut gone = first(0);
    gone.claim(&with_slot(1, 50), Slot::None, UnixMillis(100));
    gone.leave(&leave(1), UnixMillis(200));
    assert_eq!(gone.claim(&with_slot(1, 50), Slot::Given, late), ClaimOutcome::Dead);
}

#[test]
fn a_session_without_a_turn_is_kept_and_ended_by_its_name() {
    let mut person = Person::default();
    let idle = WalkIn {
        shopping_ms: 60_000,
        idle_ms: Some(1_000),
        ..walk_in("w")
    };
    person.walk_in(&idle, Slot::Given, UnixMillis(100)); // idle at 1,100
    let keep = |session: &str| KeepSession {
        tag: TAG,
        session: session.to_owned(),
        idle_ms: 1_000,
    };
    let until = UnixMillis(1_600);
    assert_eq!(
        person.keep_session(&keep("w"), UnixMillis(600)),
        KeepOutcome::Kept { until }
    );
    assert_eq!(person.keep_session(&keep("x"), UnixMillis(600)), KeepOutcome::Over);
    assert_eq!(person.end_session(&end("x"), UnixMillis(700)), EndOutcome::Unknown);
    assert_eq!(person.end_session(&end("w"), UnixMillis(700)), EndOutcome::Over);
    assert_eq!(person.keep_session(&keep("w"), UnixMillis(800)), KeepOutcome::Over);
}
