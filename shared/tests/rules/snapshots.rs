//! A snapshot as tests of the rules need it: an event with the usual settings.

use stanchion_shared::{
    epochs::Epochs,
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, Draw, EventId, ShardCount},
    policy::QueuePolicy,
    schedule::Schedule,
    score::counts::ScoreCounts,
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

/// Draw 0 is closed, and everybody who joined has a place in it. Taken at `now`.
pub(crate) fn drawn(on_sale_time: UnixMillis, schedule: Schedule, joined: u64, now: UnixMillis) -> Snapshot {
    Snapshot {
        frozen: None,
        missing: Vec::new(),
        meter: None,
        sessions: Default::default(),
        ended: Default::default(),
        at_once: None,
        as_of: now,
        event_id: EventId::parse("e").unwrap(),
        settings: EventSettings {
            name: "E".to_owned(),
            on_sale_time,
            shards: ShardCount::DEFAULT,
            draw_window_ms: DRAW_WINDOW_MS.default,
            turn_ms: TURN_MS.default,
            shopping_ms: SHOPPING_MS.default,
            challenge_max_number: 1_000,
            policy: QueuePolicy::default(),
        },
        version: 1,
        commitment: Bytes32([0; 32]),
        joined,
        draws_closed: 1,
        last_closed: Some(Draw(0)),
        last_place: joined,
        in_second_line: 0,
        schedule,
        paused: false,
        sold_out: false,
        epochs: Epochs::default(),
        scores: ScoreCounts::default(),
        joins_per_second: 0,
    }
}
