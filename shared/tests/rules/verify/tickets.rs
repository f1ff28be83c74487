//! Receipts and logs that were altered.

use stanchion_shared::{
    draw::digest::log_entry,
    ids::{Shard, Tag, Tier},
    jose::SigningKeys,
    verify::{VerificationStep, unverified},
    wire::ReceiptClaims,
};

use super::harness::{DrawnEvent, OTHER_KEYS, drawn_event, keys, record_altered};

/// Publishes other logs in place of those from which the record was made.
fn logs_altered(alter: impl FnOnce(&mut Vec<(Shard, Vec<u8>)>, usize)) -> Option<VerificationStep> {
    drawn_event().caught_at(|event, published| {
        let own = usize::from(unverified(&event.claimed.receipt).unwrap().shard.0);
        alter(&mut published.logs, own);
    })
}

#[test]
fn changed_counts_are_caught() {
    let unsigned = drawn_event().caught_at(|_, published| published.records[1].record.tiers[1].count += 1);
    assert_eq!(unsigned, Some(VerificationStep::Signature));
    assert_eq!(
        record_altered(|record| record.tiers[1].count += 1),
        Some(VerificationStep::Counts)
    );
    // Sums that agree with one another, but not with the logs.
    let consistent = record_altered(|record| {
        record.tiers[1].shards[0].1 += 1;
        record.tiers[1].count += 1;
    });
    assert_eq!(consistent, Some(VerificationStep::Logs));
}

#[test]
fn phantom_and_missing_tickets_in_a_list_are_caught() {
    let phantom = log_entry(Tier::Human, Tag([0xff; 16]));
    let behind = logs_altered(|logs, own| logs[own].1.extend(phantom));
    assert_eq!(behind, Some(VerificationStep::Logs), "behind this fan's ticket");
    let before = logs_altered(|logs, own| drop(logs[own].1.splice(..0, phantom)));
    assert_eq!(before, Some(VerificationStep::Ticket), "before this fan's ticket");
    let elsewhere = logs_altered(|logs, own| logs[(own + 1) % 4].1.extend(log_entry(Tier::Human, Tag([0; 16]))));
    assert_eq!(elsewhere, Some(VerificationStep::Logs), "in another list");

    let own_gone = drawn_event().caught_at(|event, published| {
        let tag = event.claimed.tag.unwrap();
        for (_, log) in &mut published.logs {
            *log = log
                .chunks(17)
                .filter(|entry| entry[1..] != tag.0)
                .flatten()
                .copied()
                .collect();
        }
    });
    assert_eq!(own_gone, Some(VerificationStep::Ticket));
    let others_gone = logs_altered(|logs, own| drop(logs[(own + 1) % 4].1.drain(..17)));
    assert_eq!(others_gone, Some(VerificationStep::Logs));
    let list_gone = logs_altered(|logs, own| drop(logs.remove((own + 1) % 4)));
    assert_eq!(list_gone, Some(VerificationStep::Logs));
    let own_list_gone = logs_altered(|logs, own| drop(logs.remove(own)));
    assert_eq!(own_list_gone, Some(VerificationStep::Ticket));
    assert_eq!(
        logs_altered(|logs, own| {
            logs[own].1.pop();
        }),
        Some(VerificationStep::Logs),
        "half a ticket"
    );
}

#[test]
fn a_forged_receipt_is_caught() {
    let forged = |forge: &dyn Fn(&DrawnEvent) -> String| {
        drawn_event().caught_at(|event, _| {
            event.claimed.receipt = forge(event);
            event.claimed.tag = None;
        })
    };
    let claims = |event: &DrawnEvent| unverified(&event.claimed.receipt).unwrap();
    let by_another_key = forged(&|event| {
        let keys = SigningKeys::parse(OTHER_KEYS).unwrap();
        keys.sign_claims(ReceiptClaims::TOKEN_TYPE, &claims(event))
    });
    assert_eq!(by_another_key, Some(VerificationStep::Receipt));
    let as_another_token = forged(&|event| keys().sign_claims("shop+jwt", &claims(event)));
    assert_eq!(as_another_token, Some(VerificationStep::Receipt));
    assert_eq!(forged(&|_| "nonsense".to_owned()), Some(VerificationStep::Receipt));
    // With the key of the edge a receipt can be made, but the logs contradict it.
    let of_a_better_number = forged(&|event| {
        let claims = ReceiptClaims {
            number: 0,
            ..claims(event)
        };
        keys().sign_claims(ReceiptClaims::TOKEN_TYPE, &claims)
    });
    assert_eq!(of_a_better_number, Some(VerificationStep::Ticket));
    let somebody_elses = drawn_event().caught_at(|event, _| event.claimed.tag = Some(Tag([1; 16])));
    assert_eq!(somebody_elses, Some(VerificationStep::Receipt));
}
