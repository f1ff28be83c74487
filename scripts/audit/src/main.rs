//! The program `stanchion-audit`: audits an event that is there, without fans of its own.

use std::process::ExitCode;

use clap::Parser;
use stanchion_audit::command::{AuditOptions, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(AuditOptions::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("stanchion-audit: {error}");
            ExitCode::FAILURE
        }
    }
}
