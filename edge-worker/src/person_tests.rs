use stanchion_shared::{
    draw::membership::Windows,
    identity::Tag,
    schedule::{Stop, Stops},
};

use super::*;
use crate::platform::Replaces;

const TAG: Tag = Tag([7; 16]);
const EPOCH: u32 = 5;

fn numbered(draw: u32, number: u32) -> Numbered {
    Numbered {
        epoch: EPOCH,
        draw: Draw(draw),
        number,
        digest: ShardDigest::EMPTY,
    }
}

fn join(tier: Tier, replaces: Option<Replaces>) -> Join {
    Join {
        tag: TAG,
        tier,
        proof: None,
        windows: Some(Windows {
            on_sale_time: UnixMillis(0),
            draw_window_ms: 1_000,
        }),
        replaces,
    }
}

fn claim(serial: u32, turn_at: u64) -> Claim {
    Claim {
        tag: TAG,
        epoch: EPOCH,
        serial: Serial(serial),
        turn_at: UnixMillis(turn_at),
        shopping_ms: 600,
        stops: Stops::default(),
        session: format!("session of {serial}"),
        only_if_claimed: false,
    }
}

fn leave(serial: u32) -> Leave {
    Leave {
        tag: TAG,
        epoch: EPOCH,
        serial: Serial(serial),
    }
}

fn over(serial: u32, claimed: bool) -> Option<Replaces> {
    Some(Replaces {
        serial: Serial(serial),
        claimed,
    })
}

fn first(draw: u32) -> Person {
    Person::with_ticket(None, Tier::Human, numbered(draw, 3))
}

#[test]
fn joining_again_keeps_the_ticket_in_every_draw() {
    let mut person = first(0);
    for draw in [Some(Draw(0)), Some(Draw(5)), None] {
        assert_eq!(person.join(&join(Tier::Human, None), draw), JoinStep::Keep);
    }
    assert_eq!(person, first(0));
}

#[test]
fn a_ticket_given_up_is_revived_in_its_draw_and_replaced_after_it() {
    let mut person = first(2);
    assert_eq!(person.leave(&leave(1)), LeaveOutcome::Left);
    assert_eq!(person.leave(&leave(1)), LeaveOutcome::Left);
    assert_eq!(person.join(&join(Tier::Human, None), Some(Draw(2))), JoinStep::Keep);
    assert_eq!(person, first(2));
    person.leave(&leave(1));
    assert_eq!(person.join(&join(Tier::Human, None), Some(Draw(3))), JoinStep::Renew);
    let renewed = Person::with_ticket(Some(&person), Tier::Human, numbered(3, 0));
    assert_eq!((renewed.held.serial, renewed.held.draw), (Serial(2), Draw(3)));
}

#[test]
fn a_ticket_is_replaced_only_as_it_was_judged_and_only_after_its_draw() {
    for (replaces, draw, step) in [
        (over(1, false), Some(4), JoinStep::Renew),
        (over(1, false), None, JoinStep::Renew),
        (over(1, false), Some(2), JoinStep::Keep),
        (over(1, true), Some(4), JoinStep::Keep),
        (over(2, false), Some(4), JoinStep::Keep),
    ] {
        let judged = first(2).join(&join(Tier::Human, replaces), draw.map(Draw));
        assert_eq!(judged, step, "{replaces:?} {draw:?}");
    }
    let mut claimed = first(2);
    claimed.claim(&claim(1, 50), UnixMillis(100));
    assert_eq!(
        claimed.join(&join(Tier::Human, over(1, false)), Some(Draw(4))),
        JoinStep::Keep
    );
}

#[test]
fn a_worse_score_is_remembered_and_a_better_one_improves_nothing() {
    let mut person = first(0);
    person.join(&join(Tier::Suspect, None), Some(Draw(0)));
    assert_eq!(person.held.tier, Tier::Human); // the number it has is in the log
    person.join(&join(Tier::Verified, None), Some(Draw(0)));
    assert_eq!(tier_of(Some(&person), Tier::Verified), Tier::Suspect);
    assert_eq!(tier_of(None, Tier::Verified), Tier::Verified);
}

