//! Simulated fans over real HTTP, and the check of every invariant afterwards.
//!
//! A map: [`run`] is the whole rush on its [`stage`], [`check`] the checks alone, [`verify`] the
//! check that a fan can make. [`crowd`] lets [`fan`]s loose, each
//! with the [`behaviour`] its number and the seed give it; they speak through [`client`] and write into [`observed`]
//! what only they can see. [`verified`] invites some of them. [`probe`] measures at a small event of its own, [`intrusion`] tries the gate, [`watch`]
//! looks on. Then [`judge`] gathers facts from [`sources`] and asks [`invariants`]. [`display`] and [`report`] tell
//! people. [`simulate`] needs none of it: a whole on-sale in one process, by the rules alone.

mod accounts;
mod admin;
mod arena;
mod behaviour;
mod check;
mod client;
mod clock;
mod crowd;
mod curve;
mod display;
mod fan;
mod forged;
mod intrusion;
mod invariants;
mod judge;
mod latency;
mod observed;
mod options;
mod probe;
mod puzzle;
mod report;
mod run;
mod simulate;
mod sockets;
mod sources;
mod stage;
mod tally;
mod verified;
mod verify;
mod watch;
mod whole_shuffle;

use std::process::ExitCode;

use clap::Parser;
use options::{Command, Options};

/// Something was broken, or a fan saw an error.
const BROKEN: u8 = 1;
/// It could not be run as asked.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let ended = match Options::parse().command {
        Command::Run(options) => run::run(*options).await,
        Command::Check(options) => check::check(*options).await,
        Command::Verify(options) => verify::verify(options).await,
        Command::Simulate(options) => simulate::simulate(&options),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BROKEN),
        Err(error) => {
            eprintln!("stanchion-rush: {error}");
            match error {
                run::RunError::Accounts(_) | run::RunError::Setting(_) => ExitCode::from(USAGE),
                _ => ExitCode::from(BROKEN),
            }
        }
    }
}
