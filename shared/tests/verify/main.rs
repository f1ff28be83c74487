//! Whoever alters anything of a draw is caught by the checker that fans use, and what they altered is named. The cheat here
//! has the edge's signing key: only a forged receipt and an unsigned change lack it.

mod announced;
mod records;
mod tickets;
mod world;

use stanchion_shared::verify::{Claimed, Step, verify};

use crate::world::world;

#[test]
fn what_is_right_holds_and_every_step_is_listed() {
    let world = world();
    let verdict = verify(&world.claimed, &world.published());
    assert_eq!(verdict.fault, None);
    assert_eq!(verdict.place, world.claimed.place);
    let steps: Vec<_> = verdict.passed.iter().map(|passed| passed.step).collect();
    use Step::*;
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
    let with_nothing_noted = Claimed {
        receipt: format!(" {}\n", world.claimed.receipt),
        ..Claimed::default()
    };
    let verdict = verify(&with_nothing_noted, &world.published());
    assert_eq!((verdict.holds(), verdict.place), (true, world.claimed.place));
    let steps: Vec<_> = verdict.passed.iter().map(|passed| passed.step).collect();
    assert_eq!(steps, all, "no step is left out without a word");
    let frozen = verdict.passed.iter().find(|passed| passed.step == Frozen).unwrap();
    assert!(frozen.found.starts_with("No frozen tickets were noted"), "{frozen:?}");
}

#[test]
fn a_wrong_place_told_is_caught() {
    let told = world().claimed.place.unwrap();
    for wrong in [told - 1, told + 1, 0, u64::MAX] {
        assert_eq!(
            world().caught_at(|world, _| world.claimed.place = Some(wrong)),
            Some(Step::Place)
        );
    }
}
