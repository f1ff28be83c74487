//! The command line. Every option of `run` and `check` is also an environment variable, so that the environment of
//! scripts/stack/run is enough.

mod values;

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use stanchion_shared::{
    identity::{Bytes32, EventId, Tag},
    policy::BeaconPolicy,
};

use values::{at_least_one, base_url, beacon, bytes_32, event_id, invariant_number, percent, tag};
pub(crate) use values::{duration, millis};

use crate::simulate::SimulateOptions;

/// Simulated fans over real HTTP, all the way from the account to the ticket, and a check of every invariant
/// afterwards.
#[derive(Parser)]
#[command(name = "stanchion-rush", version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Creates an event, lets the fans loose, and checks what they left behind. Ends with 0 only if everything held.
    Run(Box<RunOptions>),
    /// Checks an event that is there, without fans of its own.
    Check(Box<CheckOptions>),
    /// Simulates a whole on-sale in this process, by the rules alone: fairness, waits, memory. Ends with 0 only if every
    /// bound held.
    Simulate(Box<SimulateOptions>),
    /// Checks one fan's place from a receipt and what is public, as anybody can. Ends with 0 only if everything held.
    Verify(VerifyOptions),
}

/// Options of `verify`.
#[derive(Args, Clone)]
pub(crate) struct VerifyOptions {
    /// The receipt that the join's answer had.
    pub(crate) receipt: String,

    /// The edge's address; nothing else is asked.
    #[arg(long = "edge", env = "STANCHION_EDGE_URL", value_parser = base_url)]
    pub(crate) edge_url: String,

    /// The place that was told.
    #[arg(long)]
    pub(crate) place: Option<u64>,

    /// Whose receipt it should be: the person's tag in the event, hex.
    #[arg(long, value_parser = tag)]
    pub(crate) account_tag: Option<Tag>,

    /// The commitment that was public at the join, hex.
    #[arg(long, value_parser = bytes_32)]
    pub(crate) commitment: Option<Bytes32>,

    /// The answer of `GET …/events/{id}/queue` that was saved at the join: all that was announced then.
    #[arg(long)]
    pub(crate) queue_at_join: Option<PathBuf>,

    /// `drawing.tickets_digest` that was public before the beacon's round was out, hex.
    #[arg(long, value_parser = bytes_32)]
    pub(crate) tickets_digest: Option<Bytes32>,

    /// Prints the verdict as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where everything is. Fans use the edge only; the rest is for setting up and for checking.
#[derive(Args, Clone)]
pub(crate) struct Places {
    /// The edge's address; fans know no other.
    #[arg(long = "edge", env = "STANCHION_EDGE_URL", value_parser = base_url)]
    pub(crate) edge_url: String,

    /// What the edge runs on, for the report; the stack says it.
    #[arg(long, env = "STANCHION_EDGE_RUNTIME", default_value = "an unnamed runtime")]
    pub(crate) edge_runtime: String,

    /// The origin's address: admin API, and the proof that it refuses what the edge refuses.
    #[arg(long = "origin", env = "STANCHION_ORIGIN_URL", value_parser = base_url)]
    pub(crate) origin_url: String,

    /// Bearer token of the origin's admin API.
    #[arg(long, env = "STANCHION_ADMIN_TOKEN", hide_env_values = true)]
    pub(crate) admin_token: String,

    /// PostgreSQL, read only: orders and tickets.
    #[arg(long, env = "STANCHION_DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: String,

    /// Redis, read only: the seats' states.
    #[arg(long, env = "STANCHION_REDIS_URL", hide_env_values = true)]
    pub(crate) redis_url: String,

    /// The payment gateway whose ledger is compared with the orders.
    #[arg(long, env = "STANCHION_STRIPE_URL", value_parser = base_url)]
    pub(crate) gateway_url: String,

    /// The gateway's secret key.
    #[arg(long, env = "STANCHION_STRIPE_KEY", hide_env_values = true)]
    pub(crate) gateway_key: String,
}

/// Options of `run`.
#[derive(Args, Clone)]
pub(crate) struct RunOptions {
    #[command(flatten)]
    pub(crate) places: Places,

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

    /// Writes what the fans saw (receipts, shop tokens, …) here, as JSON: `check --observed` reads it.
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
    #[arg(long, value_parser = beacon)]
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

/// Options of `check`.
#[derive(Args, Clone)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    pub(crate) places: Places,

    /// The event.
    #[arg(long, env = "STANCHION_EVENT_ID", value_parser = event_id)]
    pub(crate) event_id: EventId,

    /// What fans saw, as `run --observed` wrote it. Without it, what only fans can see counts as not shown.
    #[arg(long, env = "STANCHION_OBSERVED")]
    pub(crate) observed: Option<PathBuf>,

    /// Checks these invariants only, for instance 1,2,4,6.
    #[arg(long, env = "STANCHION_INVARIANTS", value_delimiter = ',', value_parser = invariant_number())]
    pub(crate) invariants: Vec<u8>,

    /// Writes the closing report here, as JSON.
    #[arg(long, env = "STANCHION_REPORT")]
    pub(crate) report: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }
}
