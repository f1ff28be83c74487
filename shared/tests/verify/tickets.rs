//! Receipts and lists.

use stanchion_shared::{
    draw::digest::log_entry,
    identity::{Shard, Tag, Tier},
    jose::SigningKeys,
    verify::{Step, unverified},
    wire::ReceiptClaims,
};

use crate::world::{OTHER_KEYS, World, keys, record_altered, world};

/// Other lists in place of those that the record was made of.
fn logs_altered(alter: impl FnOnce(&mut Vec<(Shard, Vec<u8>)>, usize)) -> Option<Step> {
    world().caught_at(|world, published| {
        let own = usize::from(unverified(&world.claimed.receipt).unwrap().shard.0);
        alter(&mut published.logs, own);
    })
}

#[test]
fn changed_counts_are_caught() {
    let unsigned = world().caught_at(|_, published| published.records[1].record.tiers[1].count += 1);
    assert_eq!(unsigned, Some(Step::Signature));
    assert_eq!(record_altered(|record| record.tiers[1].count += 1), Some(Step::Counts));
    // Sums that agree with one another, and not with the lists.
    let consistent = record_altered(|record| {
        record.tiers[1].shards[0].1 += 1;
        record.tiers[1].count += 1;
        record.tiers[2].first_place += 1;
    });
    assert_eq!(consistent, Some(Step::Logs));
}

#[test]
fn phantom_and_missing_tickets_in_a_list_are_caught() {
    let phantom = log_entry(Tier::Human, Tag([0xff; 16]));
    let behind = logs_altered(|logs, own| logs[own].1.extend(phantom));
    assert_eq!(behind, Some(Step::Logs), "behind this fan's ticket");
    let before = logs_altered(|logs, own| drop(logs[own].1.splice(..0, phantom)));
    assert_eq!(before, Some(Step::Ticket), "before this fan's ticket");
    let elsewhere = logs_altered(|logs, own| logs[(own + 1) % 4].1.extend(log_entry(Tier::Human, Tag([0; 16]))));
    assert_eq!(elsewhere, Some(Step::Logs), "in another list");

    let own_gone = world().caught_at(|world, published| {
        let tag = world.claimed.tag.unwrap();
        for (_, log) in &mut published.logs {
            *log = log
                .chunks(17)
                .filter(|entry| entry[1..] != tag.0)
                .flatten()
                .copied()
                .collect();
        }
    });
    assert_eq!(own_gone, Some(Step::Ticket));
    let others_gone = logs_altered(|logs, own| drop(logs[(own + 1) % 4].1.drain(..17)));
    assert_eq!(others_gone, Some(Step::Logs));
    let list_gone = logs_altered(|logs, own| drop(logs.remove((own + 1) % 4)));
    assert_eq!(list_gone, Some(Step::Logs));
    let own_list_gone = logs_altered(|logs, own| drop(logs.remove(own)));
    assert_eq!(own_list_gone, Some(Step::Ticket));
    assert_eq!(
        logs_altered(|logs, own| {
            logs[own].1.pop();
        }),
        Some(Step::Logs),
        "half a ticket"
    );
}

#[test]
fn a_forged_receipt_is_caught() {
    let forged = |forge: &dyn Fn(&World) -> String| {
        world().caught_at(|world, _| {
            world.claimed.receipt = forge(world);
            world.claimed.tag = None;
        })
    };
    let claims = |world: &World| unverified(&world.claimed.receipt).unwrap();
    let by_another_key = forged(&|world| {
        let keys = SigningKeys::parse(OTHER_KEYS).unwrap();
        keys.sign_claims(ReceiptClaims::TOKEN_TYPE, &claims(world))
    });
    assert_eq!(by_another_key, Some(Step::Receipt));
    let as_another_token = forged(&|world| keys().sign_claims("shop+jwt", &claims(world)));
    assert_eq!(as_another_token, Some(Step::Receipt));
    assert_eq!(forged(&|_| "nonsense".to_owned()), Some(Step::Receipt));
    // With the edge's own key a receipt can be made, and then the lists contradict it.
    let of_a_better_number = forged(&|world| {
        let claims = ReceiptClaims {
            number: 0,
            ..claims(world)
        };
        keys().sign_claims(ReceiptClaims::TOKEN_TYPE, &claims)
    });
    assert_eq!(of_a_better_number, Some(Step::Ticket));
    let somebody_elses = world().caught_at(|world, _| world.claimed.tag = Some(Tag([1; 16])));
    assert_eq!(somebody_elses, Some(Step::Receipt));
}
