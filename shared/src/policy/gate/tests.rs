use sha2::{Digest, Sha256};

use super::*;
use crate::identity::Bytes32;

fn pattern(text: &str) -> PathPattern {
    PathPattern(text.to_owned())
}

fn judge(policy: &GatePolicy, path: &str, header: Option<&'static str>, address: &str) -> Guarded {
    policy.judge(&Asked {
        path,
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
        ("/shop", Guarded::Yes),
        ("/shop/", Guarded::Yes),
        ("/shop/seats/1", Guarded::Yes),
        ("/shopping", Guarded::No),
        ("/buy", Guarded::Yes),
        ("/buy/", Guarded::No),
        // However it is spelt.
        ("/%73hop/seats", Guarded::Yes),
        ("/%2573hop/seats", Guarded::Yes),
        ("//shop/seats", Guarded::Yes),
        ("/./shop/seats", Guarded::Yes),
        ("/blog/../shop/seats", Guarded::Yes),
        ("/blog/%2e%2e/shop/seats", Guarded::Yes),
        ("/blog/..%5cshop/seats", Guarded::Yes),
        ("/shop;v=1/seats", Guarded::Yes),
        ("/SHOP/seats", Guarded::Yes),
        ("/bu%79", Guarded::Yes),
        ("/blog/caf%C3%A9", Guarded::No),
        ("/%", Guarded::No),
        ("/", Guarded::No),
    ] {
        assert_eq!(judge(&policy(), path, None, ""), expected, "{path}");
    }
    assert_eq!(judge(&GatePolicy::default(), "/", None, ""), Guarded::Yes);
}

#[test]
fn a_bypass_is_by_path_by_secret_header_or_by_address() {
    assert_eq!(judge(&policy(), "/shop/help", None, ""), Guarded::Passes);
    for spelt in [
        "/shop/help/..",
        "/shop//help",
        "/shop/%68elp",
        "/shop/x/%2e%2e/help",
        "/shop/help;x",
    ] {
        assert_eq!(judge(&policy(), spelt, None, ""), Guarded::Yes, "{spelt}");
    }
    assert_eq!(judge(&policy(), "/shop/help/more", None, ""), Guarded::Yes);
    assert_eq!(judge(&policy(), "/buy", Some("a secret"), ""), Guarded::Passes);
    assert_eq!(judge(&policy(), "/buy", Some("a guess"), ""), Guarded::Yes);
    for (address, expected) in [
        ("10.1.255.255", Guarded::Passes),
        ("10.2.0.0", Guarded::Yes),
        ("2001:db8:1::1", Guarded::Passes),
        ("2001:db9::1", Guarded::Yes),
    ] {
        assert_eq!(judge(&policy(), "/buy", None, address), expected, "{address}");
    }
}

#[test]
fn each_mode_does_what_it_says() {
    for (mode, plain, bypassed) in [
        (Mode::Queue, Guarded::Yes, Guarded::Passes),
        (Mode::QueueAll, Guarded::Yes, Guarded::Yes),
        (Mode::Passthrough, Guarded::Passes, Guarded::Passes),
        (Mode::Reject, Guarded::Refused, Guarded::Refused),
    ] {
        let policy = GatePolicy { mode, ..policy() };
        assert_eq!(judge(&policy, "/buy", None, ""), plain, "{mode:?}");
        assert_eq!(judge(&policy, "/buy", None, "10.1.0.1"), bypassed, "{mode:?}");
        assert_eq!(judge(&policy, "/elsewhere", None, ""), Guarded::No, "{mode:?}");
    }
}

#[test]
fn a_session_is_revoked_by_name_or_by_when_it_began() {
    let by_name = GatePolicy {
        revoked_sessions: vec!["a".repeat(32)],
        ..GatePolicy::default()
    };
    assert!(by_name.revokes(&"a".repeat(32), 5));
    assert!(!by_name.revokes(&"b".repeat(32), 5));
    let all = GatePolicy {
        revoked_before: Some(UnixMillis(5_500)),
        ..GatePolicy::default()
    };
    assert!(all.revokes("x", 5));
    assert!(all.revokes("x", 6), "it may have begun at 5.4 s, rounded up");
    assert!(!all.revokes("x", 7));
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
    for path in ["", "a", "/a*b", "/a b", "/a?b", "/%41", "/a#b"] {
        assert!(pattern(path).check().is_err(), "{path}");
    }
}
