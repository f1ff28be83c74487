use stanchion_shared::{
    draw::chain::SecretChain,
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, EventId, EventKey, ShardCount},
    meter::{AnswerCounts, AnswerGroup, BrakeCause, BrakeLimits},
    policy::{HEALTH_LEASE_MS, QueuePolicy, SiteRelease, gate::GateMode},
    schedule::EFFECT_DELAY_MS,
    sessions::SessionTotals,
    wire::{PutEvent, PutRelease},
};

use super::*;
use crate::{
    platform::PutOutcome,
    queue::{Attempt, event::EventConstants},
};

const OPENED: UnixMillis = UnixMillis(1_800_000_000_000);

fn at(seconds: u64) -> UnixMillis {
    OPENED.plus(seconds * 1_000)
}

/// The guide's example: ten a second, and so many at once.
fn release(at_once: u32) -> SiteRelease {
    SiteRelease {
        per_minute: 600,
        at_once,
        health_path: None,
        meter: true,
        brake: BrakeLimits::default(),
    }
}

fn settings(release: SiteRelease) -> EventSettings {
    EventSettings {
        name: "An evening".to_owned(),
        on_sale_time: OPENED,
        shards: ShardCount::new(1).unwrap(),
        draw_window_ms: DRAW_WINDOW_MS.least,
        turn_ms: TURN_MS.least,
        shopping_ms: SHOPPING_MS.default,
        challenge_max_number: 1_000,
        policy: QueuePolicy {
            release: Some(release),
            ..QueuePolicy::default()
        },
    }
}

fn event(settings: EventSettings) -> EventState {
    let constants = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: OPENED.minus(600_000),
        key: EventKey(Bytes32([4; 32])),
        commitment: SecretChain::generate(Bytes32([3; 32])).commitment(),
    };
    let put = PutEvent { version: 1, settings };
    EventState::with_constants(constants, put, Attempt(0))
}

/// So many sessions began, and none is over.
fn begun(begun: u64) -> ReportTotals {
    ReportTotals {
        sessions: SessionTotals {
            begun,
            ..SessionTotals::default()
        },
        ..ReportTotals::default()
    }
}

impl EventState {
    fn set_settings(&mut self, settings: EventSettings, now: UnixMillis) {
        let version = self.live.version + 1;
        let put = PutEvent { version, settings };
        self.put_event(&put, Attempt(version), OpenTickets::None, now);
    }

    fn draw(&mut self, last_place: u64, now: UnixMillis) {
        self.progress.last_place = last_place;
        self.open_places(now);
    }

    fn meters(&mut self, totals: &ReportTotals, now: UnixMillis) {
        self.meter_site(OpenTickets::None, totals, SiteAnswers::default(), now);
    }

    /// Everybody whose turn has come is in a second later, from `from` to `to`, in seconds.
    fn fills(&mut self, from: u64, to: u64) {
        for second in from..to {
            let inside = self.schedule.served(at(second).minus(1_000));
            self.meters(&begun(inside), at(second));
        }
    }

    fn due(&self, active: u64, now: UnixMillis) -> Option<UnixMillis> {
        self.meter_at(OpenTickets::None, active, now)
    }
}

/// With so many places drawn a second after the opening.
fn drawn(release: SiteRelease, last_place: u64) -> EventState {
    let mut event = event(settings(release));
    event.fills(0, 1);
    event.draw(last_place, at(1));
    event
}

#[test]
fn an_empty_site_fills_at_the_set_rate_and_stops_at_its_limit() {
    let mut event = drawn(release(300), 10_000);
    event.fills(1, 23);
    let served = event.schedule.served(at(23));
    assert!((195..=205).contains(&served), "{served} after twenty seconds");
    event.fills(23, 120);
    let served = event.schedule.served(at(120));
    assert!((290..=301).contains(&served), "{served}");
    let report = event.snapshot(begun(served), Epochs::default(), at(120)).meter.unwrap();
    assert_eq!((report.most_at_once, report.braked_by), (300, None));
    assert!(
        report.active >= 289 && report.rate_per_second <= Rate::per_second(3),
        "{report:?}"
    );
}

