//! A site that is asked for its health keeps the lease.

use super::*;

/// The same, in front of a site that says how it is.
fn with_health() -> Option<SiteRelease> {
    one_a_second().map(|release| SiteRelease {
        health_path: Some("/up".to_owned()),
        ..release
    })
}

impl EventState {
    fn to_ask(&self, now: UnixMillis) -> Option<&str> {
        self.site_to_ask(OpenTickets::Possible, now)
    }
}

#[test]
fn a_site_is_asked_every_two_seconds_from_a_minute_before_the_on_sale() {
    let mut event = event(GateMode::Queue, with_health());
    let first = OPENED.minus(FIXED_BEFORE_ON_SALE_MS);
    assert_eq!(event.to_ask(first.minus(1)), None);
    assert_eq!(event.to_ask(first), Some("/up"));
    event.site_answered(true, first);
    assert_eq!(event.to_ask(first.plus(HEALTH_EVERY_MS - 1)), None);
    assert_eq!(event.to_ask(first.plus(HEALTH_EVERY_MS)), Some("/up"));
    let without = super::event(GateMode::Queue, one_a_second());
    assert_eq!(without.ask_site_at(OpenTickets::Possible, at(10)), None);
}

#[test]
fn a_site_is_left_alone_while_nobody_could_be_let_in_or_be_in() {
    let mut event = event(GateMode::Queue, with_health());
    let asked = |event: &EventState, joined, now| event.site_to_ask(joined, now).is_some();
    assert!(!asked(&event, OpenTickets::None, at(10)), "nobody was ever drawn");
    assert!(
        asked(&event, OpenTickets::Possible, at(10)),
        "somebody waits for a draw"
    );
    // As `event` has drawn: the last is served 1,002 seconds and a millisecond after the opening.
    event.progress.last_place = 1_000;
    let out = at(1_002).plus(1 + TURN_MS.least + SHOPPING_MS.least);
    assert!(asked(&event, OpenTickets::None, at(10)), "places wait");
    assert!(
        asked(&event, OpenTickets::None, out.minus(1)),
        "the last one may be in the shop"
    );
    assert!(!asked(&event, OpenTickets::None, out));
    assert!(
        asked(&event, OpenTickets::Possible, out),
        "and at once when somebody joins again"
    );

    // A stop keeps the last one in for as long as it lasts, and is asked about meanwhile.
    event.site_answered(true, at(1_003));
    event.site_answered(false, at(1_005));
    assert_eq!(event.schedule.lease_until(), Some(at(1_013)));
    assert!(asked(&event, OpenTickets::None, out.plus(1_000_000)));
    event.site_answered(true, at(2_000));
    let out = out.plus(2_002_000 - 1_013_000);
    assert!(asked(&event, OpenTickets::None, out.minus(1)));
    assert!(!asked(&event, OpenTickets::None, out));

    // Nor does it matter that what was so long ago is told no more.
    let later = ScheduleChange {
        turn_ms: Some(TURN_MS.least + 1),
        ..ScheduleChange::default()
    };
    event.schedule.change(later, out);
    event.schedule = event.schedule.live_part(out.plus(10_000_000), SHOPPING_MS.least);
    assert!(!asked(&event, OpenTickets::None, out.plus(10_000_000)));
}

#[test]
fn that_nobody_asks_is_no_stop() {
    let mut event = event(GateMode::Queue, with_health());
    event.site_answered(true, at(0));
    let turn = event.standing(1, at(4));
    // A slow line: its fans come back once a minute, and on one runtime nobody else asks.
    for second in (60..=600).step_by(60) {
        assert_eq!(event.served(at(second)), second - 3);
        assert_eq!(claim_before(event.standing(1, at(4))), claim_before(turn));
        event.site_answered(true, at(second));
    }
    assert!(event.schedule.stops().as_slice().is_empty());
    // The first edge that sees it down begins the stop at once: for all it knows, the site was not
    // well for longer than a lease.
    event.site_answered(false, at(660));
    assert_eq!(event.live.lease_until, Some(at(662)));
    event.site_answered(false, at(662));
    event.site_answered(true, at(700));
    assert_eq!(
        event.schedule.stops().as_slice(),
        [Stop {
            from_ms: at(662).0,
            to_ms: at(702).0
        }]
    );
}

