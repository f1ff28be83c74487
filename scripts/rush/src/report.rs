//! The closing report: for people on standard output, for programs as JSON.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;
use serde_json::Value;
use stanchion_shared::timestamp::UnixMillis;

use crate::{
    display::latency_table,
    invariants::Invariant,
    latency::{Kind, Percentiles},
    tally::{Outcome, Tally, read},
};

/// Waiting longer than this for a socket distorts what fans do, in ms.
const OWN_QUEUE_MATTERS_MS: f64 = 1_000.0;

/// Everything that is told at the end.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Every invariant held, no fan saw an error, every fan was done.
    pub(crate) passed: bool,
    pub(crate) event_id: String,
    /// What the edge ran on.
    pub(crate) edge_runtime: String,
    pub(crate) probe_event_id: Option<String>,
    pub(crate) started_at: UnixMillis,
    pub(crate) ended_at: UnixMillis,
    /// What was asked for.
    pub(crate) parameters: Value,
    /// None for a check without fans.
    pub(crate) fans: Option<FansReport>,
    pub(crate) invariants: Vec<Invariant>,
    /// Name to address.
    pub(crate) urls: BTreeMap<&'static str, String>,
}

/// What the fans did.
#[derive(Debug, Serialize)]
pub(crate) struct FansReport {
    pub(crate) asked: u32,
    pub(crate) joined: u64,
    pub(crate) admitted: u64,
    pub(crate) orders: u64,
    pub(crate) tickets: u64,
    pub(crate) seats_locked: u64,
    pub(crate) seats_taken: u64,
    pub(crate) capacity: u64,
    pub(crate) requests: u64,
    /// From the on-sale to the last fan, seconds.
    pub(crate) on_sale_took_s: f64,
    pub(crate) outcomes: BTreeMap<Outcome, u64>,
    /// Requests sent again; fans saw a delay.
    pub(crate) retries: BTreeMap<String, u64>,
    /// What fans saw as errors.
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) latencies: Vec<Percentiles>,
}

impl FansReport {
    /// As counted.
    pub(crate) fn of(
        tally: &Tally,
        latencies: Vec<Percentiles>,
        asked: u32,
        capacity: u64,
        on_sale_took_s: f64,
    ) -> Self {
        FansReport {
            asked,
            joined: read(&tally.joined),
            admitted: read(&tally.admitted),
            orders: read(&tally.orders),
            tickets: read(&tally.tickets),
            seats_locked: read(&tally.seats_locked),
            seats_taken: read(&tally.seats_taken),
            capacity,
            requests: read(&tally.requests),
            on_sale_took_s,
            outcomes: tally.outcomes(),
            retries: tally.retries(),
            errors: tally.errors(),
            latencies,
        }
    }

    /// No fan saw an error, and none was left standing.
    pub(crate) fn went_well(&self) -> bool {
        self.errors.is_empty() && !self.outcomes.contains_key(&Outcome::Unfinished)
    }
}

impl Report {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("\n=== {} ===\nthe edge ran on {}\n", self.event_id, self.edge_runtime);
        if let Some(fans) = &self.fans {
            fans_text(&mut text, fans);
        }
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
        let errors: u64 = self.fans.iter().flat_map(|fans| fans.errors.values()).sum();
        let verdict = if self.passed { "passed" } else { "FAILED" };
        let _ = writeln!(
            text,
            "\n{verdict}: {held} of {} invariants held, {errors} errors seen by fans",
            self.invariants.len()
        );
        text
    }
}

fn fans_text(text: &mut String, fans: &FansReport) {
    let _ = writeln!(
        text,
        "{} fans: {} joined, {} admitted, {} orders with {} tickets for {} seats, {} requests, {:.0} s from the on-sale to \
         the last fan",
        fans.asked,
        fans.joined,
        fans.admitted,
        fans.orders,
        fans.tickets,
        fans.capacity,
        fans.requests,
        fans.on_sale_took_s
    );
    let outcomes: Vec<String> = fans
        .outcomes
        .iter()
        .map(|(outcome, count)| format!("{outcome:?} {count}"))
        .collect();
    let _ = writeln!(text, "how their visits ended: {}", outcomes.join(", "));
    let _ = writeln!(text, "seats lost to somebody faster: {}", fans.seats_taken);
    named(text, "retries (a delay, no error)", &fans.retries);
    named(text, "ERRORS SEEN BY FANS", &fans.errors);
    text.push('\n');
    text.push_str(&latency_table(&fans.latencies));
    let own = fans.latencies.iter().find(|told| told.kind == Kind::OwnQueue);
    if let Some(own) = own.filter(|own| own.p95_ms > OWN_QUEUE_MATTERS_MS) {
        let _ = writeln!(
            text,
            "NOTE: one request in twenty waited {:.1} s or longer for a socket of the rush itself: this machine is too small \
             for so many fans at once. Latencies are without that wait; windows that ended may be its doing.",
            own.p95_ms / 1_000.0
        );
    }
}

fn named(text: &mut String, title: &str, counts: &BTreeMap<String, u64>) {
    if counts.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}:");
    for (what, count) in counts {
        let _ = writeln!(text, "  {count:>6}  {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_or_somebody_left_standing_is_not_well() {
        let tally = Tally::default();
        let report = |tally: &Tally| FansReport::of(tally, Vec::new(), 1, 10, 1.0);
        tally.ended(Outcome::Ticket);
        tally.retried("status: 503".to_owned());
        assert!(report(&tally).went_well());
        tally.failed("join: 500 internal".to_owned());
        assert!(!report(&tally).went_well());
        let tally = Tally::default();
        tally.ended(Outcome::Unfinished);
        assert!(!report(&tally).went_well());
    }
}