#[test]
fn nobody_is_metered_before_a_minute_before_the_on_sale_or_while_nobody_is_there() {
    let early = OPENED.minus(FIXED_BEFORE_ON_SALE_MS);
    let mut event = event(settings(release(300)));
    let opened = event.constants.opened_at;
    assert_eq!(event.due(0, opened), Some(opened), "the settings are new");
    event.meters(&begun(0), opened);
    assert_eq!(event.schedule.lease_until(), None);
    assert_eq!(event.due(0, at(1_000_000)), None, "nobody is there");
    let joined = |event: &EventState, now| event.meter_at(OpenTickets::Possible, 0, now);
    assert_eq!(joined(&event, opened), Some(early));
    assert!(joined(&event, early).is_some_and(|at| at <= early));
    assert!(event.due(1, at(5)).is_some_and(|due| due <= at(5)), "somebody is in");
    event.set_settings(settings(release(200)), opened.plus(5_000));
    assert_eq!(event.due(0, opened.plus(5_000)), Some(opened.plus(5_000)));
}

#[test]
fn once_a_second_is_enough() {
    let mut event = drawn(release(300), 1_000);
    event.meters(&begun(0), at(5));
    assert_eq!(event.due(0, at(5)), Some(at(6)));
    let before = event.clone();
    event.meters(&begun(300), at(6).minus(1));
    assert!(event == before, "not due: nothing is decided");
    event.meters(&begun(300), at(6));
    assert!(event != before);
}

#[test]
fn if_nobody_meters_admission_stops_when_the_room_is_used_up_and_goes_on_later() {
    let mut event = drawn(release(300), 10_000);
    event.fills(1, 10);
    let lease = event.schedule.lease_until().unwrap();
    let most = event.schedule.served(at(3_600));
    assert!(most <= 301, "{most} however long it is away");
    assert!(lease <= at(60) && event.schedule.stopped(at(3_600)));
    // Those who were let in meanwhile came, and half of them left.
    let back = at(3_600);
    let totals = ReportTotals {
        sessions: SessionTotals {
            begun: most,
            over: most / 2,
            revived: 0,
            walked_in: 0,
        },
        ..ReportTotals::default()
    };
    event.meters(&totals, back);
    event.meters(&totals, back.plus(1_000));
    assert!(!event.schedule.stopped(back.plus(3_000)));
    assert_eq!(event.schedule.served(back.plus(EFFECT_DELAY_MS)), most);
    assert!(event.schedule.served(back.plus(10_000)) > most + 50);
    assert_eq!(event.schedule.stops().as_slice().len(), 1);
}

#[test]
fn a_draw_that_is_closed_while_nobody_meters_has_a_lease_too() {
    let mut event = event(settings(release(300)));
    event.meters(&begun(0), at(0));
    event.meters(&begun(0), at(1));
    assert_eq!(event.schedule.lease_until(), None, "it was let go: nobody is there");
    event.draw(10_000, at(1_000));
    assert_eq!(event.schedule.lease_until(), Some(at(1_010)));
    assert_eq!(event.live.lease_until, event.schedule.lease_until());
    assert!(event.schedule.served(at(10_000)) <= 100);
}

#[test]
fn when_the_last_one_is_out_the_lease_is_let_go_and_nobody_meters_any_more() {
    let mut event = drawn(release(300), 20);
    event.fills(1, 10);
    let over = ReportTotals {
        sessions: SessionTotals {
            begun: 20,
            over: 20,
            revived: 0,
            walked_in: 0,
        },
        ..ReportTotals::default()
    };
    let seconds = 20 + (TURN_MS.least + SHOPPING_MS.default) / 1_000;
    (10..seconds).for_each(|second| event.meters(&over, at(second)));
    let all_out = at(seconds);
    assert_eq!(event.schedule.lease_until(), None);
    assert!(event.schedule.stops().as_slice().is_empty());
    assert_eq!(event.due(0, all_out.plus(1_000)), None);
    assert!(event.due(1, all_out.plus(1_000)).is_some(), "a session still runs");
}

