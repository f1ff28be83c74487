//! Invariant 8: No request without a valid shop token reaches a gated path of the origin: every kind of bad token at
//! every gated path, at the edge and at the origin itself, and nothing countable behind the gate moved.

use std::collections::{BTreeSet, HashSet};

use super::{Invariant, Verdict};
use crate::observed::GateObserved;

/// What is judged.
pub(crate) struct Facts<'a> {
    pub(crate) gate: &'a GateObserved,
    /// Sessions that the origin saw on gated paths of the event.
    pub(crate) sessions_at_origin: &'a BTreeSet<String>,
    /// Sessions the edge gave to fans; none where it is not known who else was there.
    pub(crate) sessions_given: Option<&'a HashSet<String>>,
}

pub(crate) fn judge(facts: &Facts<'_>) -> Invariant {
    let mut verdict = Verdict::default();
    let gate = facts.gate;
    for tried in &gate.intrusions {
        verdict.require(tried.status == tried.expected, || {
            format!(
                "{} with {} at the {}: {} {}, expected {}",
                tried.request, tried.token, tried.at, tried.status, tried.word, tried.expected
            )
        });
    }
    let kinds: BTreeSet<&str> = gate.intrusions.iter().map(|tried| tried.token.as_str()).collect();
    let paths: BTreeSet<&str> = gate.intrusions.iter().map(|tried| tried.request.as_str()).collect();
    match gate.intrusions.is_empty() {
        true => verdict.missing("nobody tried"),
        false => verdict.saw(format!(
            "{} requests refused with the right status ({} gated requests, at edge and origin, with: {})",
            gate.intrusions.len(),
            paths.len(),
            kinds.into_iter().collect::<Vec<_>>().join(", ")
        )),
    }
    match gate.valid_status {
        Some(200) => verdict.saw("the same request with a valid token: 200"),
        Some(status) => verdict.fault(format!("a valid token was answered {status}")),
        None => verdict.missing("no valid token to compare with"),
    }
    for (what, before, after) in &gate.behind_the_gate {
        verdict.require(before == after, || format!("{what} went from {before} to {after}"));
    }
    match gate.behind_the_gate.is_empty() {
        true => verdict.missing("nothing was counted behind the gate"),
        false => verdict.saw(format!(
            "{} counts behind the gate unchanged",
            gate.behind_the_gate.len()
        )),
    }
    if let Some(given) = facts.sessions_given {
        sessions(&mut verdict, facts.sessions_at_origin, given);
    }
    verdict.close(8)
}

/// Whatever session the origin saw, the edge has given to a fan.
fn sessions(verdict: &mut Verdict, at_origin: &BTreeSet<String>, given: &HashSet<String>) {
    let strangers: Vec<_> = at_origin.iter().filter(|jti| !given.contains(*jti)).collect();
    verdict.require(strangers.is_empty(), || {
        let (count, one) = (strangers.len(), strangers[0]);
        format!("{count} sessions at the origin were given to no fan, for instance {one}")
    });
    match at_origin.is_empty() {
        true => verdict.missing("no session was seen at the origin"),
        false => verdict.saw(format!(
            "{} sessions seen at the origin, all given to fans by the edge",
            at_origin.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observed::Intrusion;

    fn gate(status: u16) -> GateObserved {
        GateObserved {
            intrusions: vec![Intrusion {
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

    fn held(gate: &GateObserved, at_origin: &[&str], given: Option<&[&str]>) -> bool {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let given = given.map(|given| own(given).into_iter().collect());
        judge(&Facts {
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
        let moved = GateObserved {
            behind_the_gate: vec![("orders".to_owned(), 3, 4)],
            ..gate(401)
        };
        assert!(!held(&moved, &[], None));
    }

    #[test]
    fn refusing_everybody_or_trying_nothing_shows_nothing() {
        assert!(!held(
            &GateObserved {
                valid_status: Some(401),
                ..gate(401)
            },
            &[],
            None
        ));
        assert!(!held(
            &GateObserved {
                valid_status: None,
                ..gate(401)
            },
            &[],
            None
        ));
        assert!(!held(
            &GateObserved {
                intrusions: vec![],
                ..gate(401)
            },
            &[],
            None
        ));
        assert!(!held(
            &GateObserved {
                behind_the_gate: vec![],
                ..gate(401)
            },
            &[],
            None
        ));
    }
}
