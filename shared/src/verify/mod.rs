//! Whether a place follows from what is public: receipt, records, logs, keys and the queue's announcement, and nothing that a
//! server worked out for this fan. Everything that was checked is listed, and the first thing that does not hold is named.
//!
//! The same code runs in `rush verify` and, through wasm-bindgen, in the page 'Check my place'. Who fetches the data decides
//! nothing: what is left out or altered on the way is found here.

mod steps;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{
    draw::{announcement::Announcement, record::SignedRecord},
    identity::{Bytes32, Shard, Tag},
    jose::VerifyingKeys,
    wire::{QueueAnswer, ReceiptClaims},
};

/// What a fan holds and remembers. What is `None` was not noted, and is then not compared.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The join's answer had it: a compact JWS.
    pub receipt: String,
    /// The place that was told.
    pub place: Option<u64>,
    /// Whose receipt it should be.
    pub tag: Option<Tag>,
    /// The commitment that was public when the fan joined.
    pub commitment: Option<Bytes32>,
    /// All that was public as announced when the fan joined.
    pub announced: Option<Announcement>,
    /// What was public as `drawing.tickets_digest` before the beacon's round was out.
    pub tickets_digest: Option<Bytes32>,
}

/// What everybody can read.
pub struct Published {
    /// `/.well-known/jwks.json`.
    pub keys: VerifyingKeys,
    /// `GET /api/v1/events/{id}/queue`.
    pub queue: QueueAnswer,
    /// All records from the event's first draw up to the receipt's, in order.
    pub records: Vec<SignedRecord>,
    /// The logs of all shards that have tickets in the receipt's draw, in order, as they were served.
    pub logs: Vec<(Shard, Vec<u8>)>,
}

/// One thing that is checked. In this order, so that the first fault is the one that explains the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The edge signed the receipt, for this person where one is named.
    Receipt,
    /// The commitment is the one that was public at the join.
    Commitment,
    /// What is announced now is what the receipt was given for.
    Announced,
    /// The record is that of the receipt's draw.
    Record,
    /// The edge signed the records.
    Signature,
    /// Secrets are those that were committed to.
    Secret,
    /// Draws closed when their announced windows ended: nobody chose an instant, and with it a beacon's round.
    Times,
    /// Rounds of the announced beacon are in the records.
    Beacon,
    /// Sums and shards within the records agree.
    Counts,
    /// Each record follows the one before it.
    Chain,
    /// The ticket is in its shard's log, after exactly those who were before it at the join.
    Ticket,
    /// The logs of all shards are what the record was made of.
    Logs,
    /// The record has the tickets that were noted as frozen before its beacon's round was out; if none were, it says so.
    /// Left out where no beacon was announced.
    Frozen,
    /// The shuffle gives the place that was told.
    Place,
}

/// A step that holds, with a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Which.
    pub step: Step,
    /// What was found.
    pub found: String,
}

/// The first step that does not hold; later ones were not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Which.
    pub step: Step,
    /// What is wrong, as a sentence.
    pub what: String,
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// In the order in which it was checked.
    pub passed: Vec<Passed>,
    /// `None`: everything holds.
    pub fault: Option<Fault>,
    /// The place that follows from the public data; `None` if it does not come to that.
    pub place: Option<u64>,
}

impl Verdict {
    /// Whether everything held.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.fault.is_none()
    }
}

/// Checks everything.
#[must_use]
pub fn verify(claimed: &Claimed, published: &Published) -> Verdict {
    let mut passed = Vec::new();
    let checked = steps::all(claimed, published, &mut |step, found| {
        passed.push(Passed { step, found })
    });
    let (place, fault) = match checked {
        Ok(place) => (Some(place), None),
        Err(fault) => (None, Some(fault)),
    };
    Verdict { passed, fault, place }
}

/// What a receipt says, its signature unchecked: enough to know what to fetch. `None`: it is no receipt at all.
#[must_use]
pub fn unverified(receipt: &str) -> Option<ReceiptClaims> {
    let payload = URL_SAFE_NO_PAD.decode(receipt.trim().split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}