#[test]
fn new_limits_hold_with_the_next_decision() {
    let mut event = drawn(release(300), 10_000);
    event.fills(1, 120);
    let full = event.schedule.served(at(120));
    event.set_settings(settings(release(400)), at(120));
    event.fills(120, 240);
    let more = event.schedule.served(at(240));
    assert!((390..=401).contains(&more), "{more} after {full}");
    event.set_settings(settings(release(100)), at(240));
    event.fills(240, 250);
    assert_eq!(event.schedule.rate(at(250)), Rate::ZERO);
}

#[test]
fn a_put_holds_when_its_answer_says_so_whoever_meters_when() {
    let per_minute = |per_minute| {
        settings(SiteRelease {
            per_minute,
            ..release(3_000)
        })
    };
    let rate = |event: &EventState| event.schedule.rate(event.live.effective_at);
    // Nobody is there, and nobody has metered yet.
    let mut event = event(per_minute(0));
    assert_eq!(rate(&event), Rate::ZERO);
    event.set_settings(per_minute(600), at(0));
    assert_eq!(rate(&event), Rate::per_second(10));
    // People are in.
    event.meters(&begun(0), at(1));
    event.draw(10_000, at(1));
    event.fills(2, 20);
    event.set_settings(per_minute(0), at(20));
    assert_eq!(rate(&event), Rate::ZERO);
    event.set_settings(per_minute(1_200), at(30));
    assert_eq!(rate(&event), Rate::per_second(20));
    // A smaller site is full.
    event.set_settings(settings(release(50)), at(40));
    assert_eq!(rate(&event), Rate::ZERO);
}

#[test]
fn a_fixed_rate_has_no_meter_and_one_that_gets_a_meter_goes_on_with_its_rate() {
    let fixed = SiteRelease {
        meter: false,
        ..release(300)
    };
    let mut event = event(settings(fixed.clone()));
    assert_eq!(event.due(9, at(0)), None);
    event.meters(&begun(9), at(0));
    assert_eq!(event.snapshot(begun(9), Epochs::default(), at(1)).meter, None);
    let stay_ms = TURN_MS.least + SHOPPING_MS.default;
    assert_eq!(event.schedule.rate(at(1)), fixed.fixed_rate(stay_ms));
    event.set_settings(settings(release(300)), at(2));
    assert_eq!(event.due(0, at(2)), Some(at(2)));
    event.meters(&begun(0), at(2));
    assert_eq!(event.schedule.rate(at(5)), Rate::per_second(10));
    event.set_settings(settings(fixed.clone()), at(10));
    assert_eq!(event.due(9, at(10)), None);
    assert_eq!(event.schedule.rate(at(13)), fixed.fixed_rate(stay_ms));
    assert_eq!(event.schedule.lease_until(), None);
}

#[test]
fn a_closed_gate_is_not_metered_and_an_open_one_is_at_once() {
    let mut event = drawn(release(300), 10_000);
    event.fills(1, 10);
    let mut closed = settings(release(300));
    closed.policy.gate.mode = GateMode::Reject;
    event.set_settings(closed, at(10));
    assert_eq!(event.due(50, at(11)), None);
    let served = event.schedule.served(at(12));
    event.fills(12, 100);
    assert_eq!(event.schedule.served(at(100)), served);
    event.set_settings(settings(release(300)), at(100));
    assert_eq!(event.due(50, at(100)), Some(at(100)));
    assert!(
        !event.schedule.stopped(event.live.effective_at),
        "as the put's answer says"
    );
    assert_eq!(event.schedule.lease_until(), Some(at(110)), "but not unmetered");
    event.fills(100, 110);
    assert!(event.schedule.served(at(110)) > served);
    assert_eq!(event.schedule.stops().as_slice().len(), 1);
}

