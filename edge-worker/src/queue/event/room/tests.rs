use stanchion_shared::{
    draw::chain::SecretChain,
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, Draw, EventId, EventKey, ShardCount},
    meter::{BrakeLimits, SiteAnswers},
    policy::{QueuePolicy, SiteRelease, gate::GatePolicy},
    room::LEAST_CALLED_AHEAD,
    schedule::{LEASE_MS, Rate, ScheduleChange},
    sessions::SessionTotals,
    wire::{PutEvent, PutRelease},
};

use super::*;
use crate::queue::{Attempt, event::EventConstants};

const ON_SALE: UnixMillis = UnixMillis(1_800_000_000_000);
const AT_ONCE: u32 = 20;

fn after(seconds: u64) -> UnixMillis {
    ON_SALE.plus(seconds * 1_000)
}

fn event(mode: GateMode, release: Option<SiteRelease>) -> EventState {
    let settings = EventSettings {
        name: "A shop".to_owned(),
        on_sale_time: ON_SALE,
        shards: ShardCount::new(1).unwrap(),
        draw_window_ms: DRAW_WINDOW_MS.least,
        turn_ms: TURN_MS.least,
        shopping_ms: SHOPPING_MS.default,
        challenge_max_number: 1_000,
        policy: QueuePolicy {
            gate: GatePolicy {
                mode,
                ..GatePolicy::default()
            },
            release,
            ..QueuePolicy::default()
        },
    };
    let constants = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: ON_SALE.minus(600_000),
        key: EventKey(Bytes32([4; 32])),
        commitment: SecretChain::generate(Bytes32([3; 32])).commitment(),
    };
    EventState::with_constants(constants, PutEvent { version: 1, settings }, Attempt(0))
}

fn site() -> EventState {
    let release = SiteRelease {
        per_minute: 600,
        at_once: AT_ONCE,
        health_path: None,
        meter: true,
        brake: BrakeLimits::default(),
    };
    event(GateMode::WhenBusy, Some(release))
}

fn running(active: u64, wait_for_slot: u64) -> ReportTotals {
    ReportTotals {
        sessions: SessionTotals {
            begun: active,
            ..SessionTotals::default()
        },
        wait_for_slot,
        ..ReportTotals::default()
    }
}

impl EventState {
    /// The room of an event where nobody waits for a draw.
    fn room_at(&self, reported: &ReportTotals, now: UnixMillis) -> Room {
        self.room(OpenTickets::None, reported, now)
    }

    /// So many fans were drawn, and are called from two seconds later on.
    fn draw_fans(&mut self, last_place: u64, now: UnixMillis) {
        self.progress.last_place = last_place;
        self.progress.last_closed = Some(Draw(0));
        let change = ScheduleChange {
            last_place: Some(last_place),
            ..self.curve(now)
        };
        self.schedule.change(change, now);
    }
}

#[test]
fn an_empty_site_has_room_for_as_many_as_may_be_in_at_its_set_rate() {
    let room = site().room_at(&ReportTotals::default(), after(10));
    let expected = Room {
        with_turn: Some(u64::from(AT_ONCE)),
        without_turn: u64::from(AT_ONCE),
        most_per_second: Rate::per_second(10),
    };
    assert_eq!(room, expected);
}

#[test]
fn without_the_mode_there_is_no_room_and_turns_need_no_slot() {
    let queue = event(GateMode::Queue, site().settings.policy.release);
    let room = queue.room_at(&ReportTotals::default(), after(10));
    assert_eq!((room.with_turn, room.without_turn), (None, 0));
}

#[test]
fn before_the_on_sale_everybody_is_drawn() {
    let site = site();
    let before = site.room_at(&ReportTotals::default(), ON_SALE.minus(1));
    assert_eq!((before.with_turn, before.without_turn), (Some(u64::from(AT_ONCE)), 0));
    assert!(site.room_at(&ReportTotals::default(), ON_SALE).without_turn > 0);
}

