use serde_json::{Value, json};

use super::{
    super::{GateDecision, GatePolicy, Host, MAX_RULES},
    *,
};

fn policy(gate: Value) -> GatePolicy {
    let policy: GatePolicy = serde_json::from_value(gate).unwrap();
    policy.check().unwrap();
    policy
}

/// `asked` is a method, a host and a target with spaces between; a host `-` is none.
fn judge(gate: &Value, asked: &str, may_have_body: bool) -> (bool, bool) {
    let mut words = asked.splitn(3, ' ');
    let (method, host, target) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let host = Some(host).filter(|host| *host != "-");
    let host = host.and_then(|host| Host::parse(host, 443));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let asked = GuardedRequest {
        host: host.as_ref(),
        method,
        path,
        query,
        may_have_body,
        header: &|_| None,
        address: None,
    };
    let policy = policy(gate.clone());
    let (decision, is_certain) = policy.judge(&asked);
    (decision == GateDecision::NeedsSession, is_certain)
}

const OPEN: (bool, bool) = (false, false);
const PERHAPS: (bool, bool) = (true, false);
const SURELY: (bool, bool) = (true, true);

fn expect(gate: Value, cases: &[(&str, (bool, bool))]) {
    for (asked, expected) in cases {
        assert_eq!(judge(&gate, asked, false), *expected, "{asked}");
    }
}

#[test]
fn a_rule_by_host_guards_that_host_alone() {
    expect(
        json!({ "rules": [{ "hosts": ["tickets.example.com", "*.sale.example.com:8443"], "paths": ["/buy*"] }] }),
        &[
            ("GET tickets.example.com /buy", SURELY),
            ("GET TICKETS.example.com.:443 /buy/x", SURELY),
            ("GET a.sale.example.com:8443 /buy", SURELY),
            ("GET a.sale.example.com /buy", OPEN),
            ("GET www.example.com /buy", OPEN),
            ("GET tickets.example.com /", OPEN),
            // What nobody can read for sure is guarded, at that host.
            ("GET tickets.example.com /%2562uy", PERHAPS),
            ("GET www.example.com /%2562uy", OPEN),
            ("GET tickets.example.com //buy", PERHAPS),
            // A site that takes every host shows the same at all of them.
            ("GET - /buy", PERHAPS),
        ],
    );
}

#[test]
fn a_rule_by_method_guards_every_request_that_may_have_it() {
    let writes = json!({ "rules": [{ "paths": ["/cart*"], "methods": ["POST", "DELETE"] }] });
    expect(
        writes,
        &[
            // A form can say another method in its content: perhaps one that another event guards.
            ("POST - /cart", PERHAPS),
            ("DELETE - /cart", SURELY),
            ("GET - /cart", OPEN),
            ("HEAD - /cart", OPEN),
            ("OPTIONS - /cart", OPEN),
            ("PUT - /cart", OPEN),
            ("POST - /", OPEN),
            // Frameworks ignore the case of a method, and do something for one that they do not know.
            ("post - /cart", PERHAPS),
            ("Post - /cart", PERHAPS),
            ("PURGE - /cart", PERHAPS),
            ("POSTX - /cart", PERHAPS),
            ("PURGE - /", OPEN),
        ],
    );
    expect(
        json!({ "rules": [{ "methods": ["GET"] }] }),
        &[
            ("GET - /", SURELY),
            ("HEAD - /", SURELY),
            ("POST - /", PERHAPS),
            ("get - /", PERHAPS),
        ],
    );
    // A form can say the method in its content.
    for method in ["PUT", "PATCH", "DELETE"] {
        expect(
            json!({ "rules": [{ "methods": [method] }] }),
            &[("POST - /", PERHAPS), ("GET - /", OPEN), ("HEAD - /", OPEN)],
        );
    }
}

#[test]
fn a_rule_by_query_guards_every_request_that_may_meet_all_its_conditions() {
    let gate = json!({ "rules": [{
        "paths": ["/index.php"],
        "query": [{ "parameter": "action", "value": "buy" }, { "parameter": "event" }],
    }] });
    expect(
        gate.clone(),
        &[
            ("GET - /index.php?action=buy&event=7", SURELY),
            ("GET - /index.php?event=7&action=buy", SURELY),
            ("GET - /index.php?action=buy", OPEN),
            ("GET - /index.php?action=show&event=7", OPEN),
            ("GET - /index.php", OPEN),
            ("GET - /other.php?action=buy&event=7", OPEN),
            ("GET - /index.php?Action=buy&event=7", PERHAPS),
            ("GET - /index.php?action=show&action=buy&event=7", PERHAPS),
            ("GET - /INDEX.php?action=buy&event=7", PERHAPS),
            // The page that a site shows for its folder.
            ("GET - /?action=buy&event=7", PERHAPS),
            ("GET - /index?action=buy&event=7", PERHAPS),
            ("GET - /?action=buy", OPEN),
            ("GET - /index.php/show?action=buy&event=7", PERHAPS),
            ("GET - /index.php;x?action=show&event=7", PERHAPS),
            ("GET - /index.php%3Faction=buy?event=7", PERHAPS),
            ("GET - /index.php%3Faction=buy&event=7", PERHAPS),
        ],
    );
    // What a body adds the edge does not see.
    for (asked, expected) in [
        ("POST - /index.php", PERHAPS),
        ("POST - /index.php?action=buy&event=7", PERHAPS),
        ("POST - /other.php", OPEN),
    ] {
        assert_eq!(judge(&gate, asked, true), expected, "{asked}");
    }
}

