use sha2::{Digest, Sha256};

use super::*;
use crate::ids::Bytes32;

fn pattern(text: &str) -> PathPattern {
    PathPattern(text.to_owned())
}

fn judge(policy: &GatePolicy, path: &str, header: Option<&'static str>, address: &str) -> GateDecision {
    policy.decide(&GuardedRequest {
        host: None,
        method: "GET",
        path,
        query: "",
        may_have_body: false,
        header: &|name| header.filter(|_| name == "x-staff").map(str::as_bytes),
        address: address.parse().ok(),
    })
}

fn policy() -> GatePolicy {
    GatePolicy {
        paths: vec![pattern("/shop/*"), pattern("/buy")],
        bypass: vec![
            Bypass::Path(pattern("/shop/help")),
            Bypass::Header {
                name: "x-staff".to_owned(),
                sha256: Bytes32(Sha256::digest("a secret").into()),
            },
            Bypass::Addresses("10.1.0.0/16".parse().unwrap()),
            Bypass::Addresses("2001:db8::/32".parse().unwrap()),
        ],
        ..GatePolicy::default()
    }
}

#[test]
fn only_the_paths_that_are_named_are_guarded() {
    for (path, expected) in [
        ("/shop", GateDecision::NeedsSession),
        ("/shop/", GateDecision::NeedsSession),
        ("/shop/seats/1", GateDecision::NeedsSession),
        ("/shopping", GateDecision::Unguarded),
        ("/buy", GateDecision::NeedsSession),
        ("/buy/", GateDecision::NeedsSession),
        ("/buy/x", GateDecision::Unguarded),
        ("/buy.json", GateDecision::Unguarded),
        // Other spellings of guarded paths.
        ("/%73hop/seats", GateDecision::NeedsSession),
        ("/%2573hop/seats", GateDecision::NeedsSession),
        ("//shop/seats", GateDecision::NeedsSession),
        ("/./shop/seats", GateDecision::NeedsSession),
        ("/blog/../shop/seats", GateDecision::NeedsSession),
        ("/blog/%2e%2e/shop/seats", GateDecision::NeedsSession),
        ("/blog/..%5cshop/seats", GateDecision::NeedsSession),
        ("/shop;v=1/seats", GateDecision::NeedsSession),
        ("/SHOP/seats", GateDecision::NeedsSession),
        ("/bu%79", GateDecision::NeedsSession),
        ("/blog/caf%C3%A9", GateDecision::Unguarded),
        ("/", GateDecision::Unguarded),
        // What a site may read in some other way is guarded.
        ("/%", GateDecision::NeedsSession),
        ("/caf%E9", GateDecision::NeedsSession),
        ("/50%25", GateDecision::NeedsSession),
        ("*", GateDecision::NeedsSession),
        ("", GateDecision::NeedsSession),
    ] {
        assert_eq!(judge(&policy(), path, None, ""), expected, "{path}");
    }
    assert_eq!(judge(&GatePolicy::default(), "/", None, ""), GateDecision::NeedsSession);
}

#[test]
fn a_rule_for_the_page_of_a_folder_guards_the_folder_and_the_page_without_its_end() {
    let of = |rule: &str, path: &str| {
        let policy = GatePolicy {
            paths: vec![pattern(rule)],
            ..GatePolicy::default()
        };
        judge(&policy, path, None, "") == GateDecision::NeedsSession
    };
    for (rule, guarded, open) in [
        (
            "/shop/index.php",
            &["/shop", "/shop/", "/shop/index", "/shop/index.php/x"][..],
            &["/", "/shop/x"][..],
        ),
        ("/index.php", &["/", "/index.php", "/INDEX.PHP/"], &["/x", "/shop"]),
        ("/index.php*", &["/", "/index.php5"], &["/x"]),
        ("/shop/default.aspx", &["/shop"], &["/"]),
        ("/tickets.html", &["/tickets", "/tickets/"], &["/", "/ticket"]),
        (
            "/shop/*",
            &["/index/shop/x", "/shop/index.html"],
            &["/index", "/x/shopping"],
        ),
    ] {
        for path in guarded {
            assert!(of(rule, path), "{rule} {path}");
        }
        for path in open {
            assert!(!of(rule, path), "{rule} {path}");
        }
    }
}

#[test]
fn a_path_with_too_many_readings_is_guarded() {
    let of = |programs: usize| judge(&policy(), &"/a.php".repeat(programs), None, "");
    assert_eq!(of(2), GateDecision::Unguarded);
    assert_eq!(of(300), GateDecision::NeedsSession);
}

