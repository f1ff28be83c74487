//! The command line. Every option is also an environment variable, so that the environment of scripts/stack/run is
//! enough.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, builder::RangedI64ValueParser};
use stanchion_command_line::values::duration;
use stanchion_invariants::{addresses::StackAddresses, command::event_id};
use stanchion_shared::{ids::EventId, policy::BeaconPolicy};

/// Simulated fans over real HTTP, all the way from the account to the ticket, and a check of every invariant
/// afterwards. Creates an event of its own. Ends with 0 only if everything held.
#[derive(Parser, Clone)]
#[command(name = "stanchion-load-test", version)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) addresses: StackAddresses,

    /// JSON lines {subject, email, token}, as `stanchion-origin mint-accounts` prints them; at least as many as fans.
    #[arg(long, env = "STANCHION_ACCOUNTS")]
    pub(crate) accounts: PathBuf,

    /// How many fans come.
    #[arg(long, env = "STANCHION_FANS", default_value_t = 500, value_parser = at_least_one())]
    pub(crate) fans: u32,

    /// Decides who the fans are and what they do; the same seed gives the same fans.
    #[arg(long, env = "STANCHION_SEED", default_value_t = 1)]
    pub(crate) seed: u64,

    /// How many of the fans sign up and sign in over HTTP; each costs the origin two argon2 hashes.
    #[arg(long, env = "STANCHION_SIGN_UPS", default_value_t = 40)]
    pub(crate) sign_ups: u32,

    /// Percent of the fans with minted accounts that are verified fans, invited through the admin API.
    #[arg(long, env = "STANCHION_VERIFIED", default_value_t = 0, value_parser = percent())]
    pub(crate) verified: u32,

    /// Writes the closing report here, as JSON.
    #[arg(long, env = "STANCHION_REPORT")]
    pub(crate) report: Option<PathBuf>,

    /// Writes what the fans saw (receipts, shop tokens, …) here, as JSON: `stanchion-invariants --observed` reads it.
    #[arg(long, env = "STANCHION_OBSERVED")]
    pub(crate) observed: Option<PathBuf>,

    /// The event's id; `arena-<time>` unless given. The probe event's is this and `-probe`.
    #[arg(long, env = "STANCHION_EVENT_ID", value_parser = event_id)]
    pub(crate) event_id: Option<EventId>,

    /// From the launch to the on-sale, for instance 20s or 2m.
    #[arg(long, env = "STANCHION_ON_SALE_IN", default_value = "20s", value_parser = duration)]
    pub(crate) on_sale_in: Duration,

    /// Most fans admitted per second.
    #[arg(long, env = "STANCHION_RATE", default_value_t = 150, value_parser = at_least_one())]
    pub(crate) rate: u32,

    /// Most fans shopping at once; twenty seconds' worth of the rate unless given.
    #[arg(long, env = "STANCHION_MOST_SHOPPERS")]
    pub(crate) most_shoppers: Option<u32>,

    /// Shards of the event's queue: a power of two.
    #[arg(long, env = "STANCHION_SHARDS", default_value_t = 16)]
    pub(crate) shards: u16,

    /// Length of an arrival window after the on-sale.
    #[arg(long, env = "STANCHION_DRAW_WINDOW", default_value = "5s", value_parser = duration)]
    pub(crate) draw_window: Duration,

    /// The beacon that every draw waits for, as JSON of an event's `queue.beacon`; none unless given.
    #[arg(long, env = "STANCHION_BEACON", value_parser = beacon)]
    pub(crate) beacon: Option<BeaconPolicy>,

    /// How long a turn waits to be claimed.
    #[arg(long, env = "STANCHION_TURN", default_value = "2m", value_parser = duration)]
    pub(crate) turn: Duration,

    /// How long a claimed fan may shop.
    #[arg(long, env = "STANCHION_SHOPPING", default_value = "3m", value_parser = duration)]
    pub(crate) shopping: Duration,

    /// How long a seat is held in a cart.
    #[arg(long, env = "STANCHION_LOCK", default_value = "20s", value_parser = duration)]
    pub(crate) lock: Duration,

    /// Largest number a proof of work hides: the work of a join.
    #[arg(long, env = "STANCHION_CHALLENGE_MAX_NUMBER", default_value_t = 10_000)]
    pub(crate) challenge_max_number: u64,

    /// Connections to the edge at once; fewer if the process may not open as many files.
    #[arg(long, env = "STANCHION_SOCKETS", default_value_t = 1_000)]
    pub(crate) sockets: usize,

    /// How long fans think between two clicks, in percent of a person's time: 100 is some seconds.
    #[arg(long, env = "STANCHION_PACE", default_value_t = 100, value_parser = at_least_one())]
    pub(crate) pace: u32,

    /// From the on-sale until fans who are not done are given up; worked out from fans and rate unless given.
    #[arg(long, env = "STANCHION_DEADLINE", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,

    /// Leaves these on sale after the run (`arena`, `probe`); what is not named is paused when the fans are done.
    #[arg(long, env = "STANCHION_KEEP_EVENT", num_args = 1.., value_delimiter = ',', default_value = "arena")]
    pub(crate) keep_event: Vec<KeptEvent>,
}

/// An event of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KeptEvent {
    /// The large one.
    Arena,
    /// The one with ten seats.
    Probe,
}

fn at_least_one() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

fn percent() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=100)
}

fn beacon(text: &str) -> Result<BeaconPolicy, String> {
    let beacon: BeaconPolicy = serde_json::from_str(text).map_err(|error| error.to_string())?;
    beacon.check().map(|()| beacon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        RunOptions::command().debug_assert();
    }
}
