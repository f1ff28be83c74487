//! Stops of every kind, as fans see them: whose turn came before it has as much time after it as
//! they had left.

mod site;

use stanchion_shared::{
    epochs::Epochs,
    event_settings::{DRAW_WINDOW_MS, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, Draw, EventId, EventKey, Place, ShardCount, Tag},
    meter::BrakeLimits,
    policy::{QueuePolicy, SiteRelease},
    queue_status::Standing,
    schedule::{EFFECT_DELAY_MS, Rate, ScheduleChange, Stop},
    wire::{PutEvent, PutRelease},
};

use super::*;
use crate::queue::{
    Attempt,
    event::{EventConstants, OpenTickets},
    shard_reports::ReportTotals,
};

const OPENED: UnixMillis = UnixMillis(1_800_000_000_000);

fn at(seconds: u64) -> UnixMillis {
    OPENED.plus(seconds * 1_000)
}

fn put(version: u64, mode: GateMode, release: Option<SiteRelease>) -> PutEvent {
    let mut policy = QueuePolicy {
        release,
        ..QueuePolicy::default()
    };
    policy.gate.mode = mode;
    PutEvent {
        version,
        settings: EventSettings {
            name: "An evening".to_owned(),
            on_sale_time: OPENED,
            shards: ShardCount::new(1).unwrap(),
            draw_window_ms: DRAW_WINDOW_MS.least,
            turn_ms: TURN_MS.least,
            shopping_ms: SHOPPING_MS.least,
            challenge_max_number: 1_000,
            policy,
        },
    }
}

/// One place a second, fixed by the policy.
fn one_a_second() -> Option<SiteRelease> {
    Some(SiteRelease {
        per_minute: 60,
        at_once: 1_000_000,
        health_path: None,
        meter: false,
        brake: BrakeLimits::default(),
    })
}

/// With a thousand places drawn when it opens, of which the first is served three seconds and a
/// millisecond later.
fn event(mode: GateMode, release: Option<SiteRelease>) -> EventState {
    let fixed = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: OPENED,
        key: EventKey(Bytes32([4; 32])),
        commitment: Bytes32([5; 32]),
    };
    let mut event = EventState::with_constants(fixed, put(1, mode, release), Attempt(1));
    let drawn = ScheduleChange {
        last_place: Some(1_000),
        ..ScheduleChange::default()
    };
    event.schedule.change(drawn, OPENED);
    event
}

impl EventState {
    fn set(&mut self, version: u64, mode: GateMode, now: UnixMillis) {
        let put = put(version, mode, self.settings.policy.release.clone());
        self.put_event(&put, Attempt(version), OpenTickets::Possible, now);
    }

    fn meter(&mut self, version: u64, now: UnixMillis) {
        let release = PutRelease {
            version,
            rate_per_second: Rate::per_second(1),
            lease_ms: 10_000,
            paused: false,
            sold_out: false,
            at_once: None,
        };
        self.put_release(&release, Attempt(version), now);
    }

    /// Of a fan whose poll times are the whole seconds.
    fn standing(&self, place: u64, now: UnixMillis) -> Standing {
        let snapshot = self.snapshot(ReportTotals::default(), Epochs::default(), now);
        snapshot.standing(Draw::PRE_QUEUE, Some(Place(place)), Tag([0; 16]), now)
    }

    fn served(&self, now: UnixMillis) -> u64 {
        self.schedule.served(now)
    }
}

fn claim_before(standing: Standing) -> UnixMillis {
    match standing {
        Standing::Turn { claim_before, .. } => claim_before,
        other => panic!("no turn: {other:?}"),
    }
}

#[test]
fn while_the_gate_is_closed_no_turn_comes_and_none_runs_out() {
    let mut event = event(GateMode::Queue, one_a_second());
    let turn = event.standing(1, at(5));
    event.set(2, GateMode::Reject, at(5));
    // Two seconds until it holds everywhere, and then for an hour nothing moves.
    let served = event.served(at(7));
    assert_eq!(served, 4);
    assert_eq!(event.served(at(3_605)), served);
    assert!(matches!(event.standing(1, at(3_605)), Standing::Turn { .. }));
    assert!(matches!(
        event.standing(6, at(3_605)),
        Standing::Waiting { wait_seconds: None, .. }
    ));
    event.set(3, GateMode::Queue, at(3_605));
    assert_eq!(
        event.schedule.stops().as_slice(),
        [Stop {
            from_ms: at(7).0,
            to_ms: at(3_607).0
        }]
    );
    assert_eq!(event.served(at(3_607)), served);
    assert_eq!(event.served(at(3_610)), served + 3, "what was missed is not caught up");
    assert_eq!(
        claim_before(event.standing(1, at(3_608))),
        claim_before(turn).plus(3_600_000),
        "exactly as much later as nobody was let in"
    );
    assert_eq!(event.schedule.lease_until(), None);
}