#[test]
fn a_site_that_says_that_it_is_ill_stops_its_event_and_the_meter_goes_on_when_it_is_well() {
    let healthy = SiteRelease {
        health_path: Some("/up".to_owned()),
        ..release(3_000)
    };
    let mut event = drawn(healthy, 10_000);
    assert_eq!(event.site_to_ask(OpenTickets::Possible, at(2)), Some("/up"));
    event.site_answered(true, at(2));
    event.fills(2, 20);
    event.site_answered(true, at(18));
    assert!(
        event.schedule.lease_until().is_some_and(|until| until > at(30)),
        "that nobody asks is no stop"
    );
    event.site_answered(false, at(20));
    let ends = at(18).plus(HEALTH_LEASE_MS);
    assert_eq!(event.schedule.lease_until(), Some(ends));
    let stopped = event.schedule.served(ends);
    event.site_answered(false, at(22));
    event.fills(20, 100);
    assert_eq!(event.schedule.served(at(100)), stopped, "no decision opens it");
    event.site_answered(true, at(100));
    event.fills(100, 110);
    assert!(event.schedule.served(at(110)) > stopped);
    assert_eq!(event.schedule.stops().as_slice().len(), 1);
}

#[test]
fn a_site_that_fails_is_braked_and_its_admin_sees_it() {
    let mut event = drawn(release(3_000), 10_000);
    event.fills(1, 30);
    let mut failing = SiteAnswers::default();
    for group in AnswerGroup::all().take(10) {
        let counts = AnswerCounts {
            well: 1,
            failed: 9,
            slow: 0,
        };
        failing.add(SiteAnswers::of(group, counts));
    }
    let inside = event.schedule.served(at(29));
    event.meter_site(OpenTickets::None, &begun(inside), failing, at(30));
    let report = event.snapshot(begun(inside), Epochs::default(), at(30)).meter.unwrap();
    assert_eq!(report.braked_by, Some(BrakeCause::Failures));
    assert_eq!(u64::from(report.most_at_once), inside * 9 / 10);
    assert_eq!(report.rate_per_second, Rate::ZERO);
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["braked_by"], "failures");
    assert_eq!(json["answers"]["failed"], 90);
}

#[test]
fn an_event_with_a_release_takes_none_from_an_origin() {
    let mut event = drawn(release(300), 10_000);
    let put = PutRelease {
        version: 9,
        rate_per_second: Rate::per_second(1),
        lease_ms: 10_000,
        paused: false,
        sold_out: false,
        at_once: None,
    };
    let outcome = event.put_release(&put, Attempt(9), at(3));
    assert!(matches!(outcome, PutOutcome::Fixed(_)), "{outcome:?}");
}

#[test]
fn the_snapshot_stays_small_whatever_the_meter_decides() {
    let mut event = drawn(release(300), 10_000_000);
    for second in 1..6_000_u64 {
        // People leave and come in no order.
        let over = (second * 7_919) % 290;
        let totals = ReportTotals {
            sessions: SessionTotals {
                begun: 1_000_000,
                over: 1_000_000 - over,
                revived: 0,
                walked_in: 0,
            },
            ..ReportTotals::default()
        };
        event.meters(&totals, at(second));
        if second % 1_000 == 0 {
            // As a store keeps it.
            event.schedule = event.schedule.live_part(at(second), event.live.longest_shopping_ms);
        }
    }
    let snapshot = event.snapshot(ReportTotals::default(), Epochs::default(), at(6_000));
    let bytes = serde_json::to_vec(&snapshot).unwrap().len();
    assert!(bytes < 256 * 1024, "{bytes}");
    let live = serde_json::to_vec(&event.live).unwrap().len();
    assert!(live < 12_000, "{live}");
}
