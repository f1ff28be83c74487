//! The steps of the verification, one after the other.

use super::{
    FanClaim, Published, StepFault, VerificationStep,
    carried::{self, FoundTicket},
    record_steps::check_records,
};
use crate::{
    draw::{
        digest::{ShardDigest, parse_log},
        place::place,
        record::{DrawRecord, Line},
    },
    ids::{Shard, Tag, TicketNumber, Tier},
    wire::{QueueAnswer, ReceiptClaims},
};

pub(super) type Log = (Shard, Vec<(Tier, Tag)>);

/// Runs all steps. Calls `passed` for each step that holds, and returns the place.
///
/// # Errors
/// The first step that does not hold.
pub(super) fn all(
    claimed: &FanClaim,
    published: &Published,
    passed: &mut impl FnMut(VerificationStep, String),
) -> Result<u64, StepFault> {
    let receipt = receipt(claimed, published)?;
    passed(
        VerificationStep::Receipt,
        format!(
            "The receipt is signed by this site: number {} of tier {} in list {} of draw {}.",
            receipt.number, receipt.tier, receipt.shard.0, receipt.draw
        ),
    );
    passed(VerificationStep::Commitment, commitment(claimed, &published.queue)?);
    passed(
        VerificationStep::Announced,
        announced(claimed, &receipt, &published.queue)?,
    );
    let record = check_records(&receipt, published, passed)?;
    let found = carried::find(&receipt, record, published)?;
    let logs = logs(published)?;
    if found.is_carried() {
        passed(VerificationStep::Carried, found.sentence());
    }
    ticket(&receipt, &found, published, &logs)?;
    passed(
        VerificationStep::Ticket,
        "The published list holds this ticket under its number, after exactly those who were there at the join."
            .to_owned(),
    );
    let drawn = found.drawn;
    drawn.check_logs(published.queue.shards, &logs).map_err(|_| {
        StepFault::new(
            VerificationStep::Logs,
            "The published lists are not the ones that the record was made of.",
        )
    })?;
    passed(
        VerificationStep::Logs,
        format!(
            "All {} lists with their {} tickets are the ones that the record was made of.",
            logs.len(),
            drawn.count()
        ),
    );
    if let Some(found) = frozen(claimed, record)? {
        passed(VerificationStep::Frozen, found);
    }
    told_place(claimed, drawn, found.in_drawn, passed)
}

fn receipt(claimed: &FanClaim, published: &Published) -> Result<ReceiptClaims, StepFault> {
    let token = claimed.receipt.trim();
    let claims: ReceiptClaims = published
        .keys
        .verify_claims(ReceiptClaims::TOKEN_TYPE, token)
        .map_err(|error| {
            StepFault::new(
                VerificationStep::Receipt,
                format!("The receipt is not one that this site signed: {error}."),
            )
        })?;
    if claims.event_id != published.queue.event_id {
        return Err(StepFault::new(
            VerificationStep::Receipt,
            "The receipt is of another event.",
        ));
    }
    if claimed.tag.is_some_and(|tag| tag != claims.tag) {
        return Err(StepFault::new(
            VerificationStep::Receipt,
            "The receipt belongs to another person.",
        ));
    }
    Ok(claims)
}

fn commitment(claimed: &FanClaim, queue: &QueueAnswer) -> Result<String, StepFault> {
    match claimed
        .commitment
        .or(claimed.announced.as_ref().map(|noted| noted.commitment))
    {
        None => Ok("No commitment was noted at the join: the one that is public now is used.".to_owned()),
        Some(noted) if noted == queue.commitment => {
            Ok("The commitment is the one that was public at the join.".to_owned())
        }
        Some(_) => Err(StepFault::new(
            VerificationStep::Commitment,
            "The commitment was changed after the join.",
        )),
    }
}

