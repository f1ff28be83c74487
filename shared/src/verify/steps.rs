//! The steps, one after the other.

use super::{Claimed, Fault, Published, Step};
use crate::{
    draw::{
        beacon::BeaconFault,
        digest::{ShardDigest, parse_log},
        place::{Numbered, place},
        record::{DrawRecord, RecordFault, SignedRecord},
    },
    identity::{Shard, Tag, Tier},
    wire::{QueueAnswer, ReceiptClaims},
};

type Log = (Shard, Vec<(Tier, Tag)>);

fn fault(step: Step, what: impl Into<String>) -> Fault {
    let what = what.into();
    Fault { step, what }
}

/// Names each step that holds by `passed`.
///
/// # Errors
/// The first that does not.
pub(super) fn all(
    claimed: &Claimed,
    published: &Published,
    passed: &mut impl FnMut(Step, String),
) -> Result<u64, Fault> {
    let receipt = receipt(claimed, published)?;
    passed(
        Step::Receipt,
        format!(
            "The receipt is signed by this site: number {} of tier {} in list {} of draw {}.",
            receipt.number, receipt.tier, receipt.shard.0, receipt.draw
        ),
    );
    passed(Step::Commitment, commitment(claimed, &published.queue)?);
    passed(Step::Announced, announced(claimed, &receipt, &published.queue)?);
    let record = records(&receipt, published, passed)?;
    let logs = logs(published)?;
    let numbered = ticket(&receipt, &logs)?;
    passed(
        Step::Ticket,
        "The published list holds this ticket under its number, after exactly those who were there at the join."
            .to_owned(),
    );
    record.check_logs(published.queue.shards, &logs).map_err(|_| {
        fault(
            Step::Logs,
            "The published lists are not the ones that the record was made of.",
        )
    })?;
    passed(
        Step::Logs,
        format!(
            "All {} lists with their {} tickets are the ones that the record was made of.",
            logs.len(),
            record.count()
        ),
    );
    if let Some(found) = frozen(claimed, record)? {
        passed(Step::Frozen, found);
    }
    told_place(claimed, record, numbered, passed)
}

fn receipt(claimed: &Claimed, published: &Published) -> Result<ReceiptClaims, Fault> {
    let token = claimed.receipt.trim();
    let claims: ReceiptClaims = published
        .keys
        .verify_claims(ReceiptClaims::TOKEN_TYPE, token)
        .map_err(|error| {
            fault(
                Step::Receipt,
                format!("The receipt is not one that this site signed: {error}."),
            )
        })?;
    if claims.event_id != published.queue.event_id {
        return Err(fault(Step::Receipt, "The receipt is of another event."));
    }
    if claimed.tag.is_some_and(|tag| tag != claims.tag) {
        return Err(fault(Step::Receipt, "The receipt is somebody else's."));
    }
    Ok(claims)
}

fn commitment(claimed: &Claimed, queue: &QueueAnswer) -> Result<String, Fault> {
    match claimed
        .commitment
        .or(claimed.announced.as_ref().map(|noted| noted.commitment))
    {
        None => Ok("No commitment was noted at the join: the one that is public now is used.".to_owned()),
        Some(noted) if noted == queue.commitment => {
            Ok("The commitment is the one that was public at the join.".to_owned())
        }
        Some(_) => Err(fault(Step::Commitment, "The commitment was changed after the join.")),
    }
}

/// The receipt binds what was announced when it was given; what the fan noted then says besides what of it was changed, and
/// whether the receipt was honest.
fn announced(claimed: &Claimed, receipt: &ReceiptClaims, queue: &QueueAnswer) -> Result<String, Fault> {
    let now = queue.announcement();
    let of_announced = |what: String| Err(fault(Step::Announced, what));
    let differences = claimed
        .announced
        .as_ref()
        .map(|noted| noted.differences(&now))
        .unwrap_or_default();
    if !differences.is_empty() {
        return of_announced(format!(
            "Changed since it was announced at the join: {}.",
            differences.join(", ")
        ));
    }
    if receipt.announced != now.digest() {
        return of_announced(
            "The on-sale time, the window, the number of lists, the beacon or the commitment is not the one that the receipt \
             was given for."
                .to_owned(),
        );
    }
    Ok("On-sale time, window, number of lists and beacon are those that the receipt was given for.".to_owned())
}

/// All records, each by itself and after the one before it. Returns the receipt's.
fn records<'a>(
    receipt: &ReceiptClaims,
    published: &'a Published,
    passed: &mut impl FnMut(Step, String),
) -> Result<&'a DrawRecord, Fault> {
    let of_receipt = published.records.last().map(|signed| &signed.record);
    let record = of_receipt
        .filter(|record| record.draw.0 == receipt.draw && record.event_id == receipt.event_id)
        .ok_or_else(|| {
            fault(
                Step::Record,
                format!("The record is not that of draw {}.", receipt.draw),
            )
        })?;
    passed(Step::Record, format!("The record is that of draw {}.", receipt.draw));
    let mut previous = None;
    for signed in &published.records {
        one_record(signed, published, previous)?;
        previous = Some(&signed.record);
    }
    let many = published.records.len();
    let records = match many {
        1 => "The one record of the event so far is".to_owned(),
        many => format!("All {many} records up to it are"),
    };
    passed(Step::Signature, format!("{records} signed by this site."));
    passed(
        Step::Secret,
        "The secret of every draw is the one that was committed to.".to_owned(),
    );
    passed(
        Step::Times,
        "Every draw closed when its announced window ended.".to_owned(),
    );
    passed(Step::Beacon, beacon(record, &published.queue));
    passed(Step::Counts, "The counts add up.".to_owned());
    passed(
        Step::Chain,
        format!(
            "The records follow one another, and draw {} begins at place {}.",
            record.draw.0, record.first_place
        ),
    );
    Ok(record)
}

