//! A shard in memory, and how it is read from and written to the tables of `schema.sql`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::{
        digest::{FrozenShard, LOG_ENTRY_LENGTH, ShardDigest, log_entry},
        membership::Windows,
    },
    human::ValidProof,
    identity::{Draw, EventId, Shard, Tag, Tier},
    lives::ONLY_LIFE,
    score::counts::ScoreCounts,
    timestamp::UnixMillis,
};
use worker::Result;

use super::super::{
    database::{Database, integer, json},
    messages::{Attempt, HexLog},
};
pub(super) use crate::person::PROOFS_KEPT_MS;
use crate::person::{Numbered, Person};

pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// Log entries that one statement joins: their hex stays far below the 2 MB that a value may have.
const LOG_PAGE: u64 = 10_000;

/// Where this shard is; it learns it from its first join.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) event_id: EventId,
    pub(super) shard: Shard,
    /// As the coordinator last said.
    pub(super) report_every_ms: u64,
}

/// The shard. What is in here is in the tables too.
pub(super) struct Memory {
    pub(super) place: Place,
    pub(super) frozen_through: Option<Draw>,
    /// Draws that were announced and are not frozen: numbers may be given in these and in no others.
    pub(super) open: BTreeMap<Draw, FrozenShard>,
    /// Tickets given, over all draws.
    pub(super) joined: u64,
    /// How joins were scored.
    pub(super) scores: ScoreCounts,
}

impl Memory {
    /// The draw of a join at `now`: by the clock, but after everything that is frozen. `None` once the chain has ended.
    pub(super) fn draw_at(&self, windows: &Windows, now: UnixMillis) -> Option<Draw> {
        windows.draw_after(self.frozen_through, now)
    }

    /// Grows with everything that a report tells.
    pub(super) fn told(&self) -> u64 {
        self.joined + self.scores.joins()
    }

    /// Forgets the draws up to `draw`; their rows stay.
    pub(super) fn freeze_through(&mut self, database: &Database, draw: Draw) -> Result<()> {
        if self.frozen_through < Some(draw) {
            database.save("frozen_through", &draw)?;
            self.frozen_through = Some(draw);
            self.open = self.open.split_off(&Draw(draw.0 + 1));
        }
        Ok(())
    }

    /// Opens a draw that the coordinator let this shard into.
    pub(super) fn open(&mut self, database: &Database, draw: Draw) -> Result<()> {
        // It may have been closed while the answer was on its way.
        if self.frozen_through < Some(draw) && !self.open.contains_key(&draw) {
            let empty = nothing_of(self.place.shard);
            save_draw(database, draw, &empty)?;
            self.open.insert(draw, empty);
        }
        Ok(())
    }

    /// Gives the next number of an open draw and logs it. The draw's row is the caller's to write, once for many.
    pub(super) fn number(&mut self, database: &Database, draw: Draw, tier: Tier, tag: Tag) -> Result<Numbered> {
        let tickets = self
            .open
            .get_mut(&draw)
            .expect("the caller has seen that the draw is open");
        let position: u64 = tickets.counts.iter().copied().map(u64::from).sum();
        database.run(
            "INSERT INTO tickets (draw, position, entry) VALUES (?, ?, ?)",
            vec![integer(draw.0), integer(position), log_entry(tier, tag).to_vec().into()],
        )?;
        let number = tickets.counts[tier.index()];
        tickets.counts[tier.index()] += 1;
        tickets.digest = tickets.digest.with(tier, tag);
        self.joined += 1;
        Ok(Numbered {
            epoch: ONLY_LIFE, // a Durable Object's storage never goes back
            draw,
            number,
            digest: tickets.digest,
        })
    }
}

/// What a shard without tickets says of a draw.
pub(super) fn nothing_of(shard: Shard) -> FrozenShard {
    FrozenShard {
        shard,
        digest: ShardDigest::EMPTY,
        counts: [0; 3],
    }
}

