//! The command line, and how much is measured.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures Stanchion's hot paths, each beside a baseline of the same kind. Run it by scripts/bench.
#[derive(Parser)]
#[command(name = "scripts/bench")]
pub(crate) struct BenchOptions {
    /// Shorter and fewer rounds, the same measures.
    #[arg(long)]
    pub(crate) quick: bool,

    /// One round of a second of each row. It tells whether the rows can be measured; its numbers mean nothing.
    #[arg(long, conflicts_with = "quick")]
    pub(crate) smoke: bool,

    /// Also writes everything as JSON, every round included.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Only these rows.
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    pub(crate) only: Vec<Measure>,
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Measure {
    /// Status poll, place known.
    Poll,
    /// Join.
    Join,
    /// Seat lock.
    Lock,
    /// Checkout.
    Checkout,
}

/// How much of everything, per side and round; `rounds` of each side. All of it is bounded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Odd, so that the median is one of them.
    pub(crate) rounds: usize,
    /// How long wrk and pgbench run.
    pub(crate) seconds: u32,
    /// What precedes the rounds on each side, unmeasured.
    pub(crate) warm_up: WarmUp,
    pub(crate) joins: usize,
    pub(crate) locks: usize,
    pub(crate) checkouts: usize,
}

/// Requests of each side before the first round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WarmUp {
    pub(crate) joins: usize,
    pub(crate) locks: usize,
    pub(crate) checkouts: usize,
}

const WARM_UP: WarmUp = WarmUp {
    joins: 1_000,
    locks: 5_000,
    checkouts: 200,
};
const SMOKE: Effort = Effort {
    rounds: 1,
    seconds: 1,
    warm_up: WarmUp {
        joins: 64,
        locks: 1_000,
        checkouts: 16,
    },
    joins: 128,
    locks: 5_000,
    checkouts: 32,
};
/// Many short rounds rather than few long ones: what disturbs the machine then spoils rounds, not the median.
const QUICK: Effort = Effort {
    rounds: 9,
    seconds: 1,
    warm_up: WARM_UP,
    joins: 1_500,
    locks: 30_000,
    checkouts: 300,
};
const FULL: Effort = Effort {
    rounds: 15,
    seconds: 3,
    warm_up: WARM_UP,
    joins: 4_000,
    locks: 100_000,
    checkouts: 1_000,
};

impl BenchOptions {
    pub(crate) fn effort(&self) -> Effort {
        match self {
            BenchOptions { smoke: true, .. } => SMOKE,
            BenchOptions { quick: true, .. } => QUICK,
            _ => FULL,
        }
    }

    /// In a fixed order, each once.
    pub(crate) fn measures(&self) -> Vec<Measure> {
        let wanted = |measure: &Measure| self.only.is_empty() || self.only.contains(measure);
        Measure::value_variants().iter().copied().filter(wanted).collect()
    }
}

impl Measure {
    /// As on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Measure::Poll => "poll",
            Measure::Join => "join",
            Measure::Lock => "lock",
            Measure::Checkout => "checkout",
        }
    }
}
