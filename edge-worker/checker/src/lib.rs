//! The checker that the page 'Check my place' runs, in WebAssembly. The page fetches what is public
//! and hands it over unchanged. The checker parses and judges everything, by the same code as
//! `stanchion-verify`.

use serde::Deserialize;
use stanchion_shared::{
    draw::{
        announcement::Announcement,
        record::{DrawRecord, SignedRecord},
    },
    ids::{Bytes32, Shard, Tag},
    jose::VerifyingKeys,
    verify::{self, FanClaim, Published, StepFault, Verification, VerificationStep},
    wire::ReceiptClaims,
};
use wasm_bindgen::prelude::wasm_bindgen;

/// What the fan holds and has noted, as JSON. All but the receipt may be left out or null.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FanNotes {
    receipt: String,
    #[serde(default)]
    place: Option<u64>,
    #[serde(default)]
    tag: Option<Tag>,
    #[serde(default)]
    commitment: Option<Bytes32>,
    #[serde(default)]
    announced: Option<Announcement>,
    #[serde(default)]
    tickets_digest: Option<Bytes32>,
}

/// Takes what is public, piece by piece, and judges a fan's receipt by it.
#[wasm_bindgen]
#[derive(Default)]
pub struct Checker {
    jwks: String,
    queue: String,
    records: Vec<String>,
    logs: Vec<(u16, Vec<u8>)>,
    earlier_log: Vec<u8>,
}

#[wasm_bindgen]
impl Checker {
    /// A checker that has taken nothing yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Checker {
        Checker::default()
    }

    /// Takes the answer of `GET /.well-known/jwks.json`.
    pub fn jwks(&mut self, text: String) {
        self.jwks = text;
    }

    /// Takes the answer of `GET /api/v1/events/{id}/queue`.
    pub fn queue(&mut self, text: String) {
        self.queue = text;
    }

    /// Takes a draw record. They come in order, from the event's first one to the one that has the
    /// receipt's ticket.
    pub fn record(&mut self, text: String) {
        self.records.push(text);
    }

    /// Takes the log of a shard in the draw that has the receipt's ticket. They come in the order of
    /// shards.
    pub fn log(&mut self, shard: u16, bytes: Vec<u8>) {
        self.logs.push((shard, bytes));
    }

    /// Takes the log of the receipt's shard in the receipt's draw, where a later draw carries the
    /// ticket.
    pub fn earlier_log(&mut self, bytes: Vec<u8>) {
        self.earlier_log = bytes;
    }

    /// Whether the draw of a receipt, the last one taken, left its ticket over, so that the records
    /// after it are needed up to one that [carries](Checker::carries) it. Text that cannot be read
    /// is the check's to report.
    #[must_use]
    pub fn is_left_over(&self, receipt: &str) -> bool {
        self.of_last(receipt, verify::is_left_over)
    }

    /// Whether the last record that was taken carries the ticket of a receipt.
    #[must_use]
    pub fn carries(&self, receipt: &str) -> bool {
        self.of_last(receipt, verify::carries)
    }

    /// Judges, and returns every step of the check as JSON. `notes` is JSON {receipt, place, tag,
    /// commitment, announced, tickets_digest}.
    #[must_use]
    pub fn verdict(&self, notes: &str) -> String {
        let verdict = self.judge(notes).unwrap_or_else(|fault| Verification {
            passed: Vec::new(),
            fault: Some(fault),
            place: None,
        });
        serde_json::to_string(&verdict).expect("a verdict serialises")
    }
}

impl Checker {
    fn of_last(&self, receipt: &str, holds: impl Fn(&ReceiptClaims, &DrawRecord) -> bool) -> bool {
        let record = self.records.last().and_then(|text| serde_json::from_str(text).ok());
        let receipt = verify::unverified(receipt);
        receipt
            .zip(record)
            .is_some_and(|(receipt, signed): (_, SignedRecord)| holds(&receipt, &signed.record))
    }

    fn judge(&self, notes: &str) -> Result<Verification, StepFault> {
        let unreadable = |step, what: &str, error: &dyn std::fmt::Display| StepFault {
            step,
            what: format!("{what} cannot be read: {error}."),
        };
        let notes: FanNotes = serde_json::from_str(notes)
            .map_err(|error| unreadable(VerificationStep::Receipt, "What was noted", &error))?;
        let keys = VerifyingKeys::parse(&self.jwks)
            .map_err(|error| unreadable(VerificationStep::Signature, "The published keys", &error))?;
        let queue = serde_json::from_str(&self.queue)
            .map_err(|error| unreadable(VerificationStep::Commitment, "The queue's page", &error))?;
        let record = |text: &String| {
            serde_json::from_str::<SignedRecord>(text)
                .map_err(|error| unreadable(VerificationStep::Record, "A record", &error))
        };
        let published = Published {
            keys,
            queue,
            records: self.records.iter().map(record).collect::<Result<_, _>>()?,
            logs: self
                .logs
                .iter()
                .map(|(shard, log)| (Shard(*shard), log.clone()))
                .collect(),
            earlier_log: self.earlier_log.clone(),
        };
        let claimed = FanClaim {
            receipt: notes.receipt,
            place: notes.place,
            tag: notes.tag,
            commitment: notes.commitment,
            announced: notes.announced,
            tickets_digest: notes.tickets_digest,
        };
        Ok(verify::verify(&claimed, &published))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_a_fault_that_says_what() {
        let checker = Checker::new();
        for (notes, named) in [("{", "What was noted"), (r#"{"receipt":"a"}"#, "The published keys")] {
            let verdict = checker.verdict(notes);
            assert!(verdict.contains(named), "{verdict}");
            assert!(!verdict.contains(r#""fault":null"#), "{verdict}");
        }
    }
}
