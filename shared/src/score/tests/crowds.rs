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

/// What the edge knows of the accounts that joined an event.
#[derive(Default)]
struct Joined {
    /// By identifier.
    users: BTreeMap<[u8; 16], (BTreeSet<usize>, AccountMix)>,
    event_accounts: AccountMix,
}

impl Joined {
    fn note(&mut self, identifier: Identifier, account: usize, kind: Option<AccountKind>) -> (u32, AccountMix) {
        let (accounts, mix) = self.users.entry(identifier.0.0).or_default();
        if accounts.insert(account) {
            *mix = mix.with(kind);
        }
        (u32::try_from(accounts.len()).unwrap(), *mix)
    }

    /// What the edge finds when an account joins.
    fn join(&mut self, policy: &BotPolicy, account: usize, joining: &Joining) -> Evidence {
        let kind = joining.evidence.account;
        let networks: Vec<_> = Identifier::networks(&KEY, joining.address)
            .into_iter()
            .map(|network| self.note(network, account, kind))
            .collect();
        let scope = policy.fingerprint_counts;
        let device = Identifier::fingerprint(&KEY, &joining.fingerprint, scope, Some(joining.address));
        let identifier_reuse = IdentifierReuse {
            fingerprint: device.map(|device| self.note(device, account, kind).0),
            address: networks.first().map(|(people, _)| *people),
            networks: networks.iter().map(|(_, mix)| *mix).collect(),
            unavailable: false,
        };
        let event_accounts = self.event_accounts;
        self.event_accounts = event_accounts.with(kind);
        Evidence {
            identifier_reuse,
            event_accounts,
            ..joining.evidence.clone()
        }
    }

    /// What the edge finds at an account's turn.
    fn review(&self, policy: &BotPolicy, joining: &Joining) -> NetworkReview {
        let networks = Identifier::networks(&KEY, joining.address);
        let mixes: Vec<_> = networks.iter().map(|network| self.users[&network.0.0].1).collect();
        NetworkReview::of(&mixes, self.event_accounts, policy)
    }
}

/// The verdicts of joins that follow one another, as the edge comes to them.
fn verdicts(policy: &BotPolicy, joins: impl IntoIterator<Item = Joining>) -> Vec<BotVerdict> {
    let mut joined = Joined::default();
    let judge = |(account, joining)| joined.join(policy, account, &joining).score(policy).verdict();
    joins.into_iter().enumerate().map(judge).collect()
}

/// Whether each of the joins of one draw shops at a human's turn, which comes when all have joined.
fn shops_as_human(policy: &BotPolicy, joins: impl IntoIterator<Item = Joining>) -> Vec<bool> {
    let mut joined = Joined::default();
    let joins: Vec<_> = joins.into_iter().collect();
    let found: Vec<_> = joins
        .iter()
        .enumerate()
        .map(|(account, joining)| joined.join(policy, account, joining))
        .collect();
    let at_turn = |(joining, evidence): (&Joining, &Evidence)| {
        let stays = || !evidence.is_reviewed() || joined.review(policy, joining) == NetworkReview::Usual;
        evidence.score(policy).verdict() == HUMAN && stays()
    };
    joins.iter().zip(&found).map(at_turn).collect()
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
            let shop = shops_as_human(&BotPolicy::default(), joins);
            assert_eq!(shop, vec![true; 2_000 + people], "{people} {percent_known}");
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
    assert_eq!(shops_as_human(&BotPolicy::default(), joins), vec![true; 7_000]);
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
    assert_eq!(shops_as_human(&BotPolicy::default(), joins), vec![true; 3_008]);
}

#[test]
fn where_nobody_has_an_account_for_long_nobody_is_a_suspect_for_it() {
    let new = (0..5_000).map(|number| joining("203.0.113.7", PHONES[number % 3], of_account(AccountKind::New)));
    assert_eq!(shops_as_human(&BotPolicy::default(), new), vec![true; 5_000]);
}