#[test]
fn a_path_is_surely_an_events_only_where_no_site_takes_it_for_another() {
    expect(
        json!({ "paths": ["/other/*", "/s/abc"] }),
        &[
            ("GET - /other", SURELY),
            ("GET - /other/x.php", SURELY),
            ("GET - /s/abc/", SURELY),
            // Another event may guard `/S/*`, and a site that minds the case shows its page.
            ("GET - /s/ABC", PERHAPS),
            // `/tickets.php` with an argument, and `/shop/x` by way of a program.
            ("GET - /tickets.php/other/x", PERHAPS),
            ("GET - /other/index.php/shop/x", PERHAPS),
            ("GET - /tickets.php", OPEN),
        ],
    );
}

#[test]
fn rules_and_paths_stand_beside_each_other() {
    expect(
        json!({ "paths": ["/shop/*"], "rules": [{ "methods": ["POST"] }, { "hosts": ["a.example"], "paths": ["/a*"] }] }),
        &[
            ("GET b.example /shop/x", SURELY),
            ("POST b.example /x", PERHAPS),
            ("GET a.example /a", SURELY),
            ("GET b.example /a", OPEN),
            ("GET b.example /", OPEN),
        ],
    );
    expect(json!({}), &[("GET - /", SURELY), ("GET - /%25", SURELY)]);
}

#[test]
fn what_a_rule_guards_is_said_in_words_that_are_known() {
    for wrong in [
        json!({ "methods": ["get"] }),
        json!({ "methods": ["BREW"] }),
        json!({ "host": ["a.example"] }),
        json!({ "hosts": ["https://a.example"] }),
        json!({ "query": [{ "name": "a" }] }),
    ] {
        assert!(serde_json::from_value::<GateRule>(wrong.clone()).is_err(), "{wrong}");
    }
    assert!(GateRule::default().check().unwrap_err().starts_with("a rule must have"));
}

#[test]
fn a_path_of_a_rule_that_guards_one_page_is_warned_of() {
    let gate = json!({ "paths": ["/cart*"], "rules": [{ "hosts": ["a.example"], "paths": ["/cart", "/buy"] }] });
    assert_eq!(
        policy(gate).warnings(),
        ["gate.rules[0].paths: /buy guards that page only, not /buy/x or /buy.json. /buy* guards all of them."]
    );
}

#[test]
fn every_limit_of_a_rule_is_kept_at_both_sides() {
    let rule = |hosts: usize, paths: usize, query: usize| {
        let rule: GateRule = serde_json::from_value(json!({
            "hosts": vec!["a.example"; hosts],
            "paths": vec!["/a*"; paths],
            "query": vec![json!({ "parameter": "a" }); query],
        }))
        .unwrap();
        rule
    };
    let full = rule(MAX_RULE_HOSTS, MAX_RULE_PATHS, MAX_RULE_CONDITIONS);
    assert_eq!(full.check(), Ok(()));
    for (one_more, field) in [
        (rule(MAX_RULE_HOSTS + 1, 0, 0), "hosts"),
        (rule(0, MAX_RULE_PATHS + 1, 0), "paths"),
        (rule(0, 0, MAX_RULE_CONDITIONS + 1), "query"),
    ] {
        assert!(one_more.check().unwrap_err().starts_with(field), "{field}");
    }
    let policy = |rules: usize| GatePolicy {
        rules: vec![rule(1, 0, 0); rules],
        ..GatePolicy::default()
    };
    assert_eq!(policy(MAX_RULES).check(), Ok(()));
    assert!(
        policy(MAX_RULES + 1)
            .check()
            .unwrap_err()
            .starts_with("gate.rules may have")
    );
    let bad = GatePolicy {
        rules: vec![rule(1, 0, 0), GateRule::default()],
        ..GatePolicy::default()
    };
    assert!(bad.check().unwrap_err().starts_with("gate.rules[1]: "));
}
