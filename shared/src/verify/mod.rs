//! The verification of a place: does it follow from public data alone?
//!
//! The public data are the receipt, the records, the logs, the keys and the announcement of the
//! queue. Nothing that a server computed for this fan is used. The result lists every step that
//! passed, and names the first step that failed.
//!
//! The same code runs in the command `stanchion-verify` and, through wasm-bindgen, in the page
//! 'Check my place'. It does not matter who fetched the data, because data that is left out or
//! altered on the way is found here.

mod carried;
mod record_steps;
mod steps;
#[cfg(test)]
mod tests;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{
    draw::{
        announcement::Announcement,
        record::{DrawRecord, SignedRecord},
    },
    ids::{Bytes32, Draw, Shard, Tag, TicketNumber, Tier},
    jose::VerifyingKeys,
    wire::{QueueAnswer, ReceiptClaims},
};

/// What a fan holds and has noted. A value that is `None` was not noted and is not compared.
#[derive(Clone, Debug, Default)]
pub struct FanClaim {
    /// The receipt from the response to the join: a compact JWS.
    pub receipt: String,
    /// The place that the fan was told.
    pub place: Option<u64>,
    /// The tag of the person to whom the receipt must belong.
    pub tag: Option<Tag>,
    /// The commitment that was public when the fan joined.
    pub commitment: Option<Bytes32>,
    /// The announcement that was public when the fan joined.
    pub announced: Option<Announcement>,
    /// The `drawing.tickets_digest` that was public before the round of the beacon was out.
    pub tickets_digest: Option<Bytes32>,
}

/// The public data of an event.
pub struct Published {
    /// `/.well-known/jwks.json`.
    pub keys: VerifyingKeys,
    /// `GET /api/v1/events/{id}/queue`.
    pub queue: QueueAnswer,
    /// All records from the first draw of the event up to the draw that has the ticket, in order.
    /// It is the draw of the receipt, or the one that [carries](DrawRecord::carried) it.
    pub records: Vec<SignedRecord>,
    /// The logs of all shards that have tickets in the draw that has the ticket, in order, as they
    /// were served.
    pub logs: Vec<(Shard, Vec<u8>)>,
    /// The log of the receipt's shard in the draw of the receipt, where a later draw carries the
    /// ticket. Empty otherwise.
    pub earlier_log: Vec<u8>,
}

/// One step of the verification. The order is such that the first fault explains the later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationStep {
    /// The edge signed the receipt, and for this person if one is named.
    Receipt,
    /// The commitment is the one that was public at the join.
    Commitment,
    /// What is announced now is what the receipt was issued for.
    Announced,
    /// The record is the one of the draw of the receipt.
    Record,
    /// The edge signed the records.
    Signature,
    /// The secrets are those that were committed to.
    Secret,
    /// The draws closed when their announced windows ended. Nobody chose an instant, and with it a
    /// round of the beacon.
    Times,
    /// The records contain the right rounds of the announced beacon.
    Beacon,
    /// The sums and shards within the records agree.
    Counts,
    /// Each record continues the one before it.
    Chain,
    /// The shard of the ticket was silent when its draw was closed, and a later draw carries the
    /// ticket. It is left out where the shard answered.
    Carried,
    /// The ticket is in the log of its shard, after exactly the tickets that were there at the
    /// join.
    Ticket,
    /// The logs of all shards are those from which the record was made.
    Logs,
    /// The record has the tickets that were noted as frozen before the round of its beacon was out.
    /// If none were noted, the step says so. It is left out if no beacon was announced.
    Frozen,
    /// The shuffle gives the place that the fan was told.
    Place,
}

/// A step that passed, with a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedStep {
    /// Which.
    pub step: VerificationStep,
    /// What was found.
    pub found: String,
}

/// The first step that failed. Later steps were not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StepFault {
    /// Which.
    pub step: VerificationStep,
    /// What is wrong, as a sentence.
    pub what: String,
}

impl StepFault {
    fn new(step: VerificationStep, what: impl Into<String>) -> StepFault {
        let what = what.into();
        StepFault { step, what }
    }
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The passed steps, in order.
    pub passed: Vec<PassedStep>,
    /// The fault; `None` if everything holds.
    pub fault: Option<StepFault>,
    /// The place that follows from the public data, of a suspect in the second line; `None` if a fault
    /// was found before.
    pub place: Option<u64>,
}

impl Verification {
    /// Whether everything holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.fault.is_none()
    }
}

/// Checks a claim of a fan against the public data.
#[must_use]
pub fn verify(claimed: &FanClaim, published: &Published) -> Verification {
    let mut passed = Vec::new();
    let checked = steps::all(claimed, published, &mut |step, found| {
        passed.push(PassedStep { step, found })
    });
    let (place, fault) = match checked {
        Ok(place) => (Some(place), None),
        Err(fault) => (None, Some(fault)),
    };
    Verification { passed, fault, place }
}

/// Whether the draw of a receipt left its ticket over, so that the records after it are needed, too,
/// up to the first for which [`carries`] holds.
#[must_use]
pub fn is_left_over(receipt: &ReceiptClaims, record: &DrawRecord) -> bool {
    record.draw.0 == receipt.draw && numbered(receipt).is_some_and(|ticket| record.leaves_over(ticket))
}

/// Whether a record carries what the draw of a receipt left over of its shard.
#[must_use]
pub fn carries(receipt: &ReceiptClaims, record: &DrawRecord) -> bool {
    record.carried_from(Draw(receipt.draw), receipt.shard).is_some()
}

/// The number that a receipt is of; `None` if its tier does not exist.
fn numbered(receipt: &ReceiptClaims) -> Option<TicketNumber> {
    let tier = Tier::try_from(receipt.tier).ok()?;
    let (shard, number) = (receipt.shard, receipt.number);
    Some(TicketNumber { tier, shard, number })
}

/// The content of a receipt without checking its signature. It is enough to know what to fetch.
/// `None` if the text is no receipt at all.
#[must_use]
pub fn unverified(receipt: &str) -> Option<ReceiptClaims> {
    let payload = URL_SAFE_NO_PAD.decode(receipt.trim().split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}