#[test]
fn a_rule_that_guards_one_page_only_is_answered_with_a_warning() {
    let of = |paths: &[&str]| {
        let paths = paths.iter().map(|path| pattern(path)).collect();
        GatePolicy {
            paths,
            ..GatePolicy::default()
        }
        .warnings()
    };
    assert_eq!(
        of(&["/shop/*", "/buy", "/cart/"]),
        [
            "gate.paths: /buy guards that page only, not /buy/x or /buy.json. /buy* guards all of them.",
            "gate.paths: /cart guards that page only, not /cart/x or /cart.json. /cart* guards all of them.",
        ]
    );
    assert_eq!(of(&["/"]).len(), 1);
    for covered in [
        &["/*"][..],
        &["/buy*"],
        &["/buy", "/buy*"],
        &["/buy", "/buy/*", "/buy.*"],
        &[],
    ] {
        assert_eq!(of(covered), [""; 0], "{covered:?}");
    }
}

#[test]
fn a_bypass_is_by_path_by_secret_header_or_by_address() {
    assert_eq!(judge(&policy(), "/shop/help", None, ""), GateDecision::Passes);
    for spelt in [
        "/shop/help/..",
        "/shop//help",
        "/shop/%68elp",
        "/shop/x/%2e%2e/help",
        "/shop/help;x",
        "/shop/help/",
        "/shop/help%20",
        "/shop/help.",
    ] {
        assert_eq!(judge(&policy(), spelt, None, ""), GateDecision::NeedsSession, "{spelt}");
    }
    assert_eq!(
        judge(&policy(), "/shop/help/more", None, ""),
        GateDecision::NeedsSession
    );
    assert_eq!(judge(&policy(), "/buy", Some("a secret"), ""), GateDecision::Passes);
    assert_eq!(
        judge(&policy(), "/buy", Some("a guess"), ""),
        GateDecision::NeedsSession
    );
    for (address, expected) in [
        ("10.1.255.255", GateDecision::Passes),
        ("10.2.0.0", GateDecision::NeedsSession),
        ("2001:db8:1::1", GateDecision::Passes),
        ("2001:db9::1", GateDecision::NeedsSession),
    ] {
        assert_eq!(judge(&policy(), "/buy", None, address), expected, "{address}");
    }
}

#[test]
fn a_crawler_passes_by_its_name_and_its_network_together() {
    let policy = GatePolicy {
        bypass: vec![Bypass::Crawler {
            name: "Examplebot".to_owned(),
            networks: vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        }],
        ..policy()
    };
    let decide = |agent: Option<&'static str>, address: &str| {
        policy.decide(&GuardedRequest {
            host: None,
            method: "GET",
            path: "/shop/seats",
            query: "",
            may_have_body: false,
            header: &|name| agent.filter(|_| name == "user-agent").map(str::as_bytes),
            address: address.parse().ok(),
        })
    };
    let agent = Some("Mozilla/5.0 (compatible; examplebot/2.1; +http://bot.example)");
    for (agent, address, expected) in [
        (agent, "192.0.2.7", GateDecision::Passes),
        (agent, "2001:db8::7", GateDecision::Passes),
        (agent, "198.51.100.7", GateDecision::NeedsSession),
        (agent, "", GateDecision::NeedsSession),
        (Some("Mozilla/5.0"), "192.0.2.7", GateDecision::NeedsSession),
        (Some(""), "192.0.2.7", GateDecision::NeedsSession),
        (None, "192.0.2.7", GateDecision::NeedsSession),
    ] {
        assert_eq!(decide(agent, address), expected, "{agent:?} from {address}");
    }
    let check = |name: &str, networks: usize| {
        let networks = vec!["192.0.2.0/24".parse().unwrap(); networks];
        let name = name.to_owned();
        Bypass::Crawler { name, networks }.check()
    };
    assert_eq!(
        check(&"a".repeat(MAX_CRAWLER_NAME_LENGTH), MAX_CRAWLER_NETWORKS),
        Ok(())
    );
    assert!(check(&"a".repeat(MAX_CRAWLER_NAME_LENGTH + 1), 1).is_err());
    assert!(check("a", MAX_CRAWLER_NETWORKS + 1).is_err());
    for (name, networks) in [("a", 0), ("", 1), (" ", 1), ("b\u{f6}t", 1)] {
        assert!(check(name, networks).is_err(), "{name} {networks}");
    }
}

#[test]
fn a_bypass_holds_for_names_that_must_be_encoded() {
    let policy = GatePolicy {
        bypass: vec![Bypass::Path(pattern("/shop/hilfe/*"))],
        ..policy()
    };
    for (path, expected) in [
        ("/shop/hilfe", GateDecision::Passes),
        ("/shop/hilfe/", GateDecision::Passes),
        ("/shop/hilfe/%C3%BCber%20uns", GateDecision::Passes),
        ("/shop/hilfe/%61", GateDecision::NeedsSession),
        ("/shop/hilfe/..%2Fkasse", GateDecision::NeedsSession),
        ("/shop/hilfe/%e2%80%a5/kasse", GateDecision::NeedsSession),
    ] {
        assert_eq!(judge(&policy, path, None, ""), expected, "{path}");
    }
}

