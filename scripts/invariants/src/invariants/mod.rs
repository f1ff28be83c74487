//! The invariants, one file each: a pure judgement over facts that were gathered elsewhere, so that each can be shown
//! to fail on doctored facts.

pub(crate) mod charges_match_tickets;
pub(crate) mod counts_add_up;
pub(crate) mod expired_locks_are_free;
pub(crate) mod gate_refuses;
pub(crate) mod one_place_per_person;
pub(crate) mod one_sale_per_seat;
pub(crate) mod places_follow_from_records;
pub(crate) mod turns_on_time;
pub(crate) mod verified_fans_first;

use serde::Serialize;

/// Faults that are told word for word; the rest is counted.
const FAULTS_TOLD: usize = 5;

/// One invariant, judged.
#[derive(Clone, Debug, Serialize)]
pub struct Invariant {
    /// 1 to 9.
    pub number: u8,
    /// What must stay true.
    pub statement: &'static str,
    /// Whether it was shown.
    pub held: bool,
    /// Something was found that contradicts it. Neither held nor broken: there was not enough evidence to show it.
    pub broken: bool,
    /// What was looked at, with numbers; what was wrong; what was missing.
    pub evidence: String,
}

/// What must stay true, in the words of the design; the last where there are verified fans.
pub(crate) const STATEMENTS: [&str; 9] = [
    "No seat is sold twice.",
    "No charge without its seat tickets, no active seat tickets without their charge.",
    "No shop token is issued before its turn; turns that begin in any second are at most the highest rate of that second.",
    "The places of all closed draws together are exactly 1..last_place, each once, and follow from the public records.",
    "A person holds at most one live place per event, and at most one live shop token.",
    "Per section, available + locked + sold = capacity in every answer and every read of Redis.",
    "A seat whose lock has ended can be locked by another fan within one second.",
    "No request without a valid shop token reaches a guarded address of the origin.",
    "In every draw the places of verified fans come before everybody else's.",
];

/// A judgement in the making. Held only if something was seen, nothing needed is missing, and nothing is wrong.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    seen: Vec<String>,
    missing: Vec<String>,
    faults: Vec<String>,
    fault_count: u64,
}

impl Findings {
    /// Something was looked at.
    pub(crate) fn saw(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }

    /// Evidence that had to be there is not.
    pub(crate) fn missing(&mut self, what: impl Into<String>) {
        self.missing.push(what.into());
    }

    /// Something is wrong.
    pub(crate) fn fault(&mut self, what: impl Into<String>) {
        self.fault_count += 1;
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(what.into());
        }
    }

    /// `what` is wrong unless `holds`.
    pub(crate) fn require(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fault(what());
        }
    }

    /// How many faults there are.
    #[cfg(test)]
    pub(crate) fn fault_count(&self) -> u64 {
        self.fault_count
    }

    /// The end of the judgement.
    pub(crate) fn close(self, number: u8) -> Invariant {
        let held = self.fault_count == 0 && self.missing.is_empty() && !self.seen.is_empty();
        let mut evidence = self.seen.join("; ");
        if !self.missing.is_empty() || self.seen.is_empty() {
            evidence = format!("NO EVIDENCE: {}. {evidence}", self.missing.join("; "));
        }
        if self.fault_count > 0 {
            let (count, told) = (self.fault_count, self.faults.join("; "));
            evidence = format!("{count} FAULTS: {told}. {evidence}");
        }
        Invariant {
            number,
            statement: STATEMENTS[usize::from(number) - 1],
            held,
            broken: self.fault_count > 0,
            evidence,
        }
    }
}

/// An invariant whose facts could not be had at all.
pub(crate) fn without_facts(number: u8, why: impl std::fmt::Display) -> Invariant {
    let mut findings = Findings::default();
    findings.missing(why.to_string());
    findings.close(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_seen_is_not_held() {
        let nothing = Findings::default().close(1);
        assert!(!nothing.held && !nothing.broken);
        assert!(!without_facts(2, "the ledger").held);
    }

    #[test]
    fn one_fault_among_many_sights_is_not_held() {
        let mut findings = Findings::default();
        findings.saw("1000 seats");
        findings.require(true, || "not said".to_owned());
        findings.require(false, || "seat A-1 sold twice".to_owned());
        let invariant = findings.close(1);
        assert!(!invariant.held && invariant.broken);
        assert!(
            invariant.evidence.contains("1 FAULTS: seat A-1 sold twice"),
            "{}",
            invariant.evidence
        );
    }

    #[test]
    fn what_was_seen_and_right_is_held() {
        let mut findings = Findings::default();
        findings.saw("1000 seats");
        assert!(findings.close(1).held);
    }
}
