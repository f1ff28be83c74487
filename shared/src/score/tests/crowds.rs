//! Crowds: many people with the same identifiers, and many programs with the same ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::*;
use crate::{
    ids::{Bytes32, EventKey},
    score::identifier_reuse::Identifier,
};

const KEY: EventKey = EventKey(Bytes32([3; 32]));

/// A join: its address, its fingerprint, and what else is known of it. Each is of another account.
#[derive(Clone)]
struct Joining {
    address: IpAddr,
    fingerprint: String,
    evidence: Evidence,
}

fn joining(address: &str, fingerprint: impl Into<String>, evidence: Evidence) -> Joining {
    Joining {
        address: address.parse().unwrap(),
        fingerprint: fingerprint.into(),
        evidence,
    }
}

/// The verdicts of joins that follow one another, as the edge comes to them.
fn verdicts(policy: &BotPolicy, joins: impl IntoIterator<Item = Joining>) -> Vec<BotVerdict> {
    let mut seen: BTreeMap<[u8; 16], (BTreeSet<usize>, AccountMix)> = BTreeMap::new();
    let mut event_accounts = AccountMix::default();
    let judge = |(account, joining): (usize, Joining)| {
        let kind = joining.evidence.account;
        let mut note = |identifier: Identifier| {
            let (accounts, mix) = seen.entry(identifier.0.0).or_default();
            if accounts.insert(account) {
                *mix = mix.with(kind);
            }
            (u32::try_from(accounts.len()).unwrap(), *mix)
        };
        let networks: Vec<_> = Identifier::networks(&KEY, joining.address)
            .into_iter()
            .map(&mut note)
            .collect();
        let scope = policy.fingerprint_counts;
        let device = Identifier::fingerprint(&KEY, &joining.fingerprint, scope, Some(joining.address));
        let identifier_reuse = IdentifierReuse {
            fingerprint: device.map(|device| note(device).0),
            address: networks.first().map(|(people, _)| *people),
            networks: networks.iter().map(|(_, mix)| *mix).collect(),
            unavailable: false,
        };
        let evidence = Evidence {
            identifier_reuse,
            event_accounts,
            ..joining.evidence
        };
        event_accounts = event_accounts.with(kind);
        evidence.score(policy).verdict()
    };
    joins.into_iter().enumerate().map(judge).collect()
}

const PHONES: [&str; 3] = ["a phone", "another phone", "last year's phone"];

fn of_account(kind: AccountKind) -> Evidence {
    Evidence {
        account: Some(kind),
        ..evidence()
    }
}

/// One of a crowd of people of whom so many percent have known accounts.
fn one_of(number: usize, percent_known: usize) -> Evidence {
    of_account(match number * 37 % 100 < percent_known {
        true => AccountKind::Known,
        false => AccountKind::New,
    })
}

/// People everywhere, each at an address of their own, of whom four in ten have known accounts.
fn everybody(count: usize) -> Vec<Joining> {
    let one = |number: usize| {
        let address = format!(
            "198.{}.{}.{}",
            20 + number / 60_000,
            number / 250 % 240,
            number % 250 + 1
        );
        joining(&address, PHONES[number % 3], one_of(number, 40))
    };
    (0..count).map(one).collect()
}

#[test]
fn thousands_of_people_with_three_kinds_of_phones_behind_one_carriers_address_are_humans() {
    for people in [1_000, 5_000] {
        let without_records = (0..people).map(|number| joining("203.0.113.7", PHONES[number % 3], evidence()));
        assert_eq!(verdicts(&BotPolicy::default(), without_records), vec![HUMAN; people]);
        for percent_known in [5, 40, 90] {
            let crowd =
                (0..people).map(|number| joining("203.0.113.7", PHONES[number % 3], one_of(number, percent_known)));
            let joins: Vec<_> = everybody(2_000).into_iter().chain(crowd).collect();
            let verdicts = verdicts(&BotPolicy::default(), joins);
            assert_eq!(verdicts, vec![HUMAN; 2_000 + people], "{people} {percent_known}");
        }
    }
}

#[test]
fn thousands_of_phones_in_one_prefix_of_a_carrier_that_each_have_a_network_of_their_own_are_humans() {
    let phone = |number: usize| {
        let address = format!("2001:db8:7:{number:x}::1");
        joining(&address, PHONES[number % 3], one_of(number, 30))
    };
    let joins: Vec<_> = everybody(2_000).into_iter().chain((0..5_000).map(phone)).collect();
    assert_eq!(verdicts(&BotPolicy::default(), joins), vec![HUMAN; 7_000]);
}

#[test]
fn a_school_and_a_household_are_humans_though_hardly_anybody_there_has_an_account_for_long() {
    let pupil = |number: usize| joining("203.0.113.9", "the school's tablet", one_of(number, 5));
    let child = |_| joining("2001:db8:9:9::9", "the family's tablet", of_account(AccountKind::New));
    let joins: Vec<_> = everybody(2_000)
        .into_iter()
        .chain((0..1_000).map(pupil))
        .chain((0..8).map(child))
        .collect();
    assert_eq!(verdicts(&BotPolicy::default(), joins), vec![HUMAN; 3_008]);
}

