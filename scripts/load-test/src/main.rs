//! The load test: simulated fans over real HTTP, and the check of every invariant afterwards.
//!
//! # Layout
//! - [`run`] is the whole run: [`setup`] makes its parts, [`events`] creates its two events.
//! - [`crowd`] lets [`fan`]s loose, each with the [`behaviour`] that its number and the seed give it. They send requests by
//!   [`stanchion_fan_client`] and write into [`stanchion_invariants::evidence`] what only they can see. [`invitations`] makes
//!   some of them verified fans.
//! - [`probe`] measures at a small event of its own.
//! - [`display`] tells people while it runs, [`report`] afterwards; [`tally`] counts.

mod accounts;
mod admin;
mod behaviour;
mod crowd;
mod display;
mod events;
mod fan;
mod invitations;
mod options;
mod probe;
mod proof_of_work;
mod report;
mod run;
mod run_error;
mod setup;
mod sockets;
mod tally;
mod venues;

use std::process::ExitCode;

use clap::Parser;

use options::RunOptions;
use run_error::RunError;

/// An invariant was broken, or a fan saw an error.
const BROKEN: u8 = 1;
/// It could not be run as asked.
const USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    match run::run(RunOptions::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(BROKEN),
        Err(error) => {
            eprintln!("stanchion-load-test: {error}");
            match error {
                RunError::Accounts(_) | RunError::Setting(_) => ExitCode::from(USAGE),
                _ => ExitCode::from(BROKEN),
            }
        }
    }
}
