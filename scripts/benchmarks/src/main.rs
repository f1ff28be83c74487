//! Four measures of Stanchion's hot paths, each beside a baseline of the same kind. Run by scripts/bench, inside a private
//! stack; scripts/bench says what each row means and what it does not.
//!
//! [`measures`] has one file per row; [`rounds`] alternates the two sides; [`report`] shows the result. [`wrk`], [`pgbench`]
//! and [`redis_benchmark`] run those programs, [`once_each`] is the load generator for requests that can be sent only once.
//! [`hello`] puts the baseline worker into the edge's workerd process.
//!
//! No time is ever judged here. The status is non-zero unless every row that was asked for measured something on both sides.

mod hello;
mod measured;
mod measures;
mod once_each;
mod options;
mod pgbench;
mod program;
mod redis_benchmark;
mod report;
mod rounds;
mod wrk;

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use clap::Parser;
use tokio::runtime::Runtime;

use measured::Measured;
use options::{BenchOptions, Effort, Measure};
use report::{BenchReport, BenchRow};

fn main() -> ExitCode {
    let options = BenchOptions::parse();
    match measure_all(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// True if every row that was asked for measured something on both sides.
fn measure_all(options: &BenchOptions) -> Measured<bool> {
    // As the origin has it, so that its code is measured under its own conditions.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = BenchReport::new(options);
    for measure in options.measures() {
        eprintln!("bench: {} …", measure.name());
        match measure_one(&runtime, measure, options.effort()) {
            Ok(row) => report.rows.push(row),
            Err(failure) => {
                eprintln!("bench: {} could not be measured: {failure}", measure.name());
                report.not_measured.push(measure.name());
            }
        }
    }
    report.load_after = report::load();
    print!("{report}");
    if let Some(file) = &options.report {
        std::fs::write(file, serde_json::to_vec_pretty(&report)?)?;
    }
    Ok(report.measured_all(&options.measures()))
}

/// One row's failure, a panic included, leaves the others alone.
fn measure_one(runtime: &Runtime, measure: Measure, effort: Effort) -> Measured<BenchRow> {
    catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            match measure {
                Measure::Poll => measures::poll::measure(effort).await,
                Measure::Join => measures::join::measure(effort).await,
                Measure::Lock => measures::lock::measure(effort).await,
                Measure::Checkout => measures::checkout::measure(effort).await,
            }
        })
    }))
    .unwrap_or_else(|panic| Err(said(panic.as_ref()).into()))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without words")
        .to_owned()
}