#[test]
fn where_nobody_has_an_account_for_long_nobody_is_a_suspect_for_it() {
    let new = (0..5_000).map(|number| joining("203.0.113.7", PHONES[number % 3], of_account(AccountKind::New)));
    assert_eq!(verdicts(&BotPolicy::default(), new), vec![HUMAN; 5_000]);
}

/// Five thousand accounts of one farm, each with a network of its own in one /48, a fingerprint that
/// nobody else has, and the signals of a person.
fn farm() -> Vec<Joining> {
    let one = |number: usize| {
        let address = format!("2001:db8:bad:{number:x}::1");
        joining(&address, format!("random {number}"), of_account(AccountKind::New))
    };
    (0..5_000).map(one).collect()
}

#[test]
fn a_farm_in_one_draw_with_a_carriers_customers_is_behind_them_but_for_its_first_accounts() {
    let carrier = (0..5_000).map(|number| joining("203.0.113.7", PHONES[number % 3], one_of(number, 30)));
    // They come in turns.
    let joins: Vec<_> = carrier
        .zip(farm())
        .flat_map(|(person, program)| [person, program])
        .collect();
    let policy = BotPolicy::default();
    let verdicts = verdicts(&policy, joins);
    let (people, farm): (Vec<_>, Vec<_>) = verdicts.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
    assert_eq!(people, vec![HUMAN; 5_000], "no person is below a human's score");
    // The first accounts look like a household's. No more of them pass than the event allows a
    // network, and all that follow are behind every person of the draw.
    let passed = farm.iter().filter(|verdict| **verdict == HUMAN).count();
    assert!(passed <= usize::from(policy.accounts_per_address), "{passed}");
    assert_eq!(farm[passed..], vec![SUSPECT; 5_000 - passed]);
}

#[test]
fn an_event_that_allows_a_network_fewer_accounts_lets_fewer_of_a_farm_pass() {
    let policy = BotPolicy {
        accounts_per_address: 1,
        ..BotPolicy::default()
    };
    let joins: Vec<_> = everybody(2_000).into_iter().chain(farm()).collect();
    let verdicts = verdicts(&policy, joins);
    assert_eq!(verdicts[..2_000], vec![HUMAN; 2_000]);
    let passed = verdicts[2_000..].iter().filter(|verdict| **verdict == HUMAN).count();
    // Ten times as many accounts as the event has for each known one.
    assert!((20..=30).contains(&passed), "{passed}");
}

#[test]
fn a_farm_with_one_fingerprint_at_one_address_is_a_suspect_from_the_events_limit_on() {
    let farm = (0..260).map(|_| joining("203.0.113.66", "farm", of_account(AccountKind::New)));
    let joins: Vec<_> = everybody(2_000).into_iter().chain(farm).collect();
    let verdicts = verdicts(&BotPolicy::default(), joins);
    assert_eq!(verdicts[..2_200], vec![HUMAN; 2_200]);
    assert_eq!(verdicts[2_200..], vec![SUSPECT; 60]);
}

#[test]
fn a_thousand_people_behind_one_exit_of_a_vpn_are_humans() {
    let behind_vpn = |account: usize| {
        let mut evidence = evidence();
        evidence.reputation.vpn = true;
        joining("203.0.113.7", PHONES[account % 3], evidence)
    };
    let verdicts = verdicts(&BotPolicy::default(), (0..1_000).map(behind_vpn));
    assert_eq!(verdicts, vec![HUMAN; 1_000]);
}

#[test]
fn a_thousand_programs_with_one_fingerprint_in_a_datacentre_are_suspects() {
    let mut evidence = evidence();
    evidence.reputation.datacentre = true;
    let bots = (0..1_000).map(|_| joining("203.0.113.7", "farm", evidence.clone()));
    let verdicts = verdicts(&BotPolicy::default(), bots);
    assert_eq!(verdicts, vec![SUSPECT; 1_000]);
}

#[test]
fn a_thousand_programs_in_a_datacentre_that_is_known_for_abuse_are_refused() {
    let evidence = Evidence {
        reputation: AddressReputation {
            datacentre: true,
            abuse_percent: 90,
            ..AddressReputation::default()
        },
        ..Evidence::default()
    };
    let bots = (0..1_000).map(|_| joining("203.0.113.7", "", evidence.clone()));
    let verdicts = verdicts(&BotPolicy::default(), bots);
    assert_eq!(verdicts, vec![BotVerdict::Refuse; 1_000]);
}

#[test]
fn of_what_is_true_of_many_only_the_worst_counts() {
    let mut evidence = evidence();
    evidence.reputation.vpn = true;
    evidence.identifier_reuse.address = Some(201);
    evidence.identifier_reuse.fingerprint = Some(21);
    assert_eq!(judged(&evidence), (500_000, HUMAN));
    // Where fingerprints distinguish single devices, theirs is the worst factor.
    let policy = BotPolicy {
        fingerprint_counts: FingerprintScope::Everywhere,
        ..BotPolicy::default()
    };
    assert_eq!(evidence.score(&policy).product, Millionths(300_000));
    // It counts in addition to the factors that are not true of many people.
    evidence.reputation.abuse_percent = 81;
    assert_eq!(judged(&evidence), (100_000, SUSPECT));
}