/// So many accounts of one farm, each with a network of its own in one /48, a fingerprint that nobody
/// else has, and the signals of a person.
fn farm(accounts: usize) -> Vec<Joining> {
    let one = |number: usize| {
        let address = format!("2001:db8:bad:{number:x}::1");
        joining(&address, format!("random {number}"), of_account(AccountKind::New))
    };
    (0..accounts).map(one).collect()
}

fn in_turns(ones: Vec<Joining>, others: Vec<Joining>) -> Vec<Joining> {
    ones.into_iter()
        .zip(others)
        .flat_map(|(one, other)| [one, other])
        .collect()
}

/// Of what was told [`in_turns`].
fn apart<T: Copy>(both: &[T]) -> (Vec<T>, Vec<T>) {
    both.chunks(2).map(|pair| (pair[0], pair[1])).unzip()
}

#[test]
fn of_a_farm_in_one_draw_with_a_carriers_customers_no_account_is_before_a_person_and_no_person_is_a_suspect() {
    let at_one_address = |number: usize| joining("203.0.113.7", PHONES[number % 3], one_of(number, 30));
    let with_networks_of_their_own = |number: usize| {
        let address = format!("2001:db8:7:{number:x}::1");
        joining(&address, PHONES[number % 3], one_of(number, 30))
    };
    let customers: [&dyn Fn(usize) -> Joining; 2] = [&at_one_address, &with_networks_of_their_own];
    let policy = BotPolicy::default();
    for customer in customers {
        let carrier: Vec<_> = (0..5_000).map(customer).collect();
        for joins in [
            in_turns(carrier.clone(), farm(5_000)),
            in_turns(farm(5_000), carrier.clone()),
        ] {
            let is_farms_first = joins[0].fingerprint.starts_with("random");
            let (first, second) = apart(&shops_as_human(&policy, joins.clone()));
            let (people, programs) = match is_farms_first {
                true => (second, first),
                false => (first, second),
            };
            assert_eq!(people, vec![true; 5_000]);
            assert_eq!(programs, vec![false; 5_000]);
            // Even at the join it is seen of all but as many as a network may have.
            let suspects = verdicts(&policy, joins).iter().filter(|it| **it == SUSPECT).count();
            assert_eq!(suspects, 5_000 - usize::from(policy.accounts_per_address));
        }
    }
}

#[test]
fn a_farm_passes_if_its_network_has_no_more_accounts_than_any_may_have_and_with_one_more_nobody_of_it_does() {
    let policy = BotPolicy::default();
    let most = usize::from(policy.accounts_per_address);
    for (accounts, passes) in [(1, true), (most, true), (most + 1, false), (5_000, false)] {
        let joins: Vec<_> = everybody(2_000).into_iter().chain(farm(accounts)).collect();
        let shop = shops_as_human(&policy, joins);
        assert_eq!(shop[..2_000], vec![true; 2_000]);
        assert_eq!(shop[2_000..], vec![passes; accounts], "{accounts}");
    }
}

/// Why there is a review: to whoever judges at the join, the first account of a farm is a person who
/// made an account at home for this event. No rule can tell them apart by what is known then.
#[test]
fn at_its_join_the_first_account_of_a_farm_shows_what_a_person_with_a_new_account_shows() {
    let policy = BotPolicy::default();
    let evidence_of = |last: Joining| {
        let mut joined = Joined::default();
        for (account, joining) in everybody(2_000).iter().enumerate() {
            joined.join(&policy, account, joining);
        }
        joined.join(&policy, 2_000, &last)
    };
    let at_home = joining("2001:db8:9:9::9", "a laptop", of_account(AccountKind::New));
    let first_of_farm = farm(1).remove(0);
    assert_eq!(evidence_of(at_home), evidence_of(first_of_farm));
}

#[test]
fn an_event_that_allows_a_network_fewer_accounts_lets_fewer_of_a_farm_pass() {
    let policy = BotPolicy {
        accounts_per_address: 1,
        ..BotPolicy::default()
    };
    let joins: Vec<_> = everybody(2_000).into_iter().chain(farm(5_000)).collect();
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
