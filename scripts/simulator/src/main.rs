//! A whole on-sale without a network, in one process, by the rules in `shared/`: draws with digests and records, the
//! schedule, the meter with its memory, standings and polls. What the rules leave open is fans' behaviour.
//!
//! # Layout
//! - [`options`] says what is simulated, [`people`] which fans come and what they do.
//! - [`on_sale`] runs it second by second with [`draws`], [`polls`] under a poll [`law`], [`shop`] and [`waits`].
//! - [`fairness`] and [`latecomers`] watch the draws, [`first_in_shop`] the first who are let in.
//! - [`figures`] judges and tells.

mod draws;
mod fairness;
mod figures;
mod first_in_shop;
mod latecomers;
mod law;
mod memory;
mod on_sale;
mod options;
mod paces;
mod people;
mod polls;
mod shop;
mod simulation;
mod waits;

use std::process::ExitCode;

use clap::Parser;
use stanchion_command_line::{files::write_json, show};

use options::{SimulateOptions, SimulationSetting};

/// The options contradict each other, or the simulation does not end.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let options = SimulateOptions::parse();
    let figures = match SimulationSetting::of(&options).and_then(simulation::simulate) {
        Ok(figures) => figures,
        Err(error) => return ended(&error, ExitCode::from(USAGE)),
    };
    show(&figures.text());
    if let Err(error) = write_json(options.report.as_deref(), &figures) {
        return ended(&error.to_string(), ExitCode::FAILURE);
    }
    if figures.passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn ended(error: &str, status: ExitCode) -> ExitCode {
    eprintln!("stanchion-simulator: {error}");
    status
}
