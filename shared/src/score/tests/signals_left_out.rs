//! What a client says never lifts its score above what silence gives.

use super::*;

const APPS: BotPolicy = BotPolicy {
    accounts_per_address: 200,
    accounts_per_fingerprint: 20,
    fingerprint_counts: FingerprintScope::AtOneAddress,
    apps_without_signals: true,
};

/// The oddest signals of people: nobody touched the page because it joined by itself, or all input
/// was as regular as a clock (a switch, a macro).
fn odd_people() -> [Signals; 2] {
    let untouched = Signals {
        pointer: 0,
        key: 0,
        intervals: 0,
        ..a_person()
    };
    let like_a_clock = Signals {
        deviation_ms: 0,
        ..a_person()
    };
    assert!(untouched.no_input() && like_a_clock.too_regular());
    [untouched, like_a_clock]
}

fn product(evidence: &Evidence, policy: &BotPolicy) -> Millionths {
    evidence.score(policy).product
}

/// Everything that a client can say: signals of any kind, and a fingerprint that is known, shared
/// or neither.
fn sayings() -> Vec<Evidence> {
    let [untouched, like_a_clock] = odd_people();
    let steered = Signals {
        webdriver: true,
        ..a_person()
    };
    let signals = [
        None,
        Some(a_person()),
        Some(untouched),
        Some(like_a_clock),
        Some(steered),
    ];
    let fingerprints = [(None, false), (Some(1), false), (Some(5_000), false), (Some(1), true)];
    let mut all = Vec::new();
    for signals in signals {
        for (accounts, fingerprint_known_bad) in fingerprints {
            let mut evidence = Evidence {
                signals,
                fingerprint_known_bad,
                ..Evidence::default()
            };
            evidence.identifier_reuse.fingerprint = accounts;
            all.push(evidence);
        }
    }
    all
}

#[test]
fn no_signals_and_no_fingerprint_lift_a_score_above_that_of_a_client_that_says_nothing() {
    let everywhere = BotPolicy {
        fingerprint_counts: FingerprintScope::Everywhere,
        ..BotPolicy::default()
    };
    // What the edge sees by itself: the address, the account, the time of the proof.
    let seen: [fn(&mut Evidence); 7] = [
        |_| {},
        |it| it.reputation.datacentre = true,
        |it| it.reputation.vpn = true,
        |it| it.identifier_reuse.address = Some(5_000),
        |it| it.captcha_unproved = true,
        |it| {
            it.work = Some(SolvedWork {
                number: 50_000,
                took_ms: 1,
            })
        },
        |it| {
            let network = in_network(5_000, 0);
            it.account = network.account;
            it.event_accounts = network.event_accounts;
            it.identifier_reuse.networks = network.identifier_reuse.networks;
        },
    ];
    for policy in [BotPolicy::default(), APPS, everywhere] {
        for see in seen {
            let mut silent = Evidence::default();
            see(&mut silent);
            for mut said in sayings() {
                see(&mut said);
                assert!(
                    product(&said, &policy) <= product(&silent, &policy),
                    "{said:?} {policy:?}"
                );
                assert!(said.score(&policy).verdict() >= silent.score(&policy).verdict());
            }
        }
    }
}

#[test]
fn a_client_that_says_nothing_is_a_human_and_in_a_datacentre_a_suspect() {
    let mut client = Evidence::default();
    assert_eq!(judged(&client), (1_000_000, HUMAN));
    client.reputation.vpn = true;
    assert_eq!(judged(&client), (500_000, HUMAN));
    client.reputation.vpn = false;
    client.reputation.datacentre = true;
    assert_eq!(judged(&client), (100_000, SUSPECT));
    client.reputation.abuse_percent = 81;
    assert_eq!(judged(&client), (20_000, BotVerdict::Refuse));
}

#[test]
fn people_with_an_app_are_humans_behind_a_carriers_address_and_a_vpn_too() {
    let judged = |evidence: &Evidence| {
        let score = evidence.score(&APPS);
        (score.product.0, score.verdict())
    };
    // An app is no page, so it solves as fast as the device can.
    let mut app = Evidence {
        work: Some(SolvedWork {
            number: 50_000,
            took_ms: 1,
        }),
        ..Evidence::default()
    };
    assert_eq!(judged(&app), (1_000_000, HUMAN));
    app.reputation.vpn = true;
    app.identifier_reuse.address = Some(201);
    app.identifier_reuse.fingerprint = Some(21);
    assert_eq!(judged(&app), (500_000, HUMAN));
    for odd in odd_people() {
        app.signals = Some(odd);
        app.work = None;
        assert_eq!(judged(&app), (500_000, HUMAN), "odd signals go together with the rest");
    }
}

#[test]
fn a_browser_that_says_it_is_steered_is_a_suspect_in_every_event() {
    let steered = Evidence {
        signals: Some(Signals {
            webdriver: true,
            ..a_person()
        }),
        ..Evidence::default()
    };
    for policy in [BotPolicy::default(), APPS] {
        assert_eq!(product(&steered, &policy), Millionths(100_000));
    }
}

#[test]
fn a_quick_phone_with_an_easy_puzzle_is_no_program_and_who_knows_the_number_at_once_is_one() {
    let instant = |number, took_ms| SolvedWork { number, took_ms }.is_instant();
    // The first number is the right one. The page still went to the edge and back, and started a
    // worker.
    assert!(!instant(0, PAGE_TAKES_MS - CLOCKS_DIFFER_MS));
    assert!(instant(0, PAGE_TAKES_MS - CLOCKS_DIFFER_MS - 1));
    // A usual puzzle, solved by sixteen fast workers beside the edge.
    assert!(!instant(50_000, PAGE_TAKES_MS));
    assert!(instant(50_000, PAGE_TAKES_MS - 1));
    // A puzzle of an on-sale under attack, solved by a program outside a browser: ten million
    // numbers per second and core.
    assert!(instant(400_000, 40));
    assert!(!instant(400_000, 400_000 / 300));
    assert!(!instant(u64::MAX, u64::MAX));
}
