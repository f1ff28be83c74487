mod crowds;
mod parsing;
mod signals_left_out;

use super::{
    sharing::{AccountKind, AccountMix, NetworkReview},
    *,
};
use crate::policy::FingerprintScope;

/// The signals of a fan with a mouse.
fn a_person() -> Signals {
    Signals {
        pointer: 40,
        touch: 0,
        key: 30,
        assisted: 0,
        intervals: 32,
        mean_ms: 240,
        deviation_ms: 190,
        webdriver: false,
        on_page_ms: 60_000,
    }
}

fn evidence() -> Evidence {
    Evidence {
        signals: Some(a_person()),
        ..Evidence::default()
    }
}

fn judged(evidence: &Evidence) -> (u32, BotVerdict) {
    let score = evidence.score(&BotPolicy::default());
    (score.product.0, score.verdict())
}

const HUMAN: BotVerdict = BotVerdict::Join(Tier::Human);
const SUSPECT: BotVerdict = BotVerdict::Join(Tier::Suspect);

#[test]
fn a_person_whom_nothing_speaks_against_has_the_whole_score() {
    assert_eq!(judged(&evidence()), (1_000_000, HUMAN));
}

#[test]
fn every_factor_alone_weighs_what_the_design_says() {
    let mut found = Vec::new();
    let mut alone = |name, evidence: Evidence, product, verdict| {
        assert_eq!(judged(&evidence), (product, verdict), "{name:?}");
        assert_eq!(evidence.score(&BotPolicy::default()).factors, [name], "{name:?}");
        found.push(name);
    };
    let with = |change: fn(&mut Evidence)| {
        let mut evidence = evidence();
        change(&mut evidence);
        evidence
    };
    let seen = |change: fn(&mut Signals)| {
        let mut signals = a_person();
        change(&mut signals);
        Evidence {
            signals: Some(signals),
            ..Evidence::default()
        }
    };
    alone(
        FactorName::Datacentre,
        with(|it| it.reputation.datacentre = true),
        100_000,
        SUSPECT,
    );
    alone(FactorName::Vpn, with(|it| it.reputation.vpn = true), 500_000, HUMAN);
    alone(
        FactorName::Abuse,
        with(|it| it.reputation.abuse_percent = 81),
        200_000,
        SUSPECT,
    );
    alone(
        FactorName::FingerprintKnownBad,
        with(|it| it.fingerprint_known_bad = true),
        100_000,
        SUSPECT,
    );
    alone(
        FactorName::FingerprintReused,
        with(|it| it.identifier_reuse.fingerprint = Some(21)),
        500_000,
        HUMAN,
    );
    alone(
        FactorName::AddressShared,
        with(|it| it.identifier_reuse.address = Some(201)),
        500_000,
        HUMAN,
    );
    alone(
        FactorName::SignalsAbsent,
        with(|it| it.signals = None),
        1_000_000,
        HUMAN,
    );
    alone(
        FactorName::NoInput,
        seen(|it| (it.pointer, it.key, it.intervals) = (0, 0, 0)),
        300_000,
        SUSPECT,
    );
    alone(
        FactorName::TooRegular,
        seen(|it| it.deviation_ms = 12),
        200_000,
        SUSPECT,
    );
    alone(
        FactorName::HeadlessBrowser,
        seen(|it| it.webdriver = true),
        100_000,
        SUSPECT,
    );
    let instant = |it: &mut Evidence| {
        it.work = Some(SolvedWork {
            number: 50_000,
            took_ms: 10,
        });
    };
    alone(FactorName::InstantCaptcha, with(instant), 200_000, SUSPECT);
    alone(
        FactorName::ReputationUnavailable,
        with(|it| it.reputation_unavailable = true),
        1_000_000,
        HUMAN,
    );
    alone(
        FactorName::IdentifierReuseUnavailable,
        with(|it| it.identifier_reuse.unavailable = true),
        1_000_000,
        HUMAN,
    );
    alone(
        FactorName::CaptchaUnavailable,
        with(|it| it.captcha_unproved = true),
        1_000_000,
        SUSPECT,
    );
    alone(
        FactorName::AccountKnown,
        with(|it| it.account = Some(AccountKind::Known)),
        1_000_000,
        HUMAN,
    );
    alone(
        FactorName::AccountNew,
        with(|it| it.account = Some(AccountKind::New)),
        1_000_000,
        HUMAN,
    );
    // It is never alone: it says of a new account in which network it is.
    found.insert(6, FactorName::NewAccountsTogether);
    assert_eq!(found, FactorName::ALL);
}

