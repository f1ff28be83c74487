//! The gate over many spellings of paths. The edge's tests in front of a site send the same lists over HTTP.

use std::collections::HashSet;

use serde_json::json;
use stanchion_shared::policy::gate::{GateDecision, GatePolicy, GuardedRequest};

const GUARDED: &str = include_str!("paths/guarded.txt");
const ORDINARY: &str = include_str!("paths/ordinary.txt");

fn policy() -> GatePolicy {
    let rules = ["/shop/*", "/buy", "/checkout", "/tickets.php", "/secshop/*", "/secbuy"];
    serde_json::from_value(json!({ "paths": rules })).unwrap()
}

fn decide(target: &str) -> GateDecision {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    policy().decide(&GuardedRequest {
        host: None,
        method: "GET",
        path,
        query,
        may_have_body: false,
        header: &|_| None,
        address: None,
    })
}

fn targets(list: &'static str, at_least: usize) -> HashSet<&'static str> {
    let targets: HashSet<_> = list.lines().filter(|line| line.starts_with('/')).collect();
    assert!(targets.len() >= at_least, "{}", targets.len());
    targets
}

#[test]
fn no_spelling_of_a_guarded_path_is_open() {
    let open: Vec<_> = targets(GUARDED, 300)
        .into_iter()
        .filter(|target| decide(target) != GateDecision::NeedsSession)
        .collect();
    assert_eq!(open, [""; 0]);
}

#[test]
fn no_ordinary_address_is_guarded() {
    let guarded: Vec<_> = targets(ORDINARY, 100)
        .into_iter()
        .filter(|target| decide(target) != GateDecision::Unguarded)
        .collect();
    assert_eq!(guarded, [""; 0]);
}
