//! What the load test counted of its fans: for people as text, for programs as JSON. The report of the invariants has the rest.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Serialize;
use stanchion_fan_client::{LatencyPercentiles, RequestKind};

use crate::{
    display::latency_table,
    tally::{Tally, VisitOutcome, read},
};

/// Waiting longer than this for a socket distorts what fans do, in ms.
const OWN_QUEUE_MATTERS_MS: f64 = 1_000.0;

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
    pub(crate) outcomes: BTreeMap<VisitOutcome, u64>,
    /// Requests sent again; fans saw a delay.
    pub(crate) retries: BTreeMap<String, u64>,
    /// What fans saw as errors.
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) latencies: Vec<LatencyPercentiles>,
}

impl FansReport {
    /// As counted.
    pub(crate) fn of(
        tally: &Tally,
        latencies: Vec<LatencyPercentiles>,
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
            requests: tally.requests.sent(),
            on_sale_took_s,
            outcomes: tally.outcomes(),
            retries: tally.requests.retries(),
            errors: tally.errors(),
            latencies,
        }
    }

    /// Errors that fans saw.
    pub(crate) fn errors_seen(&self) -> u64 {
        self.errors.values().sum()
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{} fans: {} joined, {} admitted, {} orders with {} tickets for {} seats, {} requests, {:.0} s from the on-sale to \
             the last fan",
            self.asked,
            self.joined,
            self.admitted,
            self.orders,
            self.tickets,
            self.capacity,
            self.requests,
            self.on_sale_took_s
        );
        let outcomes: Vec<String> = self
            .outcomes
            .iter()
            .map(|(outcome, count)| format!("{outcome:?} {count}"))
            .collect();
        let _ = writeln!(text, "how their visits ended: {}", outcomes.join(", "));
        let _ = writeln!(text, "seats lost to somebody faster: {}", self.seats_taken);
        named(&mut text, "retries (a delay, no error)", &self.retries);
        named(&mut text, "ERRORS SEEN BY FANS", &self.errors);
        text.push('\n');
        text.push_str(&latency_table(&self.latencies));
        let own = self.latencies.iter().find(|told| told.kind == RequestKind::OwnQueue);
        if let Some(own) = own.filter(|own| own.p95_ms > OWN_QUEUE_MATTERS_MS) {
            let _ = writeln!(
                text,
                "NOTE: one request in twenty waited {:.1} s or longer for a socket of the load test itself: this machine is too small \
                 for so many fans at once. Latencies are without that wait; sessions that ended may be its doing.",
                own.p95_ms / 1_000.0
            );
        }
        text
    }

    /// No fan saw an error, and none was left standing.
    pub(crate) fn went_well(&self) -> bool {
        self.errors.is_empty() && !self.outcomes.contains_key(&VisitOutcome::Unfinished)
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
        tally.ended(VisitOutcome::Ticket);
        tally.requests.count_retry("status: 503".to_owned());
        assert!(report(&tally).went_well());
        tally.failed("join: 500 internal".to_owned());
        assert!(!report(&tally).went_well());
        let tally = Tally::default();
        tally.ended(VisitOutcome::Unfinished);
        assert!(!report(&tally).went_well());
    }
}