fn one_record(signed: &SignedRecord, published: &Published, previous: Option<&DrawRecord>) -> Result<(), Fault> {
    let checked = signed.check(&published.keys, &published.queue.announcement(), previous);
    checked.map_err(|found| {
        let step = match found {
            RecordFault::Signature => Step::Signature,
            RecordFault::Chain => Step::Secret,
            RecordFault::Times => Step::Times,
            RecordFault::Beacon(_) => Step::Beacon,
            RecordFault::Counts => Step::Counts,
            RecordFault::Previous => Step::Chain,
            RecordFault::Logs => Step::Logs,
        };
        let what = match found {
            RecordFault::Beacon(BeaconFault::Missing) => "the announced beacon's round is missing".to_owned(),
            found => found.to_string(),
        };
        fault(step, format!("The record of draw {}: {what}.", signed.record.draw.0))
    })
}

fn beacon(record: &DrawRecord, queue: &QueueAnswer) -> String {
    match (&record.beacon, &queue.beacon) {
        (Some(round), Some(announced)) => match announced.known_network() {
            Some(network) => format!("Round {} of {network} is the draw's, and signed by it.", round.round),
            None => format!(
                "Round {} of the announced beacon is the draw's, and signed under its key. It is a chain that this program does \
                 not know ({}): if whoever runs the site runs that, too, they knew the round.",
                round.round,
                hex::encode(announced.chain_hash.0)
            ),
        },
        _ => "No beacon was announced, and none was used: whoever runs the site could still try many last tickets."
            .to_owned(),
    }
}

fn logs(published: &Published) -> Result<Vec<Log>, Fault> {
    let parsed = |(shard, bytes): &(Shard, Vec<u8>)| {
        let log = parse_log(bytes);
        log.map(|log| (*shard, log))
            .ok_or_else(|| fault(Step::Logs, format!("List {} is not one of tickets.", shard.0)))
    };
    published.logs.iter().map(parsed).collect()
}

/// Finds the ticket under its number, and what the shard's digest was right after it.
fn ticket(receipt: &ReceiptClaims, logs: &[Log]) -> Result<Numbered, Fault> {
    let of_ticket = |what: &str| fault(Step::Ticket, what);
    let tier = Tier::try_from(receipt.tier).map_err(|_| of_ticket("The receipt's tier does not exist."))?;
    let missing = || of_ticket("The ticket's number is missing in the published list.");
    let (_, log) = logs
        .iter()
        .find(|(shard, _)| *shard == receipt.shard)
        .ok_or_else(missing)?;
    let mut digest = ShardDigest::EMPTY;
    let mut number = 0;
    for &(of_tier, tag) in log {
        digest = digest.with(of_tier, tag);
        if of_tier != tier {
            continue;
        }
        if number == receipt.number {
            if tag != receipt.tag {
                return Err(of_ticket(
                    "Somebody else has this ticket's number in the published list.",
                ));
            }
            if digest.0 != receipt.digest {
                return Err(of_ticket(
                    "The published list before this ticket is not the one its receipt was given for.",
                ));
            }
            let shard = receipt.shard;
            return Ok(Numbered { tier, shard, number });
        }
        number += 1;
    }
    Err(missing())
}

/// `None`: no beacon was announced, so there is no round before which anybody could have noted anything.
fn frozen(claimed: &Claimed, record: &DrawRecord) -> Result<Option<String>, Fault> {
    match claimed.tickets_digest {
        Some(noted) if noted == record.tickets_digest => Ok(Some(
            "The tickets are those that were noted before the beacon's round was out.".to_owned(),
        )),
        Some(_) => Err(fault(
            Step::Frozen,
            "Tickets were changed after they were shown as frozen.",
        )),
        None => Ok(record.beacon.is_some().then(|| {
            "No frozen tickets were noted before the beacon's round was out: whether some were added once it was known is not \
             checked."
                .to_owned()
        })),
    }
}

fn told_place(
    claimed: &Claimed,
    record: &DrawRecord,
    ticket: Numbered,
    passed: &mut impl FnMut(Step, String),
) -> Result<u64, Fault> {
    let place = place(record, ticket)
        .ok_or_else(|| fault(Step::Place, "The record does not count this ticket."))?
        .0;
    let found = match claimed.place {
        None => format!("Secret, lists and number give place {place}."),
        Some(told) if told == place => format!("Secret, lists and number give place {place}, as was told."),
        Some(told) => {
            let what = format!("By the public record the place is {place}, and {told} was told.");
            return Err(fault(Step::Place, what));
        }
    };
    passed(Step::Place, found);
    Ok(place)
}
