//! The steps of the verification that concern the records of draws.

use std::collections::BTreeSet;

use super::{Published, StepFault, VerificationStep, is_left_over};
use crate::{
    draw::{
        beacon::BeaconFault,
        record::{DrawRecord, RecordFault, SignedRecord},
    },
    wire::{QueueAnswer, ReceiptClaims},
};

/// Checks all records, each by itself and against the one before it. Returns the record of the
/// receipt.
pub(super) fn check_records<'a>(
    receipt: &ReceiptClaims,
    published: &'a Published,
    passed: &mut impl FnMut(VerificationStep, String),
) -> Result<&'a DrawRecord, StepFault> {
    let mut records = published.records.iter().map(|signed| &signed.record);
    let record = records
        .find(|record| record.draw.0 == receipt.draw && record.event_id == receipt.event_id)
        .ok_or_else(|| {
            StepFault::new(
                VerificationStep::Record,
                format!("The record is not that of draw {}.", receipt.draw),
            )
        })?;
    // Only a later draw that carries the ticket may come after it.
    let is_last = published
        .records
        .last()
        .is_some_and(|last| last.record.draw == record.draw);
    if !is_last && !is_left_over(receipt, record) {
        return Err(StepFault::new(
            VerificationStep::Record,
            format!("The last record is not that of draw {}.", receipt.draw),
        ));
    }
    passed(
        VerificationStep::Record,
        format!("The record is that of draw {}.", receipt.draw),
    );
    let mut previous = None;
    for signed in &published.records {
        one_record(signed, published, previous)?;
        previous = Some(&signed.record);
    }
    carried_once(published)?;
    let many = published.records.len();
    let records = match many {
        1 => "The one record of the event so far is".to_owned(),
        many => format!("All {many} records up to it are"),
    };
    passed(VerificationStep::Signature, format!("{records} signed by this site."));
    passed(
        VerificationStep::Secret,
        "The secret of every draw is the one that was committed to.".to_owned(),
    );
    passed(
        VerificationStep::Times,
        "Every draw closed when its announced window ended.".to_owned(),
    );
    passed(VerificationStep::Beacon, beacon(record, &published.queue));
    passed(VerificationStep::Counts, "The counts add up.".to_owned());
    let moved_up = match record.second_line {
        Some(line) if line.moved_up > 0 => format!(" Of the second line {} had moved up before.", line.moved_up),
        _ => String::new(),
    };
    passed(
        VerificationStep::Chain,
        format!(
            "The records follow one another, and draw {} begins at place {}.{moved_up}",
            record.draw.0, record.first_place
        ),
    );
    Ok(record)
}

/// What a record carries was left over by a record before it, and is carried by no other. The records
/// are in ascending order, which was checked before.
fn carried_once(published: &Published) -> Result<(), StepFault> {
    let mut seen = BTreeSet::new();
    for signed in &published.records {
        let record = &signed.record;
        for carried in &record.carried {
            let earlier = published
                .records
                .binary_search_by_key(&carried.from, |earlier| earlier.record.draw);
            let left_over = earlier.is_ok_and(|at| {
                let missing = &published.records[at].record.missing;
                missing.binary_search(&carried.shard).is_ok()
            });
            if !left_over || !seen.insert((carried.shard, carried.from)) {
                return Err(StepFault::new(
                    VerificationStep::Counts,
                    format!(
                        "The record of draw {} carries tickets of list {} of draw {}, which that draw did not leave over.",
                        record.draw.0, carried.shard.0, carried.from.0
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn one_record(signed: &SignedRecord, published: &Published, previous: Option<&DrawRecord>) -> Result<(), StepFault> {
    let checked = signed.check(&published.keys, &published.queue.announcement(), previous);
    checked.map_err(|found| {
        let step = match found {
            RecordFault::Signature => VerificationStep::Signature,
            RecordFault::Chain => VerificationStep::Secret,
            RecordFault::Times => VerificationStep::Times,
            RecordFault::Beacon(_) => VerificationStep::Beacon,
            RecordFault::Counts => VerificationStep::Counts,
            RecordFault::Previous => VerificationStep::Chain,
            RecordFault::Logs => VerificationStep::Logs,
        };
        let what = match found {
            RecordFault::Beacon(BeaconFault::Missing) => "the announced beacon's round is missing".to_owned(),
            found => found.to_string(),
        };
        StepFault::new(step, format!("The record of draw {}: {what}.", signed.record.draw.0))
    })
}

fn beacon(record: &DrawRecord, queue: &QueueAnswer) -> String {
    match (&record.beacon, &queue.beacon) {
        (Some(round), Some(announced)) => match announced.known_network() {
            Some(network) => format!("Round {} of {network} is the draw's, and signed by it.", round.round),
            None => format!(
                "Round {} of the announced beacon is the draw's, and signed under its key. It is of a chain that this program \
                 does not know ({}). If the operator of the site runs that chain, too, they knew the round.",
                round.round,
                hex::encode(announced.chain_hash.0)
            ),
        },
        _ => "No beacon was announced, and none was used: the operator of the site could still try many last tickets."
            .to_owned(),
    }
}