#[test]
fn every_threshold_has_both_its_sides() {
    let shows = |change: &dyn Fn(&mut Evidence)| {
        let mut evidence = evidence();
        change(&mut evidence);
        !evidence.score(&BotPolicy::default()).factors.is_empty()
    };
    type Change = fn(&mut Evidence, bool);
    let sides: [(Change, &str); 5] = [
        (|it, over| it.reputation.abuse_percent = 80 + u8::from(over), "abuse"),
        (
            |it, over| it.identifier_reuse.fingerprint = Some(20 + u32::from(over)),
            "fingerprint",
        ),
        (
            |it, over| it.identifier_reuse.address = Some(200 + u32::from(over)),
            "address",
        ),
        (
            |it, over| {
                it.work = Some(SolvedWork {
                    number: 10 * FASTEST_TRIES_PER_MS - u64::from(!over),
                    took_ms: PAGE_TAKES_MS + 10 - CLOCKS_DIFFER_MS - 1,
                });
            },
            "work",
        ),
        (
            |it, over| {
                it.signals = Some(Signals {
                    deviation_ms: 13 - u32::from(over),
                    ..a_person()
                });
            },
            "rhythm",
        ),
    ];
    for (change, name) in sides {
        assert!(!shows(&|it| change(it, false)), "{name}");
        assert!(shows(&|it| change(it, true)), "{name}");
    }
}

#[test]
fn the_two_bounds_belong_to_the_better_side() {
    let verdict = |product| {
        Score {
            product: Millionths(product),
            factors: vec![],
        }
        .verdict()
    };
    assert_eq!([500_000, 499_999].map(verdict), [HUMAN, SUSPECT]);
    assert_eq!([50_000, 49_999].map(verdict), [SUSPECT, BotVerdict::Refuse]);
}

#[test]
fn a_vpn_in_a_datacentre_is_a_vpn() {
    let mut evidence = evidence();
    evidence.reputation.datacentre = true;
    evidence.reputation.vpn = true;
    assert_eq!(evidence.score(&BotPolicy::default()).factors, [FactorName::Vpn]);
}

#[test]
fn a_fingerprint_that_tells_devices_weighs_more_when_it_is_reused() {
    let policy = BotPolicy {
        fingerprint_counts: FingerprintScope::Everywhere,
        ..BotPolicy::default()
    };
    let mut evidence = evidence();
    evidence.identifier_reuse.fingerprint = Some(21);
    assert_eq!(evidence.score(&policy).product, Millionths(300_000));
}

#[test]
fn where_the_provider_is_down_nobody_is_refused_and_nobody_is_at_the_front_for_it() {
    let mut evidence = evidence();
    evidence.captcha_unproved = true;
    evidence.reputation.vpn = true;
    assert_eq!(judged(&evidence), (500_000, SUSPECT));
    evidence.reputation.vpn = false;
    // Other factors still count against them.
    evidence.reputation.datacentre = true;
    assert_eq!(judged(&evidence), (100_000, SUSPECT));
    evidence.fingerprint_known_bad = true;
    assert_eq!(judged(&evidence), (10_000, BotVerdict::Refuse));
}

/// A new account in a network of so many new and known ones, in an event of which half are known.
fn in_network(new: u64, known: u64) -> Evidence {
    Evidence {
        account: Some(AccountKind::New),
        event_accounts: AccountMix {
            known: 50_000,
            new: 50_000,
        },
        identifier_reuse: IdentifierReuse {
            networks: vec![AccountMix { known: 0, new: 1 }, AccountMix { known, new }],
            ..IdentifierReuse::default()
        },
        ..evidence()
    }
}

#[test]
fn new_accounts_together_are_suspects_by_degrees_and_never_refused_for_it() {
    assert_eq!(judged(&in_network(200, 0)), (1_000_000, HUMAN));
    assert_eq!(judged(&in_network(201, 0)), (400_000, SUSPECT));
    assert_eq!(judged(&in_network(1_600, 0)), (204_800, SUSPECT));
    let mut worst = in_network(u64::MAX, 0);
    worst.reputation.vpn = true;
    assert_eq!(judged(&worst), (50_000, SUSPECT));
    let factors = [FactorName::NewAccountsTogether, FactorName::AccountNew];
    assert_eq!(in_network(201, 0).score(&BotPolicy::default()).factors, factors);
}

#[test]
fn a_known_account_a_carriers_network_and_an_issuer_that_does_not_say_are_spared() {
    for change in [
        (|it| it.account = Some(AccountKind::Known)) as fn(&mut Evidence),
        |it| it.account = None,
        |it| it.reputation.carrier = true,
        |it| it.event_accounts = AccountMix { known: 0, new: 100_000 },
    ] {
        let mut evidence = in_network(5_000, 0);
        assert_eq!(judged(&evidence).1, SUSPECT);
        change(&mut evidence);
        assert_eq!(judged(&evidence), (1_000_000, HUMAN));
    }
}

#[test]
fn a_refusal_does_not_say_what_spoke_against_the_join() {
    for factor in FactorName::ALL {
        assert!(!REFUSAL.contains(factor.as_str()), "{factor:?}");
    }
    for word in [
        "datacentre",
        "device",
        "same address",
        "regular",
        "fast",
        "signals",
        "fingerprint",
    ] {
        assert!(!REFUSAL.contains(word), "{word}");
    }
}

#[test]
fn names_are_the_same_in_json_and_in_stores() {
    for factor in FactorName::ALL {
        assert_eq!(serde_json::to_value(factor).unwrap(), factor.as_str());
    }
}
