//! What is simulated: the command line, and the on-sale that it describes.

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use serde::Serialize;
use stanchion_shared::{
    event_settings::EventSettings,
    ids::{EventId, ShardCount},
    meter::MeterLimits,
    policy::{CHALLENGE_MAX_NUMBER, QueuePolicy},
    schedule::Rate,
    timestamp::UnixMillis,
};

use stanchion_command_line::values::{duration, millis};

use crate::law::PollLaw;

/// Fans per seat unless told: a tour that everybody wants.
const FANS_PER_SEAT: u32 = 4;
/// Fans per shopper at once unless told.
const FANS_PER_SHOPPER: u32 = 200;
/// Fans per place and second at the most unless told.
const FANS_PER_RATE: u32 = 10_000;
/// With fewer there is nothing to say about fairness.
pub(crate) const FEWEST_FANS: u32 = 1_000;
/// A fan's number and instant share a word of 64 bits with room to spare; memory ends first.
pub(crate) const MOST_FANS: u32 = 100_000_000;

/// The on-sale begins here, in simulated time. Any instant would do.
pub(crate) const ON_SALE_TIME: UnixMillis = UnixMillis(1_800_000_000_000);
/// The queue opens so long before, in ms.
pub(crate) const OPENS_BEFORE_MS: u64 = 30 * 60_000;

/// An admin changes the limits so long after the on-sale, in ms, if at all.
const CHANGED_AFTER_MS: u64 = 30 * 60_000;

/// Simulates a whole on-sale in this process, by the rules alone: fairness, waits, memory. Ends with 0 only if every
/// bound held.
#[derive(Parser, Clone, Debug)]
#[command(name = "stanchion-simulator", version)]
pub(crate) struct SimulateOptions {
    /// How many fans come.
    #[arg(long, default_value_t = 100_000,
          value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_FANS)..=i64::from(MOST_FANS)))]
    pub(crate) fans: u32,

    /// Decides the fans, what they do and how they are drawn.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,

    /// Seats on sale; one for four fans unless given.
    #[arg(long)]
    pub(crate) seats: Option<u32>,

    /// Most fans admitted per second; one for 10,000 fans unless given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,

    /// Most fans shopping at once; one for 200 fans unless given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) most_shoppers: Option<u32>,

    /// Shards of the event's queue: a power of two up to 1024.
    #[arg(long, default_value = "64", value_parser = shard_count)]
    pub(crate) shards: ShardCount,

    /// Of a hundred fans, so many come after the on-sale.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=90))]
    pub(crate) late_percent: u32,

    /// Length of an arrival window after the on-sale.
    #[arg(long, default_value = "5s", value_parser = duration)]
    pub(crate) draw_window: Duration,

    /// How long a turn waits to be claimed.
    #[arg(long, default_value = "10m", value_parser = duration)]
    pub(crate) turn: Duration,

    /// How long a claimed fan may shop.
    #[arg(long, default_value = "10m", value_parser = duration)]
    pub(crate) shopping: Duration,

    /// How long a seat is held in a cart.
    #[arg(long, default_value = "10m", value_parser = duration)]
    pub(crate) lock: Duration,

    /// The meter is silent for so long, a quarter of an hour after the on-sale: a stop. 0s is none.
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub(crate) outage: Duration,

    /// An admin pauses admission for so long, twenty minutes after the on-sale. 0s is no pause.
    #[arg(long, default_value = "60s", value_parser = duration)]
    pub(crate) pause: Duration,

    /// The poll law of the edge: the present one, or the former one to compare with.
    #[arg(long, value_enum, default_value_t = PollLaw::Present)]
    pub(crate) poll_law: PollLaw,

    /// Half an hour after the on-sale an admin changes both limits to so many percent; 100 is no change.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) change_limits: u32,

    /// Writes the figures here, as JSON.
    #[arg(long)]
    pub(crate) report: Option<PathBuf>,
}

fn shard_count(text: &str) -> Result<ShardCount, String> {
    let count = text.parse().map_err(|_| "must be a whole number".to_owned())?;
    ShardCount::new(count).map_err(|error| error.to_string())
}

/// What the options come to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SimulationSetting {
    pub(crate) fans: u32,
    pub(crate) seed: u64,
    pub(crate) seats: u64,
    pub(crate) most_per_second: Rate,
    pub(crate) most_shoppers: u32,
    pub(crate) late_percent: u32,
    pub(crate) lock_ms: u64,
    pub(crate) outage_ms: u64,
    pub(crate) pause_ms: u64,
    pub(crate) poll_law: PollLaw,
    pub(crate) change_limits_percent: u32,
    #[serde(skip)]
    pub(crate) event_id: EventId,
    /// As the origin would put it.
    pub(crate) event: EventSettings,
}

impl SimulationSetting {
    /// # Errors
    /// A sentence that names what is out of its limits.
    pub(crate) fn of(options: &SimulateOptions) -> Result<SimulationSetting, String> {
        let share = |per: u32| options.fans.div_ceil(per);
        let event = EventSettings {
            name: "A simulated on-sale".to_owned(),
            on_sale_time: ON_SALE_TIME,
            shards: options.shards,
            draw_window_ms: millis(options.draw_window),
            turn_ms: millis(options.turn),
            shopping_ms: millis(options.shopping),
            challenge_max_number: CHALLENGE_MAX_NUMBER.default,
            policy: QueuePolicy::default(),
        };
        event.check()?;
        Ok(SimulationSetting {
            fans: options.fans,
            seed: options.seed,
            seats: u64::from(options.seats.unwrap_or_else(|| share(FANS_PER_SEAT))),
            most_per_second: Rate::per_second(u64::from(options.rate.unwrap_or_else(|| share(FANS_PER_RATE)))),
            most_shoppers: options.most_shoppers.unwrap_or_else(|| share(FANS_PER_SHOPPER)),
            late_percent: options.late_percent,
            lock_ms: millis(options.lock),
            outage_ms: millis(options.outage),
            pause_ms: millis(options.pause),
            poll_law: options.poll_law,
            change_limits_percent: options.change_limits,
            event_id: EventId::parse("simulated").map_err(|error| error.to_string())?,
            event,
        })
    }

    /// What the admin allows at `now`.
    pub(crate) fn limits(&self, now: UnixMillis) -> MeterLimits {
        let percent = if now.since(ON_SALE_TIME) < CHANGED_AFTER_MS {
            100
        } else {
            self.change_limits_percent
        };
        let shoppers = u64::from(self.most_shoppers) * u64::from(percent) / 100;
        MeterLimits {
            most_per_second: Rate::from_milli(self.most_per_second.milli() * u64::from(percent) / 100),
            most_shoppers: u32::try_from(shoppers).unwrap_or(u32::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        SimulateOptions::command().debug_assert();
    }
}
