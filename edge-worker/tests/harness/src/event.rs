//! Events that a test owns.

use stanchion_shared::{
    event_settings::EventSettings,
    ids::{EventId, ShardCount},
    policy::{BotPolicy, MAX_A_MINUTE, QueuePolicy, RateLimitPolicy},
    schedule::Rate,
    wire::{PutEvent, PutRelease},
};

use crate::{now, unique};

/// Tests ask as fast as they can; how often fans may is a test of its own.
const UNLIMITED: RateLimitPolicy = RateLimitPolicy {
    joins_per_account_a_minute: MAX_A_MINUTE,
    joins_per_address_a_minute: MAX_A_MINUTE,
    polls_per_ticket_a_minute: MAX_A_MINUTE,
};

/// An event that this test owns.
pub struct Event {
    /// Unique to this test.
    pub id: EventId,
    /// The settings as they are put to the edge.
    pub put: PutEvent,
}

impl Event {
    /// An event with short windows, 4 shards and the cheapest proof of work.
    #[must_use]
    pub fn on_sale_in(ms: u64) -> Event {
        let put = PutEvent {
            version: now().0 * 1000,
            settings: EventSettings {
                name: "A night out".to_owned(),
                on_sale_time: now().plus(ms),
                shards: ShardCount::new(4).unwrap(),
                draw_window_ms: 1_000,
                turn_ms: 10_000,
                shopping_ms: 10_000,
                challenge_max_number: 1_000,
                policy: QueuePolicy {
                    // Tests join as an app does, which sends no signals; what the page sends is a test of its own.
                    bots: BotPolicy {
                        apps_without_signals: true,
                        ..BotPolicy::default()
                    },
                    limits: UNLIMITED,
                    ..QueuePolicy::default()
                },
            },
        };
        Event {
            id: EventId::parse(&unique("e")).unwrap(),
            put,
        }
    }
}

impl Event {
    /// The same with turns and sessions of ten minutes, for tests that ask many fans one after the other: none is over before
    /// its fan is asked, however busy the machine is.
    #[must_use]
    pub fn with_long_turns(mut self) -> Event {
        self.put.settings.turn_ms = 600_000;
        self.put.settings.shopping_ms = 600_000;
        self
    }
}

/// A release with the longest lease: a minute.
#[must_use]
pub fn release(version: u64, per_second: u64) -> PutRelease {
    let rate_per_second = Rate::per_second(per_second);
    PutRelease {
        version,
        rate_per_second,
        lease_ms: 60_000,
        paused: false,
        sold_out: false,
        at_once: None,
    }
}