#[test]
fn a_failure_that_is_over_within_a_lease_is_no_stop() {
    let mut event = event(GateMode::Queue, with_health());
    event.site_answered(true, at(10));
    event.site_answered(false, at(12));
    event.site_answered(false, at(14));
    assert_eq!(
        event.live.lease_until,
        Some(at(20)),
        "ten seconds after it was last well"
    );
    event.site_answered(true, at(18));
    assert_eq!((event.live.lease_until, event.served(at(33))), (None, 30));
    assert!(event.schedule.stops().as_slice().is_empty());
}

#[test]
fn a_site_that_goes_away_stops_admission_a_lease_later_and_nobody_loses_a_turn() {
    let mut event = event(GateMode::Queue, with_health());
    (0..=10)
        .step_by(2)
        .for_each(|second| event.site_answered(true, at(second)));
    let turn = event.standing(12, at(15));
    (12..=100)
        .step_by(2)
        .for_each(|second| event.site_answered(false, at(second)));
    // It was last well at 10 s.
    let served = event.served(at(20));
    assert_eq!(event.served(at(19)), served - 1);
    assert_eq!(event.served(at(100)), served);
    assert!(event.to_ask(at(100)).is_some(), "it is asked again and again");
    assert!(matches!(
        event.standing(served + 1, at(100)),
        Standing::Waiting { wait_seconds: None, .. }
    ));
    event.site_answered(true, at(100));
    assert_eq!(
        event.schedule.stops().as_slice(),
        [Stop {
            from_ms: at(20).0,
            to_ms: at(102).0
        }]
    );
    assert_eq!(event.served(at(105)), served + 3);
    assert_eq!(
        claim_before(event.standing(12, at(103))),
        claim_before(turn).plus(82_000)
    );
}

#[test]
fn a_site_that_was_never_well_lets_nobody_in() {
    let mut event = event(GateMode::Queue, with_health());
    event.site_answered(false, OPENED.minus(10_000));
    assert_eq!(event.served(at(1_000)), 0);
    event.site_answered(true, at(1_000));
    assert_eq!(event.served(at(1_005)), 3);
}

#[test]
fn a_closed_gate_is_not_opened_by_a_site_that_is_well_and_the_site_is_asked_at_once_when_it_opens() {
    let mut event = event(GateMode::Queue, with_health());
    event.site_answered(true, at(4));
    event.set(2, GateMode::Reject, at(5));
    assert_eq!(event.to_ask(at(6)), None);
    event.site_answered(true, at(6));
    assert_eq!(event.served(at(100)), event.served(at(7)));
    event.set(3, GateMode::Queue, at(100));
    assert_eq!(event.to_ask(at(100)), Some("/up"));
    assert_eq!(event.served(at(110)), event.served(at(7)), "until it has answered");
    event.site_answered(true, at(110));
    assert_eq!(
        event.schedule.stops().as_slice(),
        [Stop {
            from_ms: at(7).0,
            to_ms: at(112).0
        }]
    );
}

#[test]
fn a_site_that_is_asked_no_more_goes_on_without_a_lease() {
    let mut event = event(GateMode::Queue, with_health());
    event.site_answered(false, at(0));
    let without = put(2, GateMode::Queue, one_a_second());
    event.put_event(&without, Attempt(2), OpenTickets::Possible, at(50));
    assert_eq!((event.schedule.lease_until(), event.live.lease_until), (None, None));
    assert_eq!(event.served(at(55)), 3);
}