#[test]
fn room_is_kept_for_everybody_who_waits_and_nobody_passes_a_fan_who_finds_no_slot() {
    let mut site = site();
    let joined = |joined| ReportTotals {
        joined,
        ..ReportTotals::default()
    };
    let in_draw = site.room(OpenTickets::Possible, &joined(6), after(10));
    assert_eq!(in_draw.with_turn, Some(u64::from(AT_ONCE)));
    assert_eq!(in_draw.without_turn, u64::from(AT_ONCE) - 6);
    assert!(
        in_draw.most_per_second < Rate::per_second(10),
        "they take their part of it"
    );
    assert_eq!(site.room_at(&joined(1_000), after(10)).without_turn, 0);
    assert_eq!(
        site.room_at(&running(3, 1), after(10)).without_turn,
        0,
        "one waits for a slot"
    );
    site.progress.second_line.drawn = 3;
    let with_suspects = site.room_at(&joined(0), after(10)).without_turn;
    assert_eq!(
        with_suspects,
        u64::from(AT_ONCE) - 3,
        "also before shards have reported"
    );
    site.progress.second_line.drawn = 0;
    site.draw_fans(5, after(10));
    let in_line = site.room_at(&joined(5), after(11)).without_turn;
    assert_eq!(in_line, u64::from(AT_ONCE) - 5);
}

#[test]
fn fans_who_were_called_and_are_on_their_way_keep_their_room() {
    let mut site = site();
    site.draw_fans(5, after(10));
    // All are called within 15 s, and an hour later nobody is on the way.
    let called = site.room_at(&ReportTotals::default(), after(15)).without_turn;
    assert_eq!(called, u64::from(AT_ONCE) - 5);
    let later = site.room_at(&ReportTotals::default(), after(3_600)).without_turn;
    assert_eq!(later, u64::from(AT_ONCE));
}

#[test]
fn an_origin_says_how_many_may_be_in_and_what_it_does_not_sell_is_no_room() {
    let mut origin = event(GateMode::WhenBusy, None);
    let none = ReportTotals::default();
    assert_eq!(origin.room_at(&none, after(10)).without_turn, 0, "nothing was put");
    let put = |origin: &mut EventState, version, rate, at_once, seconds| {
        let release = PutRelease {
            version,
            rate_per_second: rate,
            lease_ms: LEASE_MS.default,
            paused: false,
            sold_out: false,
            at_once,
        };
        origin.put_release(&release, Attempt(version), after(seconds));
        origin.room_at(&none, after(seconds + 2))
    };
    let open = put(&mut origin, 2, Rate::per_second(3), Some(7), 10);
    assert_eq!(
        (open.with_turn, open.without_turn, open.most_per_second),
        (None, 7, Rate::per_second(3))
    );
    assert_eq!(put(&mut origin, 3, Rate::ZERO, Some(7), 13).most_per_second, Rate::ZERO);
    assert_eq!(put(&mut origin, 4, Rate::per_second(3), None, 16).without_turn, 0);
    let silent = origin.room_at(&none, after(60));
    assert_eq!(silent.without_turn, 0, "its lease is over");
}

#[test]
fn a_full_site_calls_some_fans_ahead_and_no_more_while_they_wait() {
    let mut site = site();
    let full = |waits| ReportTotals {
        joined: 1_000,
        ..running(u64::from(AT_ONCE), waits)
    };
    let meter = |site: &mut EventState, waits, seconds| {
        site.meter_site(OpenTickets::None, &full(waits), SiteAnswers::default(), after(seconds));
        site.schedule.segments().last().unwrap().rate_per_second
    };
    // It filled without turns.
    for second in 1..=15 {
        meter(&mut site, 0, second);
    }
    site.draw_fans(1_000, after(15));
    let ahead = u64::from(LEAST_CALLED_AHEAD);
    assert!(meter(&mut site, 0, 16) > Rate::ZERO);
    assert_eq!(meter(&mut site, ahead, 17), Rate::ZERO);
    assert_eq!(meter(&mut site, ahead + 3, 18), Rate::ZERO);
}
