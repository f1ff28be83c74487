//! The display while the load test runs: on a terminal a block that is redrawn, elsewhere a line now and then.

use std::{
    fmt::Write as _,
    io::IsTerminal,
    sync::Arc,
    time::{Duration, Instant},
};

use stanchion_command_line::show;
use stanchion_fan_client::{Latencies, LatencyPercentiles, clock};
use stanchion_shared::timestamp::UnixMillis;

use crate::tally::{Tally, read};

/// How often the block is redrawn.
const REDRAW_EVERY: Duration = Duration::from_millis(500);
/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(2);
/// Errors shown while running; the report has all.
const ERRORS_SHOWN: usize = 3;

/// What is shown.
pub(crate) struct Display {
    pub(crate) event: String,
    pub(crate) fans: u32,
    pub(crate) on_sale_time: UnixMillis,
    pub(crate) tally: Arc<Tally>,
    pub(crate) latencies: Arc<Latencies>,
}

impl Display {
    /// Shows for ever; ended by dropping.
    pub(crate) async fn run(self) {
        let terminal = std::io::stdout().is_terminal();
        let started = Instant::now();
        let mut lines_drawn = 0;
        loop {
            if terminal {
                let block = self.block(started.elapsed());
                // Up to the block's first line, and away with what is below.
                let back = if lines_drawn > 0 {
                    format!("\x1b[{lines_drawn}A\x1b[J")
                } else {
                    String::new()
                };
                lines_drawn = block.lines().count();
                show(&format!("{back}{block}"));
                tokio::time::sleep(REDRAW_EVERY).await;
            } else {
                show(&format!("{}\n", self.line(started.elapsed())));
                tokio::time::sleep(LINE_EVERY).await;
            }
        }
    }

    fn ended(&self) -> u64 {
        self.tally.outcomes().values().sum()
    }

    fn until_on_sale(&self) -> String {
        let (now, on_sale) = (clock::now(), self.on_sale_time);
        if now < on_sale {
            format!("on sale in {} s", on_sale.since(now).div_ceil(1_000))
        } else {
            format!("on sale for {} s", now.since(on_sale) / 1_000)
        }
    }

    fn line(&self, elapsed: Duration) -> String {
        let tally = &self.tally;
        let retries: u64 = tally.requests.retries().values().sum();
        let errors: u64 = tally.errors().values().sum();
        format!(
            "{:>4} s  {:<16} joined {} waiting {} admitted {} shopping {} locked {} sold {} done {}/{} retries {retries} \
             errors {errors}",
            elapsed.as_secs(),
            self.until_on_sale(),
            read(&tally.joined),
            read(&tally.waiting),
            read(&tally.admitted),
            read(&tally.shopping),
            read(&tally.seats_locked),
            read(&tally.tickets),
            self.ended(),
            self.fans,
        )
    }

    fn block(&self, elapsed: Duration) -> String {
        let tally = &self.tally;
        let retries: u64 = tally.requests.retries().values().sum();
        let errors = tally.errors();
        let mut block = format!(
            "{}  {}  ({} s)\n\
             joined {:>7}   waiting {:>7}   admitted {:>7}   shopping {:>6}\n\
             locked {:>7}   sold    {:>7}   done {:>5}/{:<5}   retries {retries:>6}   errors {:>4}\n",
            self.event,
            self.until_on_sale(),
            elapsed.as_secs(),
            read(&tally.joined),
            read(&tally.waiting),
            read(&tally.admitted),
            read(&tally.shopping),
            read(&tally.seats_locked),
            read(&tally.tickets),
            self.ended(),
            self.fans,
            errors.values().sum::<u64>(),
        );
        block.push_str(&latency_table(&self.latencies.percentiles()));
        for (what, count) in errors.iter().take(ERRORS_SHOWN) {
            let _ = writeln!(block, "error: {what} ({count})");
        }
        block
    }
}

/// One row per kind of request.
pub(crate) fn latency_table(percentiles: &[LatencyPercentiles]) -> String {
    let mut table = format!(
        "{:<12} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
        "request", "count", "p50 ms", "p95 ms", "p99 ms", "max ms"
    );
    for told in percentiles {
        let _ = writeln!(
            table,
            "{:<12} {:>9} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
            told.kind.name(),
            told.count,
            told.p50_ms,
            told.p95_ms,
            told.p99_ms,
            told.max_ms
        );
    }
    table
}
