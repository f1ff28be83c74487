//! The program `stanchion-invariants`: checks an event that is there, without fans of its own.

use std::process::ExitCode;

use clap::Parser;
use stanchion_invariants::command::{CheckOptions, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(CheckOptions::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stanchion-invariants: {error}");
            ExitCode::FAILURE
        }
    }
}