#[test]
fn a_rule_may_name_a_path_in_any_script() {
    let policy = GatePolicy {
        paths: vec![pattern("/été"), pattern("/チケット/*")],
        ..GatePolicy::default()
    };
    assert_eq!(policy.check(), Ok(()));
    for (path, expected) in [
        ("/%C3%A9t%C3%A9", GateDecision::NeedsSession),
        ("/e%CC%81te%CC%81/", GateDecision::NeedsSession),
        ("/%C3%89T%C3%89", GateDecision::NeedsSession),
        ("/ete", GateDecision::Unguarded),
        ("/%E3%83%81%E3%82%B1%E3%83%83%E3%83%88/1", GateDecision::NeedsSession),
    ] {
        assert_eq!(judge(&policy, path, None, ""), expected, "{path}");
    }
}

#[test]
fn each_mode_does_what_it_says() {
    for (mode, plain, bypassed) in [
        (GateMode::Queue, GateDecision::NeedsSession, GateDecision::Passes),
        (
            GateMode::QueueAll,
            GateDecision::NeedsSession,
            GateDecision::NeedsSession,
        ),
        (GateMode::Passthrough, GateDecision::Passes, GateDecision::Passes),
        (GateMode::Reject, GateDecision::Refused, GateDecision::Refused),
    ] {
        let policy = GatePolicy { mode, ..policy() };
        assert_eq!(judge(&policy, "/buy", None, ""), plain, "{mode:?}");
        assert_eq!(judge(&policy, "/buy", None, "10.1.0.1"), bypassed, "{mode:?}");
        assert_eq!(
            judge(&policy, "/elsewhere", None, ""),
            GateDecision::Unguarded,
            "{mode:?}"
        );
    }
}

#[test]
fn a_session_is_revoked_by_name_or_by_when_it_began() {
    let by_name = GatePolicy {
        revoked_sessions: vec!["a".repeat(32)],
        ..GatePolicy::default()
    };
    assert!(by_name.revokes(&"a".repeat(32), UnixMillis(5_000)));
    assert!(!by_name.revokes(&"b".repeat(32), UnixMillis(5_000)));
    let all = GatePolicy {
        revoked_before: Some(UnixMillis(5_500)),
        ..GatePolicy::default()
    };
    assert!(all.revokes("x", UnixMillis(5_499)));
    assert!(!all.revokes("x", UnixMillis(5_500)), "the same second, but not before");
}

#[test]
fn every_limit_is_kept_at_both_sides() {
    let full = GatePolicy {
        paths: vec![pattern("/a"); MAX_RULES],
        bypass: vec![Bypass::Path(pattern("/a")); MAX_RULES],
        revoked_sessions: vec!["0".repeat(32); MAX_REVOKED_SESSIONS],
        ..GatePolicy::default()
    };
    assert_eq!(full.check(), Ok(()));
    let more = |change: fn(&mut GatePolicy)| {
        let mut policy = full.clone();
        change(&mut policy);
        policy.check().unwrap_err()
    };
    assert!(more(|policy| policy.paths.push(pattern("/a"))).starts_with("gate.paths"));
    assert!(more(|policy| policy.bypass.push(Bypass::Path(pattern("/a")))).starts_with("gate.bypass"));
    assert!(more(|policy| policy.revoked_sessions.push("0".repeat(32))).starts_with("gate.revoked_sessions"));
    assert!(more(|policy| policy.revoked_sessions[0].push('0')).starts_with("gate.revoked_sessions"));
    assert!(
        pattern(&format!("/{}", "a".repeat(MAX_PATH_LENGTH - 1)))
            .check()
            .is_ok()
    );
    assert!(pattern(&format!("/{}", "a".repeat(MAX_PATH_LENGTH))).check().is_err());
    for path in [
        "", "a", "/a*b", "/a b", "/a?b", "/%41", "/a#b", "/a\\b", "/a/../b", "/./b",
    ] {
        assert!(pattern(path).check().is_err(), "{path}");
    }
}

#[test]
fn an_idle_time_is_from_half_a_minute_to_an_hour_or_not_said() {
    let check = |idle_ms| {
        GatePolicy {
            idle_ms,
            ..GatePolicy::default()
        }
        .check()
    };
    for allowed in [None, Some(IDLE_MS.least), Some(IDLE_MS.default), Some(IDLE_MS.most)] {
        assert_eq!(check(allowed), Ok(()));
    }
    for refused in [0, IDLE_MS.least - 1, IDLE_MS.most + 1] {
        let sentence = check(Some(refused)).unwrap_err();
        assert_eq!(sentence, "gate.idle_ms must be 30000 to 3600000");
    }
    let stored = serde_json::to_string(&GatePolicy::default()).unwrap();
    assert!(!stored.contains("idle_ms"), "{stored}");
}
