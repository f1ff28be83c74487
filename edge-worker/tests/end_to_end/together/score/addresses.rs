//! The reputation of addresses, from the file at the origin to the tier.

use std::{io::Write, time::Duration};

use stanchion_harness::{Edge, Event, now, variable};

use super::{Client, opened, stats};

/// Lines that are added to the table of addresses; each test has addresses of its own.
fn known(lines: &str) {
    let file = std::fs::OpenOptions::new()
        .append(true)
        .open(variable("STANCHION_REPUTATION_FILE"));
    file.unwrap().write_all(lines.as_bytes()).unwrap();
}

/// Joins of new fans until one is in `wanted`, at most 20 s: the origin looks at the file, the edge asks the origin. One that
/// is says nothing of the next: each instance of the edge asks by itself, when its time has come.
async fn until_tier(edge: &Edge, event: &Event, client: &Client, wanted: u8) {
    let deadline = now().plus(20_000);
    while client.tier(edge, event).await != wanted {
        assert!(now() < deadline, "never in tier {wanted}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn an_address_of_a_datacentre_makes_a_suspect_a_vpn_alone_does_not() {
    let (edge, event) = opened(|_| {}).await;
    known("198.51.100.0/26 datacentre\n198.51.100.64/26 vpn\n2001:db8:66::/48 abuse=0.81\n");
    for known in ["198.51.100.7", "2001:db8:66::1"] {
        until_tier(&edge, &event, &Client::at(known), 2).await;
    }
    assert_eq!(Client::at("198.51.100.130").tier(&edge, &event).await, 1);
    // A human whether the table is known or not; so until it was.
    let deadline = now().plus(20_000);
    while stats(&edge, &event).await.scores.get("factor.vpn") == 0 {
        assert_eq!(Client::at("198.51.100.70").tier(&edge, &event).await, 1);
        assert!(now() < deadline, "never known as a VPN");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn an_autonomous_system_is_known_where_the_runtime_tells_it() {
    let (edge, event) = opened(|_| {}).await;
    known("AS64500 datacentre\n");
    let client = Client {
        system: Some(64_500),
        ..Client::person()
    };
    if variable("STANCHION_EDGE_RUNTIME") == "workerd" {
        until_tier(&edge, &event, &client, 2).await;
    } else {
        assert_eq!(client.tier(&edge, &event).await, 1, "only Cloudflare tells it");
    }
    let other = Client {
        system: Some(64_501),
        ..Client::person()
    };
    assert_eq!(other.tier(&edge, &event).await, 1);
}

#[tokio::test]
async fn a_changed_table_is_known_without_a_restart() {
    let (edge, event) = opened(|_| {}).await;
    // Another one each time, because the stack keeps the table.
    let ms = now().0;
    let address = format!("2001:db8:{:x}:{:x}::1", (ms >> 16) & 0xffff, ms & 0xffff);
    let client = Client::at(&address);
    assert_eq!(client.tier(&edge, &event).await, 1);
    known(&format!("{address} datacentre\n"));
    until_tier(&edge, &event, &client, 2).await;
}

#[tokio::test]
async fn a_fingerprint_on_the_list_of_bad_ones_makes_a_suspect() {
    let (edge, event) = opened(|_| {}).await;
    known("device:a-farm-of-phones bad\n");
    let client = Client {
        fingerprint: "a-farm-of-phones",
        ..Client::person()
    };
    until_tier(&edge, &event, &client, 2).await;
}
