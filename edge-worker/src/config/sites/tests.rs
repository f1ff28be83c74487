use serde_json::{Value, json};

use super::*;

const SHOP: &str = "https://shop-origin.example";

fn read_all(environment: &str, set: &[(&str, String)]) -> Result<Sites, String> {
    let variable = |name: &str| match name {
        "STANCHION_ENVIRONMENT" => Some(environment.to_owned()),
        name => set
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone()),
    };
    read(&Variables::new(variable).unwrap()).map_err(|error| error.to_string())
}

fn read_set(set: &[(&str, &str)]) -> Result<Sites, String> {
    let set: Vec<_> = set.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    read_all("production", &set)
}

fn site(name: &str, host: &str, events: Value) -> Value {
    json!({ "name": name, "origin": format!("https://{name}-origin.example/"), "hosts": [host], "events": events })
}

fn several(entries: &[Value]) -> Result<Sites, String> {
    read_all("production", &[(SITES, json!(entries).to_string())])
}

/// The origin that a request for a host is passed on to.
fn origin<'a>(sites: &'a Sites, host: &str) -> Option<&'a str> {
    match sites.at(Host::parse(host, 443).as_ref()) {
        Behind::Shop => sites.shop_url(),
        Behind::Site(site) => Some(&site.origin_url),
        Behind::Nothing => None,
    }
}

#[test]
fn one_origin_is_at_every_host_or_at_those_that_are_named() {
    for events in ["", "a, b"] {
        let everywhere = read_set(&[(ORIGIN_URL, SHOP), (SITE_EVENTS, events)]).unwrap();
        for host in ["shop.example", "10.0.0.1:8080", "no host"] {
            assert_eq!(origin(&everywhere, host), Some(SHOP), "{host}");
        }
        let named = read_set(&[
            (ORIGIN_URL, SHOP),
            (SITE_EVENTS, events),
            (HOSTS, "Shop.example, *.shop.example"),
        ]);
        let named = named.unwrap();
        for (host, expected) in [
            ("shop.example", Some(SHOP)),
            ("www.shop.example:443", Some(SHOP)),
            ("www.shop.example:8443", None),
            ("other.example", None),
            ("no host", None),
        ] {
            assert_eq!(origin(&named, host), expected, "{host}");
        }
    }
    let shop = read_set(&[(ORIGIN_URL, SHOP)]).unwrap();
    assert_eq!((shop.at(None), shop.shop_url()), (Behind::Shop, Some(SHOP)));
    let site = read_set(&[(ORIGIN_URL, SHOP), (SITE_EVENTS, "a")]).unwrap();
    assert!(matches!(site.at(None), Behind::Site(_)));
    assert_eq!(site.shop_url(), None);
}

#[test]
fn several_sites_are_reached_at_their_own_hosts_alone() {
    let sites = several(&[
        site("one", "one.example", json!(["a"])),
        site("two", "*.example", json!([])),
        site("three", "*.shop.example:8443", json!(["b", "c"])),
        site("four", "one.example:8443", json!(["d"])),
    ])
    .unwrap();
    for (host, expected) in [
        ("one.example", Some("https://one-origin.example")),
        ("ONE.example.:443", Some("https://one-origin.example")),
        ("one.example:8443", Some("https://four-origin.example")),
        ("x.example", Some("https://two-origin.example")),
        ("x.shop.example", Some("https://two-origin.example")),
        ("x.shop.example:8443", Some("https://three-origin.example")),
        ("x.example:8443", None),
        ("example", None),
        ("one.example.evil.test", None),
        ("one-origin.example.test", None),
        ("", None),
        ("one.example, x.test", None),
    ] {
        assert_eq!(origin(&sites, host), expected, "{host}");
    }
    let of = |event: &str| {
        sites
            .of_event(&EventId::parse(event).unwrap())
            .map(|site| site.name.as_str())
    };
    assert_eq!((of("a"), of("c"), of("x")), (Some("one"), Some("three"), None));
}

