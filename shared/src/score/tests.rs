mod crowds;
mod parsing;
mod signals_left_out;

use super::{sighting::FingerprintScope, *};

/// A fan with a mouse, seen by the page.
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

fn judged(evidence: &Evidence) -> (u32, Verdict) {
    let score = evidence.score(&BotPolicy::default());
    (score.product.0, score.verdict())
}

const HUMAN: Verdict = Verdict::Join(Tier::Human);
const SUSPECT: Verdict = Verdict::Join(Tier::Suspect);

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
        with(|it| it.sightings.fingerprint = Some(21)),
        500_000,
        HUMAN,
    );
    alone(
        FactorName::AddressShared,
        with(|it| it.sightings.address = Some(201)),
        500_000,
        HUMAN,
    );
    alone(
        FactorName::SignalsAbsent,
        with(|it| it.signals = None),
        200_000,
        SUSPECT,
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
        it.work = Some(Work {
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
        FactorName::SightingsUnavailable,
        with(|it| it.sightings.unavailable = true),
        1_000_000,
        HUMAN,
    );
    alone(
        FactorName::CaptchaUnavailable,
        with(|it| it.captcha_unproved = true),
        1_000_000,
        SUSPECT,
    );
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
            |it, over| it.sightings.fingerprint = Some(20 + u16::from(over)),
            "fingerprint",
        ),
        (|it, over| it.sightings.address = Some(200 + u16::from(over)), "address"),
        (
            |it, over| {
                it.work = Some(Work {
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
    assert_eq!([50_000, 49_999].map(verdict), [SUSPECT, Verdict::Refuse]);
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
    evidence.sightings.fingerprint = Some(21);
    assert_eq!(evidence.score(&policy).product, Millionths(300_000));
}

#[test]
fn where_the_provider_is_down_nobody_is_refused_and_nobody_is_at_the_front_for_it() {
    let mut evidence = evidence();
    evidence.captcha_unproved = true;
    evidence.reputation.vpn = true;
    assert_eq!(judged(&evidence), (500_000, SUSPECT));
    evidence.reputation.vpn = false;
    // What speaks against them otherwise still does.
    evidence.reputation.datacentre = true;
    assert_eq!(judged(&evidence), (100_000, SUSPECT));
    evidence.fingerprint_known_bad = true;
    assert_eq!(judged(&evidence), (10_000, Verdict::Refuse));
}

#[test]
fn a_refusal_names_its_reasons_in_words_and_says_what_to_do() {
    let mut evidence = evidence();
    evidence.reputation.datacentre = true;
    evidence.signals = None;
    evidence.sightings = Sightings {
        address: Some(900),
        unavailable: true,
        ..Sightings::default()
    };
    let sentence = evidence.score(&BotPolicy::default()).refusal();
    assert_eq!(
        sentence,
        "This join looks like a program's: its network address belongs to a datacentre; many accounts join from the same \
         network address; it did not come from the page. Wait ten minutes, then join from the page, in a browser without \
         automation, and without a VPN or proxy if you use one."
    );
}

#[test]
fn names_are_the_same_in_json_and_in_stores() {
    for factor in FactorName::ALL {
        assert_eq!(serde_json::to_value(factor).unwrap(), factor.as_str());
    }
}