/// The receipt contains the digest of what was announced when it was issued. What the fan noted at
/// that time tells in addition what was changed, and whether the receipt was honest.
fn announced(claimed: &FanClaim, receipt: &ReceiptClaims, queue: &QueueAnswer) -> Result<String, StepFault> {
    let now = queue.announcement();
    let of_announced = |what: String| Err(StepFault::new(VerificationStep::Announced, what));
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

fn logs(published: &Published) -> Result<Vec<Log>, StepFault> {
    let parsed = |(shard, bytes): &(Shard, Vec<u8>)| {
        let log = parse_log(bytes);
        log.map(|log| (*shard, log)).ok_or_else(|| {
            StepFault::new(
                VerificationStep::Logs,
                format!("List {} is not one of tickets.", shard.0),
            )
        })
    };
    published.logs.iter().map(parsed).collect()
}

/// Finds the ticket under its number, and checks the digest of the shard right after it.
fn ticket(
    receipt: &ReceiptClaims,
    found: &FoundTicket<'_>,
    published: &Published,
    logs: &[Log],
) -> Result<(), StepFault> {
    let of_ticket = |what: &str| StepFault::new(VerificationStep::Ticket, what);
    let missing = || of_ticket("The ticket's number is missing in the published list.");
    if !found.is_carried() {
        let (_, log) = logs
            .iter()
            .find(|(shard, _)| *shard == receipt.shard)
            .ok_or_else(missing)?;
        return in_log(receipt, found.numbered, log);
    }
    let earlier = parse_log(&published.earlier_log);
    let whole = earlier.and_then(|earlier| found.own_log(&earlier, logs));
    let whole = whole.ok_or_else(|| {
        of_ticket("The list of the receipt's draw and what another draw carries of it do not fit their records.")
    })?;
    in_log(receipt, found.numbered, &whole)
}

/// Whether a log has the ticket of the receipt under its number, after what the receipt says.
fn in_log(receipt: &ReceiptClaims, numbered: TicketNumber, log: &[(Tier, Tag)]) -> Result<(), StepFault> {
    let of_ticket = |what: &str| StepFault::new(VerificationStep::Ticket, what);
    let mut digest = ShardDigest::EMPTY;
    let mut number = 0;
    for &(tier, tag) in log {
        digest = digest.with(tier, tag);
        if tier != numbered.tier {
            continue;
        }
        if number == numbered.number {
            if tag != receipt.tag {
                return Err(of_ticket(
                    "Another person has this ticket's number in the published list.",
                ));
            }
            if digest.0 != receipt.digest {
                return Err(of_ticket(
                    "The published list before this ticket is not the one its receipt was given for.",
                ));
            }
            return Ok(());
        }
        number += 1;
    }
    Err(of_ticket("The ticket's number is missing in the published list."))
}

/// Returns `None` if no beacon was announced: then there is no round before which anybody could
/// have noted anything.
fn frozen(claimed: &FanClaim, record: &DrawRecord) -> Result<Option<String>, StepFault> {
    match claimed.tickets_digest {
        Some(noted) if noted == record.tickets_digest => Ok(Some(
            "The tickets are those that were noted before the beacon's round was out.".to_owned(),
        )),
        Some(_) => Err(StepFault::new(
            VerificationStep::Frozen,
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
    claimed: &FanClaim,
    record: &DrawRecord,
    ticket: TicketNumber,
    passed: &mut impl FnMut(VerificationStep, String),
) -> Result<u64, StepFault> {
    let place = place(record, ticket)
        .ok_or_else(|| StepFault::new(VerificationStep::Place, "The record does not count this ticket."))?
        .0;
    let of_line = match record.line_of(ticket.tier) {
        Line::First => "",
        Line::Second => " of the second line",
    };
    let found = match claimed.place {
        None => format!("Secret, lists and number give place {place}{of_line}."),
        Some(told) if told == place => format!("Secret, lists and number give place {place}{of_line}, as was told."),
        Some(told) => {
            let what = format!("By the public record the place is {place}{of_line}, and {told} was told.");
            return Err(StepFault::new(VerificationStep::Place, what));
        }
    };
    passed(VerificationStep::Place, found);
    Ok(place)
}
