//! Breaking the stack around the test: what `scripts/stack/part` does.

use std::process::Command;

/// Kills, stops, starts, restarts (kill -9, then start), pauses or resumes a part of the stack around this test, and waits until it is done.
///
/// # Panics
/// It could not be done; with what the stack said.
pub async fn part(action: &'static str, name: &'static str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../scripts/stack/part");
    let run = move || Command::new(script).args([action, name]).output();
    let output = tokio::task::spawn_blocking(run).await.expect("not cancelled");
    let output = output.expect("scripts/stack/part runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
