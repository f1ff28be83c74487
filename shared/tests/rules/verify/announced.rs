//! Changes of what was announced before the first join, made with every key of the site, and with
//! everything else made to fit.

use sha2::{Digest, Sha256};
use stanchion_shared::{
    ids::{Bytes32, Draw, EventId, ShardCount},
    policy::BeaconPolicy,
    timestamp::UnixMillis,
    verify::{Published, VerificationStep, verify},
};

use super::harness::{CHAIN, drawn_event, keys, network, record_altered, use_round};

#[test]
fn another_secret_commitment_or_frozen_list_is_caught() {
    let secret = CHAIN.secret(Draw(2)).unwrap();
    assert_eq!(
        record_altered(|record| record.secret = secret),
        Some(VerificationStep::Secret)
    );
    let recommitted = drawn_event().caught_at(|_, published| published.queue.commitment = Bytes32([1; 32]));
    assert_eq!(recommitted, Some(VerificationStep::Commitment));
    let thawed = drawn_event().caught_at(|event, _| event.claimed.tickets_digest = Some(Bytes32([1; 32])));
    assert_eq!(thawed, Some(VerificationStep::Frozen));
}

#[test]
fn a_moved_close_is_caught_even_where_its_round_and_its_signature_fit() {
    // Round 6 belongs to a draw that closes six seconds later, and its signature is right.
    let moved = record_altered(|record| {
        record.closed_at = record.closed_at.plus(6_000);
        use_round(record, network().1[2].clone());
    });
    assert_eq!(moved, Some(VerificationStep::Times));
    let by_a_millisecond = record_altered(|record| record.closed_at = record.closed_at.plus(1));
    assert_eq!(by_a_millisecond, Some(VerificationStep::Times), "in the same round");
    let opened = record_altered(|record| record.opened_at = record.opened_at.minus(1));
    assert_eq!(opened, Some(VerificationStep::Times));
    let first = drawn_event().caught_at(|event, published| {
        let mut first = event.records[0].clone();
        first.closed_at = first.closed_at.minus(3_000);
        published.records[0] = first.sign(&keys());
    });
    assert_eq!(first, Some(VerificationStep::Times), "a record before");
}

/// The queue and the records both state another on-sale time.
fn move_the_on_sale(published: &mut Published) {
    published.queue.on_sale_time = published.queue.on_sale_time.plus(6_000);
    for signed in &mut published.records {
        let mut record = signed.record.clone();
        record.opened_at = record.opened_at.plus(6_000);
        record.closed_at = record.closed_at.plus(6_000);
        *signed = record.sign(&keys());
    }
}

#[test]
fn an_on_sale_that_is_moved_after_the_join_is_caught_by_the_receipt_alone() {
    let by_receipt = drawn_event().caught_at(|event, published| {
        event.claimed.announced = None;
        move_the_on_sale(published);
    });
    assert_eq!(by_receipt, Some(VerificationStep::Announced));

    let event = drawn_event();
    let mut published = event.published();
    move_the_on_sale(&mut published);
    let fault = verify(&event.claimed, &published).fault.unwrap();
    assert_eq!(fault.step, VerificationStep::Announced);
    assert!(fault.what.contains("on_sale_time"), "{fault:?}");
}

#[test]
fn everything_that_is_announced_is_bound_and_named() {
    type Change = fn(&mut Published);
    let changes: [(&str, Change); 5] = [
        ("on_sale_time", |published| published.queue.on_sale_time = UnixMillis(1)),
        ("draw_window_ms", |published| published.queue.draw_window_ms += 1),
        ("shards", |published| {
            published.queue.shards = ShardCount::new(8).unwrap()
        }),
        ("beacon", |published| published.queue.beacon = None),
        ("beacon", |published| {
            published.queue.beacon.as_mut().unwrap().chain_hash = Bytes32([1; 32]);
        }),
    ];
    for (field, change) in changes {
        let noted = drawn_event();
        let mut published = noted.published();
        change(&mut published);
        let fault = verify(&noted.claimed, &published).fault.unwrap();
        assert_eq!(fault.step, VerificationStep::Announced, "{field}");
        assert!(fault.what.ends_with(&format!(": {field}.")), "{fault:?}");
        let unnoted = drawn_event().caught_at(|event, published| {
            event.claimed.announced = None;
            change(published);
        });
        assert_eq!(unnoted, Some(VerificationStep::Announced), "{field}");
    }
}

#[test]
fn a_receipt_for_something_else_than_was_public_is_caught() {
    let dishonest =
        drawn_event().caught_at(|event, _| event.give_receipt(|claims| claims.announced = Bytes32([1; 32])));
    assert_eq!(dishonest, Some(VerificationStep::Announced));
    // It is published later, so only what was noted shows the change.
    let published_later = |noted: bool| {
        drawn_event().caught_at(|event, published| {
            move_the_on_sale(published);
            let announced = published.queue.announcement().digest();
            event.give_receipt(|claims| claims.announced = announced);
            if !noted {
                event.claimed.announced = None;
            }
        })
    };
    assert_eq!(published_later(true), Some(VerificationStep::Announced));
    assert_eq!(
        published_later(false),
        Some(VerificationStep::Beacon),
        "the rounds are of other instants"
    );
}

#[test]
fn what_is_announced_has_one_form_in_bytes() {
    let announced = drawn_event().claimed.announced.unwrap();
    let mut bytes = b"stanchion/announced/v1\0\x01e".to_vec();
    bytes.extend(announced.commitment.0);
    bytes.extend([4, 0]);
    bytes.extend(1_003_000_u64.to_le_bytes());
    bytes.extend(3_000_u64.to_le_bytes());
    let without_beacon = [&bytes[..], &[0]].concat();
    let beacon = announced.beacon.clone().unwrap();
    bytes.push(1);
    bytes.extend(beacon.chain_hash.0);
    bytes.extend(beacon.public_key.0);
    bytes.extend(1_000_u64.to_le_bytes());
    bytes.extend(3_u64.to_le_bytes());
    bytes.extend(b"bls-unchained-g1-rfc9380");
    assert_eq!(announced.canonical_bytes(), bytes);
    // The Python program knows quicknet by the digest of its part of the announcement.
    let mut of_quicknet = announced.clone();
    of_quicknet.beacon = Some(BeaconPolicy::quicknet());
    let part = &of_quicknet.canonical_bytes()[without_beacon.len() - 1..];
    let known = hex::encode(Sha256::digest(part));
    assert!(include_str!("../../../check_draw.py").contains(&known), "{known}");
    let mut other = announced;
    other.beacon = None;
    assert_eq!(other.canonical_bytes(), without_beacon);
    other.event_id = EventId::parse("another").unwrap();
    assert_eq!(
        other.differences(&drawn_event().claimed.announced.unwrap()),
        ["event_id", "beacon"]
    );
}
