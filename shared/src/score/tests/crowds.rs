//! Many people who share something, and many programs that do.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::*;
use crate::{
    identity::{Bytes32, EventKey},
    score::sighting::Sighted,
};

const KEY: EventKey = EventKey(Bytes32([3; 32]));

/// The verdicts of joins one after the other, each by another account: what they used, and what else is known of them.
fn verdicts<'a>(policy: &BotPolicy, joins: impl Iterator<Item = (&'a str, &'a str, Evidence)>) -> Vec<Verdict> {
    let mut seen: BTreeMap<[u8; 16], BTreeSet<usize>> = BTreeMap::new();
    let joins = joins.enumerate().map(|(account, (address, fingerprint, evidence))| {
        let address: IpAddr = address.parse().unwrap();
        let mut count = |thing: Option<Sighted>, allowed: u16| {
            let accounts = seen.entry(thing.unwrap().0.0).or_default();
            accounts.insert(account);
            Some(u16::try_from(accounts.len()).unwrap().min(allowed + 1))
        };
        let fingerprint = Sighted::fingerprint(&KEY, fingerprint, policy.fingerprint_counts, Some(address));
        let sightings = Sightings {
            fingerprint: count(fingerprint, policy.accounts_per_fingerprint),
            address: count(Sighted::address(&KEY, address), policy.accounts_per_address),
            unavailable: false,
        };
        Evidence { sightings, ..evidence }.score(policy).verdict()
    });
    joins.collect()
}

const PHONES: [&str; 3] = ["a phone", "another phone", "last year's phone"];

#[test]
fn a_thousand_people_with_three_kinds_of_phones_behind_one_carriers_address_are_humans() {
    let people = (0..1_000).map(|account| ("203.0.113.7", PHONES[account % 3], evidence()));
    let verdicts = verdicts(&BotPolicy::default(), people);
    assert_eq!(verdicts, vec![HUMAN; 1_000]);
}

#[test]
fn a_thousand_people_behind_one_exit_of_a_vpn_are_humans() {
    let behind_vpn = |account: usize| {
        let mut evidence = evidence();
        evidence.reputation.vpn = true;
        ("203.0.113.7", PHONES[account % 3], evidence)
    };
    let verdicts = verdicts(&BotPolicy::default(), (0..1_000).map(behind_vpn));
    assert_eq!(verdicts, vec![HUMAN; 1_000]);
}

#[test]
fn a_thousand_programs_with_one_fingerprint_in_a_datacentre_are_suspects() {
    let mut evidence = evidence();
    evidence.reputation.datacentre = true;
    let bots = (0..1_000).map(|_| ("203.0.113.7", "farm", evidence.clone()));
    let verdicts = verdicts(&BotPolicy::default(), bots);
    assert_eq!(verdicts, vec![SUSPECT; 1_000]);
}

#[test]
fn a_thousand_programs_without_signals_and_fingerprint_in_a_datacentre_are_refused() {
    let evidence = Evidence {
        reputation: Reputation {
            datacentre: true,
            ..Reputation::default()
        },
        ..Evidence::default()
    };
    let bots = (0..1_000).map(|_| ("203.0.113.7", "", evidence.clone()));
    let verdicts = verdicts(&BotPolicy::default(), bots);
    assert_eq!(verdicts, vec![Verdict::Refuse; 1_000]);
}

#[test]
fn of_what_is_true_of_many_only_the_worst_counts() {
    let mut evidence = evidence();
    evidence.reputation.vpn = true;
    evidence.sightings.address = Some(201);
    evidence.sightings.fingerprint = Some(21);
    assert_eq!(judged(&evidence), (500_000, HUMAN));
    // Where fingerprints tell single devices theirs is the worst.
    let policy = BotPolicy {
        fingerprint_counts: FingerprintScope::Everywhere,
        ..BotPolicy::default()
    };
    assert_eq!(evidence.score(&policy).product, Millionths(300_000));
    // It counts beside what is not.
    evidence.reputation.abuse_percent = 81;
    assert_eq!(judged(&evidence), (100_000, SUSPECT));
}
