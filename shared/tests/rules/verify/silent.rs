//! A shard that was silent when a draw was closed: its later tickets are followed into the draw that
//! carries them, and whoever alters that on the way is caught.

use stanchion_shared::{
    draw::record::{CarriedTickets, DrawRecord, RecordSecondLine},
    ids::{Draw, Shard},
    verify::{Published, VerificationStep, carries, is_left_over, unverified, verify},
};

use super::harness::{DrawnEvent, SILENT, event_with_silent_shard, keys};

/// Publishes one of the two records altered, and what comes after it signed anew.
fn altered(at: usize, alter: impl FnOnce(&mut DrawRecord)) -> Option<VerificationStep> {
    event_with_silent_shard(2, 4).caught_at(|event, published| {
        let mut records = event.records.clone();
        alter(&mut records[at]);
        if at == 0 {
            records[1].previous = records[0].hash();
        }
        published.records = records.into_iter().map(|record| record.sign(&keys())).collect();
    })
}

#[test]
fn a_ticket_after_the_last_report_is_followed_to_its_place_however_much_was_reported() {
    for (entered, at) in [(0, 0), (0, 4), (2, 2), (2, 4), (4, 4)] {
        let event = event_with_silent_shard(entered, at);
        let verdict = verify(&event.claimed, &event.published());
        assert_eq!(verdict.fault, None, "{entered} {at}");
        assert_eq!(verdict.place, event.claimed.place);
        let step = verdict
            .passed
            .iter()
            .find(|passed| passed.step == VerificationStep::Carried);
        assert!(step.unwrap().found.contains("Draw 1 carries"), "{step:?}");
        let receipt = unverified(&event.claimed.receipt).unwrap();
        assert!(is_left_over(&receipt, &event.records[0]) && carries(&receipt, &event.records[1]));
        assert!(!is_left_over(&receipt, &event.records[1]) && !carries(&receipt, &event.records[0]));
    }
}

#[test]
fn until_a_record_carries_the_ticket_the_check_says_that_its_list_was_silent() {
    let event = event_with_silent_shard(2, 4);
    let mut published = event.published();
    published.records.pop();
    let fault = verify(&event.claimed, &published).fault.unwrap();
    assert_eq!(fault.step, VerificationStep::Carried);
    assert!(fault.what.contains("was silent"), "{fault:?}");
}

#[test]
fn what_a_draw_carries_must_be_what_another_left_over_once() {
    let carried = |event: &DrawnEvent| event.records[1].carried[0];
    let honest = carried(&event_with_silent_shard(2, 4));
    let replaced = |carried: Vec<CarriedTickets>| altered(1, |record| record.carried = carried);
    assert_eq!(replaced(vec![honest]), None);
    let of_a_shard_that_answered = CarriedTickets {
        shard: Shard(1),
        ..honest
    };
    assert_eq!(
        replaced(vec![of_a_shard_that_answered, honest]),
        Some(VerificationStep::Counts)
    );
    assert_eq!(replaced(vec![honest, honest]), Some(VerificationStep::Counts));
    let of_itself = CarriedTickets {
        from: Draw(1),
        ..honest
    };
    assert_eq!(replaced(vec![of_itself]), Some(VerificationStep::Counts));
    let more_than_there_are = CarriedTickets {
        counts: [0, 99, 0],
        ..honest
    };
    assert_eq!(replaced(vec![more_than_there_are]), Some(VerificationStep::Counts));
    let none = CarriedTickets {
        counts: [0; 3],
        ..honest
    };
    assert_eq!(replaced(vec![none]), Some(VerificationStep::Counts));
    let beyond = CarriedTickets {
        first: [u32::MAX; 3],
        ..honest
    };
    assert_eq!(replaced(vec![beyond]), Some(VerificationStep::Counts));
    assert_eq!(
        replaced(Vec::new()),
        Some(VerificationStep::Carried),
        "the ticket vanished"
    );
}

#[test]
fn a_silent_shard_is_named_once_and_in_order() {
    let named = |missing: &[u16]| {
        altered(0, |record| {
            record.missing = missing.iter().copied().map(Shard).collect()
        })
    };
    assert_eq!(named(&[1, 2, 3]), None, "others may have been silent, too");
    for missing in [&[2, 2][..], &[3, 2], &[2, 4]] {
        assert_eq!(named(missing), Some(VerificationStep::Counts), "{missing:?}");
    }
    // A record that names none of them leaves nothing over.
    assert_eq!(named(&[]), Some(VerificationStep::Record));
}

/// The silence is no way to put other people before a ticket, or others into its place.
#[test]
fn other_tickets_in_the_list_that_was_silent_are_caught() {
    let caught = |alter: fn(&mut Published)| event_with_silent_shard(2, 4).caught_at(|_, published| alter(published));
    assert_eq!(caught(|_| ()), None);
    let swapped_in_the_earlier = caught(|published| {
        let (one, two) = published.earlier_log.split_at_mut(17);
        one.swap_with_slice(two);
    });
    assert_eq!(swapped_in_the_earlier, Some(VerificationStep::Ticket));
    let shorter = caught(|published| published.earlier_log.truncate(17));
    assert_eq!(shorter, Some(VerificationStep::Ticket));
    let swapped_in_the_later = caught(|published| {
        let log = &mut published.logs[usize::from(SILENT.0)].1;
        let (one, two) = log[..34].split_at_mut(17);
        one.swap_with_slice(two);
    });
    assert_eq!(swapped_in_the_later, Some(VerificationStep::Ticket));
}

#[test]
fn a_later_round_is_only_for_a_draw_that_missed_a_shard() {
    let pinned = |at: usize| altered(at, |record| record.pinned_at = Some(record.closed_at.plus(2_000)));
    assert_eq!(pinned(0), Some(VerificationStep::Beacon), "it was pinned in time");
    assert_eq!(pinned(1), Some(VerificationStep::Times), "no shard was missing");
}

#[test]
fn what_is_said_of_silent_shards_is_signed_behind_all_else() {
    let event = event_with_silent_shard(2, 4);
    let mut record = event.records[1].clone();
    record.carried.clear();
    record.second_line = None;
    let without = hex::encode(record.canonical_bytes());
    assert!(!serde_json::to_string(&record).unwrap().contains("missing"));
    record.missing = vec![Shard(1), Shard(0x0102)];
    record.pinned_at = Some(stanchion_shared::timestamp::UnixMillis(0x0304));
    record.carried = vec![CarriedTickets {
        shard: Shard(2),
        from: Draw(7),
        first: [1, 2, 3],
        counts: [4, 5, 6],
    }];
    let silence = "00000000 0200 0100 0201 01000000 0200 07000000 01000000 02000000 03000000 04000000 05000000 06000000 \
                   01 0403000000000000";
    let expected = without.clone() + &silence.replace(' ', "");
    assert_eq!(hex::encode(record.canonical_bytes()), expected);
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<DrawRecord>(&json).unwrap(), record);
    // Nobody is missing: only what is carried, and no instant.
    record.missing.clear();
    record.pinned_at = None;
    assert!(hex::encode(record.canonical_bytes()).starts_with(&(without.clone() + "00000000" + "0000" + "01000000")));
    // The second line stands behind all of it, and then all of it is there.
    record.carried.clear();
    record.second_line = Some(RecordSecondLine {
        before: 0x0506,
        moved_up: 7,
    });
    let second_line = "00000000 0000 00000000 00 0605000000000000 0700000000000000";
    let expected = without + &second_line.replace(' ', "");
    assert_eq!(hex::encode(record.canonical_bytes()), expected);
}
