//! The command line, and how much is measured.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures Stanchion's hot paths, each beside a baseline of the same kind. Run it by scripts/bench.
#[derive(Parser)]
#[command(name = "scripts/bench")]
pub(crate) struct Options {
    /// Shorter and fewer rounds, the same measures.
    #[arg(long)]
    pub(crate) quick: bool,

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
    pub(crate) joins: usize,
    pub(crate) locks: usize,
    pub(crate) checkouts: usize,
}

/// Many short rounds rather than few long ones: what disturbs the machine then spoils rounds, not the median.
const QUICK: Effort = Effort {
    rounds: 9,
    seconds: 1,
    joins: 1_500,
    locks: 30_000,
    checkouts: 300,
};
const FULL: Effort = Effort {
    rounds: 15,
    seconds: 3,
    joins: 4_000,
    locks: 100_000,
    checkouts: 1_000,
};

impl Options {
    pub(crate) fn effort(&self) -> Effort {
        if self.quick { QUICK } else { FULL }
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
