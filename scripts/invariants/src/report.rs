//! The closing report: for people as text, for programs as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;
use serde_json::Value;
use stanchion_shared::timestamp::UnixMillis;

use crate::invariants::Invariant;

/// Everything that is told at the end.
#[derive(Debug, Serialize)]
pub struct InvariantReport {
    /// Every invariant held; after a load test also that no fan saw an error and every fan was done.
    pub passed: bool,
    /// The event that was judged.
    pub event_id: String,
    /// What the edge ran on.
    pub edge_runtime: String,
    /// The small event beside it, where measurements were made; none for a check without fans.
    pub probe_event_id: Option<String>,
    /// When the program began.
    pub started_at: UnixMillis,
    /// When it was done.
    pub ended_at: UnixMillis,
    /// What was asked for.
    pub parameters: Value,
    /// What the load test counted; none for a check without fans.
    pub fans: Option<Value>,
    /// In the order of their numbers.
    pub invariants: Vec<Invariant>,
    /// Where to look afterwards: name to address.
    pub urls: BTreeMap<&'static str, String>,
}

impl InvariantReport {
    /// For people. `about_fans` is what a load test tells of its fans, who saw `errors_seen` errors.
    pub fn text(&self, about_fans: &str, errors_seen: u64) -> String {
        let mut text = format!("\n=== {} ===\nthe edge ran on {}\n", self.event_id, self.edge_runtime);
        text.push_str(about_fans);
        text.push('\n');
        for invariant in &self.invariants {
            let verdict = match (invariant.held, invariant.broken) {
                (true, _) => "held",
                (false, true) => "BROKEN",
                (false, false) => "NOT SHOWN",
            };
            let _ = writeln!(text, "{}. {verdict:<9} {}", invariant.number, invariant.statement);
            let _ = writeln!(text, "             {}", invariant.evidence);
        }
        let held = self.invariants.iter().filter(|invariant| invariant.held).count();
        let verdict = if self.passed { "passed" } else { "FAILED" };
        let _ = writeln!(
            text,
            "\n{verdict}: {held} of {} invariants held, {errors_seen} errors seen by fans",
            self.invariants.len()
        );
        text
    }
}
