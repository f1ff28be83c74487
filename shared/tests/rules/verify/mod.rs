//! The verification that fans use finds every alteration of a draw, and names it.
//!
//! The cheat in these tests has the signing key of the edge. Only a forged receipt and an unsigned
//! change are made without it.

mod announced;
mod harness;
mod records;
mod second_line;
mod silent;
mod tickets;

use stanchion_shared::verify::{FanClaim, VerificationStep, verify};

use harness::drawn_event;

#[test]
fn what_is_right_holds_and_every_step_is_listed() {
    let event = drawn_event();
    let verdict = verify(&event.claimed, &event.published());
    assert_eq!(verdict.fault, None);
    assert_eq!(verdict.place, event.claimed.place);
    let steps: Vec<_> = verdict.passed.iter().map(|passed| passed.step).collect();
    use VerificationStep::*;
    let all = [
        Receipt, Commitment, Announced, Record, Signature, Secret, Times, Beacon, Counts, Chain, Ticket, Logs, Frozen,
        Place,
    ];
    assert_eq!(steps, all);
    let beacon = verdict.passed.iter().find(|passed| passed.step == Beacon).unwrap();
    assert!(
        beacon.found.contains("a chain that this program does not know"),
        "{beacon:?}"
    );
    let with_nothing_noted = FanClaim {
        receipt: format!(" {}\n", event.claimed.receipt),
        ..FanClaim::default()
    };
    let verdict = verify(&with_nothing_noted, &event.published());
    assert_eq!((verdict.holds(), verdict.place), (true, event.claimed.place));
    let steps: Vec<_> = verdict.passed.iter().map(|passed| passed.step).collect();
    assert_eq!(steps, all, "no step is left out without a word");
    let frozen = verdict.passed.iter().find(|passed| passed.step == Frozen).unwrap();
    assert!(frozen.found.starts_with("No frozen tickets were noted"), "{frozen:?}");
}

#[test]
fn a_wrong_place_told_is_caught() {
    let told = drawn_event().claimed.place.unwrap();
    for wrong in [told - 1, told + 1, 0, u64::MAX] {
        assert_eq!(
            drawn_event().caught_at(|event, _| event.claimed.place = Some(wrong)),
            Some(VerificationStep::Place)
        );
    }
}