/// The shard, if anybody ever joined it.
pub(super) fn load(database: &Database) -> Result<Option<Memory>> {
    if database.is_empty()? {
        return Ok(None);
    }
    let Some(place) = database.load("shard")? else {
        return Ok(None);
    };
    // An object that was made by an earlier version lacks tables that came later.
    database.run(SCHEMA, vec![])?;
    let frozen_through: Option<Draw> = database.load("frozen_through")?;
    let mut open = BTreeMap::new();
    let mut joined = 0;
    for row in database.rows("SELECT draw, json FROM draws", vec![])? {
        let draw = Draw(row.integer(0)? as u32);
        let tickets: FrozenShard = row.json(1)?;
        joined += tickets.counts.iter().copied().map(u64::from).sum::<u64>();
        if frozen_through < Some(draw) {
            open.insert(draw, tickets);
        }
    }
    Ok(Some(Memory {
        place,
        frozen_through,
        open,
        joined,
        scores: database.load("scores")?.unwrap_or_default(),
    }))
}

pub(super) fn create(database: &Database, place: Place) -> Result<Memory> {
    database.run(SCHEMA, vec![])?;
    database.save("shard", &place)?;
    Ok(Memory {
        place,
        frozen_through: None,
        open: BTreeMap::new(),
        joined: 0,
        scores: ScoreCounts::default(),
    })
}

pub(super) fn load_draw(database: &Database, draw: Draw) -> Result<Option<FrozenShard>> {
    database
        .row("SELECT json FROM draws WHERE draw = ?", vec![integer(draw.0)])?
        .map(|row| row.json(0))
        .transpose()
}

pub(super) fn save_draw(database: &Database, draw: Draw, tickets: &FrozenShard) -> Result<()> {
    database.run(
        "INSERT OR REPLACE INTO draws (draw, json) VALUES (?, ?)",
        vec![integer(draw.0), json(tickets)],
    )
}

pub(super) fn load_person(database: &Database, tag: Tag) -> Result<Option<Person>> {
    database
        .row("SELECT json FROM people WHERE tag = ?", vec![tag.to_string().into()])?
        .map(|row| row.json(0))
        .transpose()
}

pub(super) fn save_person(database: &Database, tag: Tag, person: &Person) -> Result<()> {
    database.run(
        "INSERT OR REPLACE INTO people (tag, json) VALUES (?, ?)",
        vec![tag.to_string().into(), json(person)],
    )
}

/// The operation that used a proof, if one did.
pub(super) fn load_proof(database: &Database, proof: &ValidProof) -> Result<Option<Attempt>> {
    database
        .row(
            "SELECT attempt FROM proofs WHERE expires_at = ? AND challenge = ?",
            vec![integer(proof.expires_at.0), hex::encode(proof.challenge.0).into()],
        )?
        .map(|row| row.json(0))
        .transpose()
}

pub(super) fn save_proof(database: &Database, proof: &ValidProof, attempt: Attempt) -> Result<()> {
    database.run(
        "INSERT INTO proofs (expires_at, challenge, attempt) VALUES (?, ?, ?)",
        vec![
            integer(proof.expires_at.0),
            hex::encode(proof.challenge.0).into(),
            json(&attempt),
        ],
    )
}

pub(super) fn forget_proofs(database: &Database, now: UnixMillis) -> Result<()> {
    database.run(
        "DELETE FROM proofs WHERE expires_at < ?",
        vec![integer(now.minus(PROOFS_KEPT_MS).0)],
    )
}

/// The log of a draw, joined inside SQLite: a value a page crosses into JavaScript instead of one per ticket.
pub(super) fn load_log(database: &Database, draw: Draw, tickets: u64) -> Result<HexLog> {
    let mut log = String::with_capacity(tickets as usize * LOG_ENTRY_LENGTH * 2);
    for from in (0..tickets).step_by(LOG_PAGE as usize) {
        let page = database.row(
            "SELECT group_concat(hex(entry), '' ORDER BY position) FROM tickets \
             WHERE draw = ? AND position >= ? AND position < ?",
            vec![integer(draw.0), integer(from), integer(from + LOG_PAGE)],
        )?;
        log.push_str(page.as_ref().map(|row| row.text(0)).transpose()?.unwrap_or_default());
    }
    Ok(log)
}
