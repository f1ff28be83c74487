//! Invariant 8: No request without a valid shop token reaches a guarded path of the origin: every kind of bad token at
//! every guarded path, at the edge and at the origin itself, and nothing countable behind the gate moved.

use std::collections::{BTreeSet, HashSet};

use super::{Findings, Invariant};
use crate::evidence::GateEvidence;

/// What is judged.
pub(crate) struct GateFacts<'a> {
    pub(crate) gate: &'a GateEvidence,
    /// Sessions that the origin saw on guarded paths of the event.
    pub(crate) sessions_at_origin: &'a BTreeSet<String>,
    /// Sessions that the edge gave to fans; none where other fans may have been there.
    pub(crate) sessions_given: Option<&'a HashSet<String>>,
}

pub(crate) fn judge(facts: &GateFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    let gate = facts.gate;
    for tried in &gate.attempts {
        findings.require(tried.status == tried.expected, || {
            format!(
                "{} with {} at the {}: {} {}, expected {}",
                tried.request, tried.token, tried.at, tried.status, tried.word, tried.expected
            )
        });
    }
    let kinds: BTreeSet<&str> = gate.attempts.iter().map(|tried| tried.token.as_str()).collect();
    let paths: BTreeSet<&str> = gate.attempts.iter().map(|tried| tried.request.as_str()).collect();
    match gate.attempts.is_empty() {
        true => findings.missing("nobody tried"),
        false => findings.saw(format!(
            "{} requests refused with the right status ({} guarded requests, at edge and origin, with: {})",
            gate.attempts.len(),
            paths.len(),
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        )),
    }
    match gate.valid_status {
        Some(200) => findings.saw("the same request with a valid token: 200"),
        Some(status) => findings.fault(format!("a valid token was answered {status}")),
        None => findings.missing("no valid token to compare with"),
    }
    for (what, before, after) in &gate.behind_the_gate {
        findings.require(before == after, || format!("{what} went from {before} to {after}"));
    }
    match gate.behind_the_gate.is_empty() {
        true => findings.missing("nothing was counted behind the gate"),
        false => findings.saw(format!(
            "{} counts behind the gate unchanged",
            gate.behind_the_gate.len()
        )),
    }
    if let Some(given) = facts.sessions_given {
        sessions(&mut findings, facts.sessions_at_origin, given);
    }
    findings.close(8)
}

/// Every session that the origin saw was given to a fan by the edge.
fn sessions(findings: &mut Findings, at_origin: &BTreeSet<String>, given: &HashSet<String>) {
    let strangers: Vec<_> = at_origin.iter().filter(|jti| !given.contains(*jti)).collect();
    findings.require(strangers.is_empty(), || {
        let (count, one) = (strangers.len(), strangers[0]);
        format!("{count} sessions at the origin were given to no fan, for instance {one}")
    });
    match at_origin.is_empty() {
        true => findings.missing("no session was seen at the origin"),
        false => findings.saw(format!(
            "{} sessions seen at the origin, all given to fans by the edge",
            at_origin.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::GateAttempt;

    fn gate(status: u16) -> GateEvidence {
        GateEvidence {
            attempts: vec![GateAttempt {
                at: "edge".to_owned(),
                request: "GET /api/v1/cart".to_owned(),
                token: "none".to_owned(),
                expected: 401,
                status,
                word: String::new(),
            }],
            valid_status: Some(200),
            behind_the_gate: vec![("orders".to_owned(), 3, 3)],
        }
    }

    fn held(gate: &GateEvidence, at_origin: &[&str], given: Option<&[&str]>) -> bool {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let given = given.map(|given| own(given).into_iter().collect());
        judge(&GateFacts {
            gate,
            sessions_at_origin: &own(at_origin).into_iter().collect(),
            sessions_given: given.as_ref(),
        })
        .held
    }

    #[test]
    fn refusals_hold() {
        assert!(held(&gate(401), &[], None));
        assert!(held(&gate(401), &["a"], Some(&["a", "b"])));
    }

    #[test]
    fn one_that_got_through_does_not() {
        for status in [200, 403, 409, 500, 503] {
            assert!(!held(&gate(status), &[], None), "{status}");
        }
        assert!(!held(&gate(401), &["a", "stranger"], Some(&["a"])));
        assert!(
            !held(&gate(401), &[], Some(&["a"])),
            "fans shopped and the origin saw nobody"
        );
        let moved = GateEvidence {
            behind_the_gate: vec![("orders".to_owned(), 3, 4)],
            ..gate(401)
        };
        assert!(!held(&moved, &[], None));
    }

    #[test]
    fn refusing_everybody_or_trying_nothing_shows_nothing() {
        assert!(!held(
            &GateEvidence {
                valid_status: Some(401),
                ..gate(401)
            },
            &[],
            None
        ));
        assert!(!held(
            &GateEvidence {
                valid_status: None,
                ..gate(401)
            },
            &[],
            None
        ));
        assert!(!held(
            &GateEvidence {
                attempts: vec![],
                ..gate(401)
            },
            &[],
            None
        ));
        assert!(!held(
            &GateEvidence {
                behind_the_gate: vec![],
                ..gate(401)
            },
            &[],
            None
        ));
    }
}
