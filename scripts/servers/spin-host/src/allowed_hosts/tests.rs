use std::collections::BTreeMap;

use super::*;

fn values(variables: &[(&str, &str)]) -> Values {
    let declared: BTreeMap<_, _> = variables
        .iter()
        .map(|(name, value)| {
            (
                (*name).to_owned(),
                toml::from_str(&format!("default = '{value}'")).expect("a variable"),
            )
        })
        .collect();
    Values::resolve(&declared, |_| Err(std::env::VarError::NotPresent)).expect("values")
}

fn hosts(entries: &[&str]) -> AllowedHosts {
    let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
    AllowedHosts::read(&entries, &values(&[])).expect("entries")
}

fn refusal(entry: &str) -> String {
    AllowedHosts::read(&[entry.to_owned()], &values(&[]))
        .expect_err("refused")
        .to_string()
}

#[test]
fn scheme_host_and_port_must_all_fit() {
    let hosts = hosts(&["http://127.0.0.1:8080"]);
    assert!(hosts.allow("http://127.0.0.1:8080/path?query", "https"));
    for other in [
        "http://127.0.0.1:8081/",
        "http://127.0.0.1/",
        "https://127.0.0.1:8080/",
        "http://127.0.0.2:8080/",
        "http://localhost:8080/",
        "redis://127.0.0.1:8080",
    ] {
        assert!(!hosts.allow(other, "https"), "{other}");
    }
}

#[test]
fn nothing_is_allowed_without_entries() {
    assert!(!hosts(&[]).allow("http://127.0.0.1/", "https"));
}

#[test]
fn the_usual_port_of_the_scheme_is_meant_where_none_is_written() {
    let hosts = hosts(&["redis://cache.example", "https://shop.example"]);
    assert!(hosts.allow("redis://cache.example:6379/0", "redis"));
    assert!(hosts.allow("redis://cache.example", "redis"));
    assert!(!hosts.allow("redis://cache.example:6380", "redis"));
    assert!(hosts.allow("https://shop.example:443/a", "https"));
}

#[test]
fn an_address_without_a_scheme_gets_the_callers() {
    let hosts = hosts(&["redis://localhost:6379"]);
    assert!(hosts.allow("localhost:6379", "redis"));
    assert!(!hosts.allow("localhost:6379", "http"));
}

#[test]
fn the_host_is_the_one_that_would_be_connected_to() {
    let hosts = hosts(&["redis://good:1"]);
    assert!(hosts.allow("redis://user:secret@good:1/0", "redis"));
    for evil in [
        "redis://good:1@evil:1/",
        "redis://evil:1/?@good:1",
        "redis://evil:1#@good:1",
        "redis://evil:1/@good:1",
    ] {
        assert!(!hosts.allow(evil, "redis"), "{evil}");
    }
}

#[test]
fn wildcards_stand_for_schemes_subdomains_and_ports() {
    assert!(hosts(&["*://*:*"]).allow("mqtt://anywhere:1", "https"));
    let below = hosts(&["https://*.example.com"]);
    assert!(below.allow("https://a.example.com/", "https"));
    assert!(below.allow("https://a.b.example.com/", "https"));
    assert!(!below.allow("https://example.com/", "https"));
    assert!(!below.allow("https://badexample.com/", "https"));
    assert!(hosts(&["http://a.example:*"]).allow("http://a.example:65535/", "https"));
}

#[test]
fn a_range_of_ports_ends_before_its_second_number() {
    let hosts = hosts(&["http://a.example:8000..8003"]);
    for (port, allowed) in [(7999, false), (8000, true), (8002, true), (8003, false)] {
        assert_eq!(
            hosts.allow(&format!("http://a.example:{port}/"), "https"),
            allowed,
            "{port}"
        );
    }
}

#[test]
fn addresses_of_version_6_are_hosts() {
    let hosts = hosts(&["http://[::1]:80", "redis://[::1]"]);
    assert!(hosts.allow("http://[::1]/", "https"));
    assert!(hosts.allow("redis://[::1]:6379", "redis"));
    assert!(!hosts.allow("redis://[::2]:6379", "redis"));
}

#[test]
fn templates_are_filled_and_empty_ones_left_out() {
    let values = values(&[("redis_host", "127.0.0.1:7000"), ("none", "")]);
    let entries = ["redis://{{ redis_host }}", "{{ none }}", "https://{{ none }}"].map(str::to_owned);
    let hosts = AllowedHosts::read(&entries, &values).expect("entries");
    assert!(hosts.allow("redis://127.0.0.1:7000/", "redis"));
    assert_eq!(hosts.0.len(), 1);
}

#[test]
fn what_is_no_entry_is_refused_with_a_sentence() {
    for (entry, part) in [
        ("localhost:6379", "no scheme"),
        ("redis://localhost:6379/0", "has a path"),
        ("http://10.0.0.0/8:80", "network"),
        ("http://self", "application itself"),
        ("http://localhost:http", "not a number"),
        ("http://localhost:65536", "not a number"),
        ("ftp://localhost", "needs a port"),
        ("*://localhost", "needs a port"),
        ("h2://localhost:1", "not letters"),
        ("http://a*.example:1", "wildcard"),
        ("http://*.127.0.0.1:1", "wildcard before an address"),
        ("redis://user:secret@localhost:1", "not one"),
    ] {
        assert!(refusal(entry).contains(part), "{entry}: {}", refusal(entry));
    }
}