#[test]
fn the_shop_may_be_at_a_host_beside_the_sites() {
    let sites = read_all(
        "production",
        &[
            (ORIGIN_URL, SHOP.to_owned()),
            (HOSTS, "shop.example".to_owned()),
            (SITES, json!([site("one", "one.example", json!(["a"]))]).to_string()),
        ],
    )
    .unwrap();
    assert_eq!(origin(&sites, "shop.example"), Some(SHOP));
    assert_eq!(origin(&sites, "one.example"), Some("https://one-origin.example"));
    assert_eq!(origin(&sites, "other.example"), None);
    let event = |id: &str| EventId::parse(id).unwrap();
    assert!(sites.is_of_shop(&event("x")) && !sites.is_of_shop(&event("a")));
    assert_eq!(sites.url_of_event(&event("x")), Some(SHOP));
    assert_eq!(sites.url_of_event(&event("a")), Some("https://one-origin.example"));
}

#[test]
fn what_would_leave_it_open_where_a_request_goes_is_refused() {
    let one = site("one", "one.example", json!(["a"]));
    for (other, expected) in [
        (site("one", "two.example", json!([])), "the site one is there twice"),
        (
            site("two", "ONE.example.", json!([])),
            "the host one.example is there twice",
        ),
        (site("two", "two.example", json!(["a"])), "the event a is there twice"),
    ] {
        let refused = several(&[one.clone(), other]).unwrap_err();
        assert_eq!(refused, format!("{SITES} cannot be used: {expected}"));
    }
    let text = json!([one]).to_string();
    for (set, expected) in [
        (&[(ORIGIN_URL, SHOP), (SITES, &text)][..], HOSTS),
        (&[(SITE_EVENTS, "b"), (SITES, &text)], SITE_EVENTS),
        (&[(HOSTS, "two.example"), (SITES, &text)], ORIGIN_URL),
        (&[(ORIGIN_URL, SHOP), (HOSTS, "one.example"), (SITES, &text)], SITES),
        (&[(HOSTS, "one.example")], ORIGIN_URL),
        (&[(ORIGIN_URL, SHOP), (HOSTS, "https://one.example")], HOSTS),
        (&[(ORIGIN_URL, SHOP), (HOSTS, ",")], HOSTS),
        (&[(ORIGIN_URL, SHOP), (HOSTS, "one.example, One.example")], HOSTS),
        (&[(ORIGIN_URL, SHOP), (SITE_EVENTS, "b,b")], SITE_EVENTS),
        (&[(SITES, "[]")], SITES),
        (&[(SITES, "{}")], SITES),
        (&[(SITES, r#"[{"name": "a"}]"#)], SITES),
    ] {
        let refused = read_set(set).unwrap_err();
        assert!(refused.starts_with(expected), "{set:?}: {refused}");
    }
}

#[test]
fn an_origin_is_a_scheme_and_a_host_and_over_tls_in_production() {
    let with = |environment: &str, origin: &str| {
        let entry = json!({ "name": "a", "origin": origin, "hosts": ["a.example"], "events": [] });
        read_all(environment, &[(SITES, json!([entry]).to_string())]).is_ok()
    };
    for origin in [
        "https://a.example",
        "https://a.example/",
        "https://10.0.0.1:8443",
        "https://[::1]:8443",
    ] {
        assert!(with("production", origin), "{origin}");
    }
    for origin in [
        "",
        "a.example",
        "ftp://a.example",
        "https://",
        "https://a.example/path",
        "https://a.example?query",
        "https://a.example#x",
        "https://user@a.example",
        "https://a.example:port",
        "https://a example",
    ] {
        assert!(!with("development", origin), "{origin}");
    }
    assert!(with("development", "http://127.0.0.1:8080"));
    assert!(!with("production", "http://127.0.0.1:8080"));
    assert!(with("production", "http://site.spin.internal/"));
    for origin in [
        "http://spin.internal",
        "http://site.spin.internal.example",
        "http://site.spin.internal:8080",
        "http://a.example/.spin.internal",
        "http://a.example?.spin.internal",
        "http://a.example@site.spin.internal",
        "http://a.example#.spin.internal",
    ] {
        assert!(!with("production", origin), "{origin}");
    }
    assert!(read_set(&[(ORIGIN_URL, "https://a.example/path")]).is_err());
}

#[test]
fn every_limit_is_kept_at_both_sides() {
    let numbered = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|number| site(&format!("s{number}"), &format!("h{number}.example"), json!([])))
            .collect()
    };
    assert!(several(&numbered(MAX_SITES)).is_ok());
    assert!(several(&numbered(MAX_SITES + 1)).is_err());
    let with = |hosts: usize, events: usize| {
        let hosts: Vec<_> = (0..hosts).map(|number| format!("h{number}.example")).collect();
        let events: Vec<_> = (0..events).map(|number| format!("e{number}")).collect();
        let entry = json!({ "name": "a", "origin": SHOP, "hosts": hosts, "events": events });
        several(&[entry]).is_ok()
    };
    assert!(with(MAX_SITE_HOSTS, MAX_SITE_EVENTS));
    assert!(!with(0, 1) && !with(MAX_SITE_HOSTS + 1, 1) && !with(1, MAX_SITE_EVENTS + 1));
    let named = |name: &str| several(&[site(name, "a.example", json!([]))]).is_ok();
    assert!(named(&"a".repeat(MAX_SITE_NAME_LENGTH)));
    assert!(!named(&"a".repeat(MAX_SITE_NAME_LENGTH + 1)) && !named("") && !named("A"));
    let short = |hosts: usize, events: usize| {
        let hosts: Vec<_> = (0..hosts).map(|number| format!("h{number}.example")).collect();
        let events: Vec<_> = (0..events).map(|number| format!("e{number}")).collect();
        let (hosts, events) = (hosts.join(","), events.join(","));
        read_set(&[(ORIGIN_URL, SHOP), (HOSTS, &hosts), (SITE_EVENTS, &events)])
    };
    assert!(short(MAX_SITE_HOSTS, MAX_SITE_EVENTS).is_ok());
    assert!(short(MAX_SITE_HOSTS + 1, 1).is_err());
    assert!(short(1, MAX_SITE_EVENTS + 1).is_err());
}

#[test]
fn a_put_is_warned_of_rules_that_this_deployment_cannot_keep() {
    let gate = |hosts: &[&str]| -> GatePolicy {
        serde_json::from_value(json!({ "rules": [{ "methods": ["POST"] }, { "hosts": hosts }] })).unwrap()
    };
    let event = |id: &str| EventId::parse(id).unwrap();
    let sites = several(&[site("one", "*.one.example", json!(["a"]))]).unwrap();
    assert_eq!(
        sites.warnings(&event("a"), &gate(&["www.one.example", "*.one.example"])),
        [""; 0]
    );
    assert_eq!(
        sites.warnings(&event("a"), &gate(&["www.one.example", "two.example"])),
        ["gate.rules[1].hosts: the site one is not at two.example."]
    );
    assert_eq!(
        sites.warnings(&event("b"), &gate(&[])),
        ["No site of this edge names the event b: it guards nothing."]
    );
    let everywhere = Sites::one(SHOP, vec![event("a")]);
    assert_eq!(
        everywhere.warnings(&event("a"), &gate(&["a.example", "b.example"])),
        [
            "gate.rules[1].hosts: the site site takes every host, so the rule holds at all of them. The variable \
          STANCHION_HOSTS names its hosts."
        ]
    );
    assert_eq!(Sites::shop(SHOP).warnings(&event("a"), &gate(&["a.example"])), [""; 0]);
}
