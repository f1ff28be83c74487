//! Records that were changed, swapped, or signed with another key.

use stanchion_shared::{
    draw::beacon::BeaconRound,
    ids::{Bytes32, EventId},
    jose::SigningKeys,
    policy::BeaconPolicy,
    verify::VerificationStep,
};

use super::harness::{OTHER_KEYS, drawn_event, its_beacon, keys, network, record_altered, use_round};

#[test]
fn a_swapped_record_is_caught() {
    assert_eq!(
        drawn_event().caught_at(|_, published| published.records.swap(0, 1)),
        Some(VerificationStep::Record)
    );
    assert_eq!(
        drawn_event().caught_at(|_, published| drop(published.records.pop())),
        Some(VerificationStep::Record)
    );
    let of_another_event = record_altered(|record| record.event_id = EventId::parse("other").unwrap());
    assert_eq!(of_another_event, Some(VerificationStep::Record));
    let first_left_out = drawn_event().caught_at(|_, published| drop(published.records.remove(0)));
    assert_eq!(first_left_out, Some(VerificationStep::Chain));
}

#[test]
fn a_wrong_hash_of_the_record_before_is_caught() {
    assert_eq!(
        record_altered(|record| record.previous = Bytes32([1; 32])),
        Some(VerificationStep::Chain)
    );
    // A first record that was changed later. It is signed and consistent by itself.
    let rewritten = drawn_event().caught_at(|event, published| {
        let mut first = event.records[0].clone();
        first.opened_at = first.opened_at.plus(1);
        published.records[0] = first.sign(&keys());
    });
    assert_eq!(rewritten, Some(VerificationStep::Chain));
    let places_left_out = record_altered(|record| {
        record.first_place += 1;
        record.tiers[..2].iter_mut().for_each(|tier| tier.first_place += 1);
    });
    assert_eq!(places_left_out, Some(VerificationStep::Chain));
}

#[test]
fn a_record_signed_by_a_key_that_is_not_published_is_caught() {
    let signed_by_another = drawn_event().caught_at(|event, published| {
        let keys = SigningKeys::parse(OTHER_KEYS).unwrap();
        published.records[1] = event.records[1].clone().sign(&keys);
    });
    assert_eq!(signed_by_another, Some(VerificationStep::Signature));
}
#[test]
fn a_wrong_round_and_a_foreign_signature_of_a_beacon_are_caught() {
    let round = |index: usize| network().1[index].clone();
    let with_round = |round: BeaconRound| record_altered(|record| use_round(record, round));
    assert_eq!(with_round(round(1)), None, "its own");
    assert_eq!(
        with_round(round(0)),
        Some(VerificationStep::Beacon),
        "the round before, well signed"
    );
    assert_eq!(
        with_round(round(2)),
        Some(VerificationStep::Beacon),
        "a later round, well signed"
    );
    let foreign = BeaconRound {
        signature: round(0).signature,
        ..round(1)
    };
    assert_eq!(with_round(foreign), Some(VerificationStep::Beacon), "another signature");
    assert_eq!(
        record_altered(|record| record.beacon = None),
        Some(VerificationStep::Beacon)
    );
    assert_eq!(
        record_altered(|record| record.entropy = Some(Bytes32([1; 32]))),
        Some(VerificationStep::Beacon)
    );
    let other_network = drawn_event().caught_at(|event, published| {
        published.queue.beacon = Some(BeaconPolicy {
            public_key: BeaconPolicy::quicknet().public_key,
            ..its_beacon()
        });
        let announced = published.queue.announcement();
        event.give_receipt(|claims| claims.announced = announced.digest());
        event.claimed.announced = Some(announced);
    });
    assert_eq!(
        other_network,
        Some(VerificationStep::Beacon),
        "announced from the beginning"
    );
}
