//! Leaving signals out is no better than the oddest that a person may send.

use super::*;

const APPS: BotPolicy = BotPolicy {
    accounts_per_address: 200,
    accounts_per_fingerprint: 20,
    fingerprint_counts: FingerprintScope::AtOneAddress,
    apps_without_signals: true,
};

/// The oddest that people send: nobody touched the page (it joined by itself), or all came like a clock (a switch, a macro).
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

fn product(signals: Option<Signals>, policy: &BotPolicy) -> Millionths {
    let evidence = Evidence {
        signals,
        ..Evidence::default()
    };
    evidence.score(policy).product
}

#[test]
fn who_sends_none_fares_no_better_than_the_oddest_person_in_any_event() {
    for policy in [BotPolicy::default(), APPS] {
        for odd in odd_people() {
            assert!(
                product(None, &policy) <= product(Some(odd), &policy),
                "{odd:?} {policy:?}"
            );
        }
    }
}

#[test]
fn who_sends_none_is_a_suspect_and_from_a_datacentre_refused_where_the_page_always_sends_some() {
    let mut client = Evidence::default();
    assert_eq!(judged(&client), (200_000, SUSPECT));
    client.reputation.vpn = true;
    assert_eq!(judged(&client), (100_000, SUSPECT));
    client.reputation.vpn = false;
    client.reputation.datacentre = true;
    assert_eq!(judged(&client), (20_000, Verdict::Refuse));
}

#[test]
fn people_with_an_app_that_sends_none_are_humans_where_the_event_says_so_behind_a_carriers_address_and_a_vpn_too() {
    let judged = |evidence: &Evidence| {
        let score = evidence.score(&APPS);
        (score.product.0, score.verdict())
    };
    // An app is no page: it solves as fast as the device can.
    let mut app = Evidence {
        work: Some(Work {
            number: 50_000,
            took_ms: 1,
        }),
        ..Evidence::default()
    };
    assert_eq!(judged(&app), (500_000, HUMAN));
    app.reputation.vpn = true;
    app.sightings.address = Some(201);
    app.sightings.fingerprint = Some(21);
    assert_eq!(judged(&app), (500_000, HUMAN));
    app.reputation.vpn = false;
    app.reputation.datacentre = true;
    assert_eq!(judged(&app), (50_000, SUSPECT));
    app.fingerprint_known_bad = true;
    assert_eq!(judged(&app), (5_000, Verdict::Refuse));
}

#[test]
fn a_browser_that_says_it_is_steered_is_a_suspect_in_every_event() {
    let steered = Signals {
        webdriver: true,
        ..a_person()
    };
    for policy in [BotPolicy::default(), APPS] {
        assert_eq!(product(Some(steered), &policy), Millionths(100_000));
    }
}

#[test]
fn a_quick_phone_with_an_easy_puzzle_is_no_program_and_who_knows_the_number_at_once_is_one() {
    let instant = |number, took_ms| Work { number, took_ms }.is_instant();
    // The first number is right: the page still went to the edge and back, and started a worker.
    assert!(!instant(0, PAGE_TAKES_MS - CLOCKS_DIFFER_MS));
    assert!(instant(0, PAGE_TAKES_MS - CLOCKS_DIFFER_MS - 1));
    // A usual puzzle, by sixteen fast workers beside the edge.
    assert!(!instant(50_000, PAGE_TAKES_MS));
    assert!(instant(50_000, PAGE_TAKES_MS - 1));
    // One of an on-sale under attack, by a program in no browser: ten million numbers a second and core.
    assert!(instant(400_000, 40));
    assert!(!instant(400_000, 400_000 / 300));
    assert!(!instant(u64::MAX, u64::MAX));
}
