//! Which puts may move the on-sale, and to when.

use stanchion_shared::{
    event_settings::{DRAW_WINDOW_MS, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, EventId, EventKey, ShardCount},
    policy::QueuePolicy,
    wire::PutEvent,
};

use super::*;
use crate::{
    platform::PutOutcome,
    queue::{
        Attempt,
        event::{EventConstants, EventState},
    },
};

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
const YEAR_MS: u64 = 365 * 24 * 3_600_000;

fn put(version: u64, on_sale_time: UnixMillis, draw_window_ms: u64) -> PutEvent {
    PutEvent {
        version,
        settings: EventSettings {
            name: "An evening".to_owned(),
            on_sale_time,
            shards: ShardCount::new(1).unwrap(),
            draw_window_ms,
            turn_ms: TURN_MS.least,
            shopping_ms: SHOPPING_MS.least,
            challenge_max_number: 1_000,
            policy: QueuePolicy::default(),
        },
    }
}

fn event(on_sale_time: UnixMillis) -> EventState {
    let fixed = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: NOW.minus(YEAR_MS),
        key: EventKey(Bytes32([4; 32])),
        commitment: Bytes32([5; 32]),
    };
    EventState::with_constants(fixed, put(1, on_sale_time, DRAW_WINDOW_MS.least), Attempt(1))
}

fn is_accepted(event: &mut EventState, put: &PutEvent) -> bool {
    let outcome = event.put_event(put, Attempt(put.version), OpenTickets::None, NOW);
    match outcome {
        PutOutcome::Accepted(_) => true,
        PutOutcome::Fixed(_) => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_slip_that_moves_the_on_sale_into_the_past_is_refused_and_can_be_put_right() {
    let on_sale = NOW.plus(YEAR_MS / 12);
    let mut event = event(on_sale);
    let last_year = put(2, on_sale.minus(YEAR_MS), DRAW_WINDOW_MS.least);
    assert!(!is_accepted(&mut event, &last_year));
    assert_eq!(event.settings.on_sale_time, on_sale, "nothing is changed");
    assert!(is_accepted(&mut event, &put(3, on_sale.plus(1), DRAW_WINDOW_MS.least)));
}

#[test]
fn windows_move_to_an_on_sale_more_than_a_minute_ahead_and_no_nearer() {
    let earliest = NOW.plus(FIXED_BEFORE_ON_SALE_MS);
    for (on_sale_time, accepted) in [
        (UnixMillis(0), false),
        (NOW, false),
        (earliest, false),
        (earliest.plus(1), true),
    ] {
        for window in [DRAW_WINDOW_MS.least, DRAW_WINDOW_MS.most] {
            let mut event = event(NOW.plus(YEAR_MS));
            let moved = put(2, on_sale_time, window);
            assert_eq!(is_accepted(&mut event, &moved), accepted, "{on_sale_time} {window}");
        }
    }
}

#[test]
fn a_put_that_leaves_the_windows_alone_is_accepted_whenever_the_on_sale_is() {
    for on_sale_time in [NOW.minus(YEAR_MS), NOW, NOW.plus(1)] {
        let mut event = event(on_sale_time);
        let renamed = PutEvent {
            settings: EventSettings {
                name: "Another evening".to_owned(),
                ..put(2, on_sale_time, DRAW_WINDOW_MS.least).settings
            },
            ..put(2, on_sale_time, DRAW_WINDOW_MS.least)
        };
        assert!(is_accepted(&mut event, &renamed), "{on_sale_time}");
    }
}
