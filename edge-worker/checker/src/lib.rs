//! What the page 'Check my place' runs: the page fetches what is public and hands it over as it came; everything is parsed
//! and judged in here, by the same code as `rush verify`.

use serde::Deserialize;
use stanchion_shared::{
    draw::{announcement::Announcement, record::SignedRecord},
    identity::{Bytes32, Shard, Tag},
    jose::VerifyingKeys,
    verify::{Claimed, Fault, Published, Step, Verdict, verify},
};
use wasm_bindgen::prelude::wasm_bindgen;

/// What the fan holds and noted, as JSON; all but the receipt may be left out or null.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Held {
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

/// Takes what is public, piece by piece, and judges it.
#[wasm_bindgen]
#[derive(Default)]
pub struct Checker {
    jwks: String,
    queue: String,
    records: Vec<String>,
    logs: Vec<(u16, Vec<u8>)>,
}

#[wasm_bindgen]
impl Checker {
    /// Nothing yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Checker {
        Checker::default()
    }

    /// `/.well-known/jwks.json`.
    pub fn jwks(&mut self, text: String) {
        self.jwks = text;
    }

    /// `GET /api/v1/events/{id}/queue`.
    pub fn queue(&mut self, text: String) {
        self.queue = text;
    }

    /// A record, from the event's first one up to the receipt's, in order.
    pub fn record(&mut self, text: String) {
        self.records.push(text);
    }

    /// The list of a shard in the receipt's draw, in order of shards.
    pub fn log(&mut self, shard: u16, bytes: Vec<u8>) {
        self.logs.push((shard, bytes));
    }

    /// Everything that was checked, as JSON of [`Verdict`]. `held` is JSON {receipt, place, tag, commitment,
    /// announced, tickets_digest}.
    #[must_use]
    pub fn verdict(&self, held: &str) -> String {
        let verdict = self.judge(held).unwrap_or_else(|fault| Verdict {
            passed: Vec::new(),
            fault: Some(fault),
            place: None,
        });
        serde_json::to_string(&verdict).expect("a verdict serialises")
    }
}

impl Checker {
    fn judge(&self, held: &str) -> Result<Verdict, Fault> {
        let unreadable = |step, what: &str, error: &dyn std::fmt::Display| Fault {
            step,
            what: format!("{what} cannot be read: {error}."),
        };
        let held: Held =
            serde_json::from_str(held).map_err(|error| unreadable(Step::Receipt, "What was noted", &error))?;
        let keys = VerifyingKeys::parse(&self.jwks)
            .map_err(|error| unreadable(Step::Signature, "The published keys", &error))?;
        let queue = serde_json::from_str(&self.queue)
            .map_err(|error| unreadable(Step::Commitment, "The queue's page", &error))?;
        let record = |text: &String| {
            serde_json::from_str::<SignedRecord>(text).map_err(|error| unreadable(Step::Record, "A record", &error))
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
        };
        let claimed = Claimed {
            receipt: held.receipt,
            place: held.place,
            tag: held.tag,
            commitment: held.commitment,
            announced: held.announced,
            tickets_digest: held.tickets_digest,
        };
        Ok(verify(&claimed, &published))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_a_fault_that_says_what() {
        let checker = Checker::new();
        for (held, named) in [("{", "What was noted"), (r#"{"receipt":"a"}"#, "The published keys")] {
            let verdict = checker.verdict(held);
            assert!(verdict.contains(named), "{verdict}");
            assert!(!verdict.contains(r#""fault":null"#), "{verdict}");
        }
    }
}
