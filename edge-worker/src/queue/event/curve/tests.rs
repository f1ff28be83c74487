use stanchion_shared::{
    draw::chain::SecretChain,
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, EventId, EventKey, Place, ShardCount},
    meter::BrakeLimits,
    policy::{QueuePolicy, SiteRelease, gate::RENEWED_LASTS},
    schedule::{EFFECT_DELAY_MS, Rate, Schedule},
    wire::{PutEvent, PutRelease},
};

use super::*;
use crate::queue::{
    Attempt,
    event::{EventConstants, OpenTickets},
};

const OPENED: UnixMillis = UnixMillis(1_800_000_000_000);

fn at(seconds: u64) -> UnixMillis {
    OPENED.plus(seconds * 1_000)
}

fn settings(turn_ms: u64, shopping_ms: u64, release: Option<SiteRelease>) -> EventSettings {
    EventSettings {
        name: "An evening".to_owned(),
        on_sale_time: OPENED,
        shards: ShardCount::new(1).unwrap(),
        draw_window_ms: DRAW_WINDOW_MS.least,
        turn_ms,
        shopping_ms,
        challenge_max_number: 1_000,
        policy: QueuePolicy {
            release,
            ..QueuePolicy::default()
        },
    }
}

fn event(settings: EventSettings) -> EventState {
    let constants = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: OPENED,
        key: EventKey(Bytes32([4; 32])),
        commitment: SecretChain::generate(Bytes32([3; 32])).commitment(),
    };
    let put = PutEvent { version: 1, settings };
    EventState::with_constants(constants, put, Attempt(0))
}

impl EventState {
    fn put_settings(&mut self, settings: EventSettings, now: UnixMillis) {
        let version = self.live.version + 1;
        let put = PutEvent { version, settings };
        self.put_event(&put, Attempt(version), OpenTickets::Possible, now);
    }

    /// A draw closes with so many places in all.
    fn draws(&mut self, last_place: u64, now: UnixMillis) {
        self.progress.last_place = last_place;
        self.open_places(now);
    }

    fn put_rate(&mut self, places_per_second: u64, now: UnixMillis) {
        let version = self.live.version + 1;
        let release = PutRelease {
            version,
            rate_per_second: Rate::per_second(places_per_second),
            lease_ms: 10_000,
            paused: false,
            sold_out: false,
            at_once: None,
        };
        self.put_release(&release, Attempt(version), now);
    }
}

fn metered(last_place: u64, turn_ms: u64) -> Schedule {
    let mut event = event(settings(turn_ms, SHOPPING_MS.default, None));
    for second in 0..200 {
        event.put_rate(1_000, at(second));
        if second == 1 {
            event.draws(last_place, at(second));
        }
    }
    event.schedule
}

#[test]
fn the_first_turn_comes_when_everybody_who_was_drawn_could_have_asked() {
    for (last_place, hold_ms) in [
        (1, EFFECT_DELAY_MS),
        (160_000, EFFECT_DELAY_MS),
        (320_001, 4_000),
        (10_000_000, 64_000),
    ] {
        let schedule = metered(last_place, TURN_MS.default);
        let first_turn = schedule.turn_at(Place(1)).unwrap();
        assert_eq!(first_turn, at(1).plus(hold_ms + 1), "{last_place}");
    }
}

#[test]
fn a_turn_of_a_large_event_lasts_as_long_as_its_fans_need() {
    for (last_place, turn_ms, lasts) in [
        (1, TURN_MS.least, TURN_MS.least),
        (320_000, TURN_MS.least, TURN_MS.least),
        // Four times four seconds.
        (320_001, TURN_MS.least, 16_000),
        (10_000_000, TURN_MS.least, 256_000),
        (10_000_000, 256_001, 256_001),
        (10_000_000, TURN_MS.default, TURN_MS.default),
    ] {
        let schedule = metered(last_place, turn_ms);
        let turn_at = schedule.turn_at(Place(1)).unwrap();
        assert_eq!(schedule.turn_ms(turn_at), lasts, "{last_place} with {turn_ms}");
        let claim_before = schedule.claim_before(turn_at, turn_at);
        assert_eq!(claim_before, turn_at.plus(lasts));
    }
}

#[test]
fn a_session_has_the_length_that_was_in_force_when_its_turn_came() {
    let (long, short) = (600_000, 60_000);
    let mut event = event(settings(60_000, long, None));
    event.draws(1_000_000, at(0));
    for second in 0..100 {
        event.put_rate(10, at(second));
        if second == 50 {
            event.put_settings(settings(60_000, short, None), at(second));
        }
    }
    let session_ms = |seconds: u64| event.schedule.session_ms(at(seconds));
    assert_eq!(
        (session_ms(20), session_ms(51), session_ms(52), session_ms(90)),
        (long, long, short, short)
    );
    let mut renewed = settings(60_000, short, None);
    renewed.policy.gate.renew_sessions = true;
    event.put_settings(renewed, at(100));
    assert_eq!(event.schedule.session_ms(at(102)), short * RENEWED_LASTS);
}

/// The most people who can be in the shop at once, whoever claims when.
fn most_at_once(schedule: &Schedule, until: UnixMillis) -> usize {
    let turns: Vec<(UnixMillis, UnixMillis)> = (1..=schedule.served(until))
        .map(|place| {
            let turn_at = schedule.turn_at(Place(place)).unwrap();
            let stay_ms = schedule.turn_ms(turn_at) + schedule.session_ms(turn_at);
            (turn_at, turn_at.plus(stay_ms))
        })
        .collect();
    let inside = |now: UnixMillis| turns.iter().filter(|(from, to)| *from <= now && now < *to).count();
    turns.iter().map(|(from, _)| inside(*from)).max().unwrap_or(0)
}

#[test]
fn at_once_is_kept_whatever_becomes_longer_or_shorter() {
    let release = |at_once| {
        Some(SiteRelease {
            per_minute: 600,
            at_once,
            health_path: None,
            meter: false,
            brake: BrakeLimits::default(),
        })
    };
    for (before, after) in [
        ((60_000, 60_000), (60_000, 600_000)),
        ((60_000, 600_000), (60_000, 60_000)),
        ((10_000, 120_000), (120_000, 120_000)),
        ((120_000, 120_000), (10_000, 120_000)),
    ] {
        let mut event = event(settings(before.0, before.1, release(100)));
        event.draws(1_000_000, at(0));
        event.put_settings(settings(after.0, after.1, release(100)), at(700));
        let most = most_at_once(&event.schedule, at(2_500));
        assert!(most <= 101, "{most} at once from {before:?} to {after:?}");
        assert!(most >= 95, "{most} at once from {before:?} to {after:?}");
    }
}

#[test]
fn the_rate_rises_again_once_the_long_sessions_are_over() {
    let release = Some(SiteRelease {
        per_minute: 100_000,
        at_once: 120,
        health_path: None,
        meter: false,
        brake: BrakeLimits::default(),
    });
    let mut event = event(settings(60_000, 540_000, release.clone()));
    event.draws(1_000_000, at(0));
    let rate = |event: &EventState, seconds| event.schedule.rate(at(seconds)).milli();
    assert_eq!(rate(&event, 10), 200);
    let shorter = settings(60_000, 60_000, release);
    event.put_settings(shorter.clone(), at(1_000));
    assert_eq!(rate(&event, 1_010), 200, "sessions of nine minutes still run");
    event.put_settings(shorter, at(1_000 + 602));
    assert_eq!(rate(&event, 1_610), 1_000, "with any put after the last of them");
}
