use super::*;

const TABLE: &str = "\
# What we know.
203.0.113.0/24 datacentre # a cloud
203.0.113.64/26 vpn

198.51.100.7 abuse=0.85
2001:db8::/32\tdatacentre abuse=1
AS64500 datacentre
device:farm-7 bad
";

fn of(address: &str, system: Option<u32>) -> AddressReputation {
    ReputationTable::parse(TABLE).unwrap().of(address.parse().ok(), system)
}

#[test]
fn the_smallest_network_around_an_address_says_all() {
    let nothing = AddressReputation::default();
    let datacentre = AddressReputation {
        datacentre: true,
        ..nothing
    };
    let vpn = AddressReputation { vpn: true, ..nothing };
    assert_eq!(of("203.0.113.63", None), datacentre);
    assert_eq!(of("203.0.113.64", None), vpn);
    assert_eq!(of("::ffff:203.0.113.127", None), vpn);
    assert_eq!(of("203.0.113.128", None), datacentre);
    assert_eq!(of("203.0.114.0", None), nothing);
    assert_eq!(of("198.51.100.7", None).abuse_percent, 85);
    assert_eq!(of("198.51.100.8", None), nothing);
    assert_eq!(of("2001:db8:ffff::1", None).abuse_percent, 100);
    assert_eq!(of("2001:db9::1", None), nothing);
}

#[test]
fn an_autonomous_system_speaks_only_where_no_network_does() {
    assert!(of("192.0.2.1", Some(64_500)).datacentre);
    assert!(!of("192.0.2.1", Some(64_501)).datacentre);
    assert!(!of("203.0.113.64", Some(64_500)).datacentre);
    assert!(ReputationTable::parse(TABLE).unwrap().of(None, Some(64_500)).datacentre);
}

#[test]
fn bad_fingerprints_are_known_whole() {
    let table = ReputationTable::parse(TABLE).unwrap();
    assert!(table.is_bad_fingerprint("farm-7") && !table.is_bad_fingerprint("farm-77"));
    assert_eq!(table.len(), 6);
}

#[test]
fn a_line_that_is_no_entry_refuses_the_table_and_is_named() {
    for line in [
        "203.0.113.0/33 datacentre",
        "203.0.113.7/24 datacentre",
        "203.0.113.0/24",
        "203.0.113.0/24 cloud",
        "203.0.113.0/24 abuse=1.01",
        "203.0.113.0/24 abuse=0.855",
        "203.0.113.0/24 abuse=.5",
        "203.0.113.0/24 abuse=0.",
        "203.0.113.0/24 abuse=-0",
        "example.org datacentre",
        "ASx datacentre",
        "AS4294967296 datacentre",
        "device: bad",
        "device:x",
        "device:x good",
    ] {
        let error = ReputationTable::parse(&format!("# one\n{line}\n")).err();
        assert!(
            matches!(error, Some(TableError::Line { line: 2, .. })),
            "{line}: {error:?}"
        );
    }
    for (share, expected) in [("0", 0), ("1", 100), ("0.8", 80), ("0.81", 81), ("1.0", 100)] {
        assert_eq!(percent(share), Some(expected), "{share}");
    }
}

#[test]
fn a_table_has_a_largest_size() {
    let fits = "#".repeat(MAX_TABLE_BYTES);
    assert!(ReputationTable::parse(&fits).is_ok_and(|table| table.is_empty()));
    assert_eq!(ReputationTable::parse(&(fits + "#")).err(), Some(TableError::TooLarge));
}