#[test]
fn asking_again_gives_the_same_window_and_only_stops_lengthen_it() {
    let mut person = first(0);
    let opened = person.claim(&claim(1, 50), UnixMillis(100));
    let window = Window {
        session: "session of 1".to_owned(),
        claimed_at: UnixMillis(100),
        ends_at: UnixMillis(700),
    };
    assert_eq!(opened, ClaimOutcome::Window(window.clone()));
    let again = Claim {
        session: "another".to_owned(),
        shopping_ms: 9_000,
        only_if_claimed: true,
        ..claim(1, 50)
    };
    assert_eq!(
        person.claim(&again, UnixMillis(5_000)),
        ClaimOutcome::Window(window.clone())
    );
    let mut stops = Stops::default();
    stops.push(Stop {
        from_ms: 200,
        to_ms: 300,
    });
    let after_stop = Claim { stops, ..again.clone() };
    let longer = Window {
        ends_at: UnixMillis(800),
        ..window
    };
    assert_eq!(
        person.claim(&after_stop, UnixMillis(5_000)),
        ClaimOutcome::Window(longer.clone())
    );
    // An edge that has forgotten the stop takes nothing away.
    assert_eq!(person.claim(&again, UnixMillis(5_000)), ClaimOutcome::Window(longer));
}

#[test]
fn a_window_never_begins_before_the_turn() {
    let opened = first(0).claim(&claim(1, 500), UnixMillis(100));
    assert!(matches!(opened, ClaimOutcome::Window(window) if window.claimed_at == UnixMillis(500)));
}

#[test]
fn only_the_newest_living_ticket_in_time_can_be_claimed() {
    let too_late = Claim {
        only_if_claimed: true,
        ..claim(1, 0)
    };
    assert_eq!(first(0).claim(&too_late, UnixMillis(1)), ClaimOutcome::Dead);
    assert_eq!(first(0).claim(&claim(2, 0), UnixMillis(1)), ClaimOutcome::Dead);
    let mut left = first(0);
    left.leave(&leave(1));
    assert_eq!(left.claim(&claim(1, 0), UnixMillis(1)), ClaimOutcome::Dead);
    assert_eq!(left.leave(&leave(2)), LeaveOutcome::Dead);
}

#[test]
fn a_ticket_of_a_life_that_was_lost_is_dead_although_its_serial_was_given_again() {
    let of_lost_life = Claim {
        epoch: EPOCH + 1,
        ..claim(1, 0)
    };
    let mut person = first(0);
    assert_eq!(person.claim(&of_lost_life, UnixMillis(1)), ClaimOutcome::Dead);
    let given_up = Leave {
        epoch: EPOCH + 1,
        ..leave(1)
    };
    assert_eq!(person.leave(&given_up), LeaveOutcome::Dead);
    assert_eq!(person, first(0));
}

#[test]
fn a_second_session_waits_for_the_end_of_the_first() {
    let mut person = first(0);
    person.claim(&claim(1, 0), UnixMillis(100)); // until 700
    person.leave(&leave(1));
    let mut second = Person::with_ticket(Some(&person), Tier::Human, numbered(1, 0));
    assert_eq!(
        second.claim(&claim(2, 0), UnixMillis(699)),
        ClaimOutcome::Busy { until: UnixMillis(700) }
    );
    second.leave(&leave(2));
    let mut third = Person::with_ticket(Some(&second), Tier::Human, numbered(2, 0));
    assert_eq!(
        third.claim(&claim(3, 0), UnixMillis(699)),
        ClaimOutcome::Busy { until: UnixMillis(700) }
    );
    assert!(matches!(
        third.claim(&claim(3, 0), UnixMillis(700)),
        ClaimOutcome::Window(_)
    ));
}