#[test]
fn an_origin_that_goes_on_speaking_does_not_open_a_closed_gate_and_its_next_word_after_does() {
    let mut event = event(GateMode::Queue, None);
    (0..=5).for_each(|second| event.meter(10 + second, at(second)));
    event.set(20, GateMode::Reject, at(5));
    (6..=600).for_each(|second| event.meter(20 + second, at(second)));
    let served = event.served(at(7));
    assert_eq!(event.served(at(600)), served);
    event.set(1_000, GateMode::Queue, at(600));
    assert!(
        event.schedule.stopped(at(605)),
        "an origin that is silent keeps it stopped"
    );
    event.meter(1_001, at(605));
    assert_eq!(
        event.schedule.stops().as_slice(),
        [Stop {
            from_ms: at(7).0,
            to_ms: at(607).0
        }]
    );
    assert_eq!(event.served(at(610)), served + 3);
}

#[test]
fn however_long_the_gate_is_closed_and_whatever_the_origin_says_the_snapshot_stays_small() {
    let mut event = event(GateMode::Queue, None);
    event.meter(10, at(0));
    event.set(11, GateMode::Reject, at(1));
    let before = event.schedule.segments().len();
    for second in 2..5_000 {
        let release = PutRelease {
            version: 10 + second,
            rate_per_second: Rate::per_second(1 + second % 7),
            lease_ms: 10_000,
            paused: second % 2 == 0,
            sold_out: false,
            at_once: None,
        };
        event.put_release(&release, Attempt(second), at(second));
    }
    assert!(event.schedule.segments().len() <= before + 1);
    event.set(10_000, GateMode::Queue, at(5_000));
    event.meter(10_001, at(5_000));
    assert_eq!(
        event.schedule.rate(at(5_003)),
        Rate::per_second(1),
        "what the origin last said holds"
    );
}

#[test]
fn a_gate_that_is_closed_and_opened_at_once_or_again_and_again_has_stops_in_order() {
    let mut event = event(GateMode::Queue, one_a_second());
    event.set(2, GateMode::Reject, at(5));
    event.set(3, GateMode::Queue, at(5));
    assert!(event.schedule.stops().as_slice().is_empty(), "it never held");
    event.set(4, GateMode::Reject, at(10));
    event.set(5, GateMode::Queue, at(11));
    event.set(6, GateMode::Reject, at(11));
    event.set(7, GateMode::Queue, at(20));
    let stops = [(12, 13), (13, 22)].map(|(from, to)| Stop {
        from_ms: at(from).0,
        to_ms: at(to).0,
    });
    assert_eq!(event.schedule.stops().as_slice(), stops);
    assert_eq!(
        event.served(at(30)),
        17,
        "30 seconds but two and a millisecond until the curve began and ten of stops"
    );
}

#[test]
fn an_event_that_opens_with_its_gate_closed_serves_nobody_until_it_is_opened() {
    let mut event = event(GateMode::Reject, one_a_second());
    assert_eq!(event.served(at(1_000)), 0);
    event.set(2, GateMode::Queue, at(1_000));
    assert_eq!(event.served(at(1_005)), 3);
}

#[test]
fn a_pause_stops_the_curve_and_no_turn() {
    let mut event = event(GateMode::Queue, None);
    (0..=5).for_each(|second| event.meter(10 + second, at(second)));
    let turn = event.standing(1, at(5));
    for second in 6..10 {
        let release = PutRelease {
            version: 20 + second,
            rate_per_second: Rate::per_second(1),
            lease_ms: 10_000,
            paused: true,
            sold_out: false,
            at_once: None,
        };
        event.put_release(&release, Attempt(20 + second), at(second));
    }
    assert_eq!(event.served(at(8)), event.served(at(10)));
    assert_eq!(claim_before(event.standing(1, at(10))), claim_before(turn));
    assert!(event.schedule.stops().as_slice().is_empty());
    assert_eq!(EFFECT_DELAY_MS, 2_000);
}
