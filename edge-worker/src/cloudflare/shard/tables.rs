//! A shard in memory, and how it is read from and written to the tables of `schema.sql`.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::{
        digest::{LOG_ENTRY_LENGTH, log_entry, parse_log},
        membership::Windows,
    },
    epochs::ONLY_EPOCH,
    ids::{Draw, EventId, Shard, ShardCount, Tag, Tier},
    proof_of_work::ValidProof,
    score::counts::ScoreCounts,
    timestamp::UnixMillis,
};
use worker::{Error, Result};

use super::super::{
    database::{Database, integer, json},
    messages::{Attempt, HexLog},
};
use super::sessions::SessionMemory;
use crate::queue::{
    closing::freeze_time,
    event::{has_first_line, is_first_line},
    person::{Person, TicketNumber},
    sessions::tell_every_ms,
    shard_tickets::{self, EnteredDraw, LeftOver, ShardTickets, sum},
    used_proofs,
};

pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// Log entries that one statement joins: their hex stays far below the 2 MB that a value may have.
const LOG_PAGE: u64 = 10_000;

/// Where this shard is; it learns it from its first join.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) event_id: EventId,
    pub(super) shard: Shard,
    /// As the coordinator last said.
    pub(super) report_every_ms: u64,
    #[serde(default = "tell_every_ms_of_many")]
    pub(super) tell_every_ms: u64,
    /// The event's windows; the coordinator says them with the first draw that it lets this shard
    /// into, and they do not change any more.
    #[serde(default)]
    pub(super) windows: Option<Windows>,
}

/// For a shard that learnt its place before the coordinator said this: as if there were most shards.
fn tell_every_ms_of_many() -> u64 {
    tell_every_ms(ShardCount::new(ShardCount::MAX).expect("the largest count is one"))
}

/// A draw as its row has it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredDraw {
    #[serde(flatten)]
    pub(super) tickets: ShardTickets,
    /// Tickets per tier with which the draw was closed, if it was without this shard's answer and
    /// the shard has learnt it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) entered: Option<[u32; 3]>,
}

/// The shard. What is in here is in the tables too.
pub(super) struct ShardMemory {
    pub(super) place: Place,
    pub(super) frozen_through: Option<Draw>,
    /// Draws that were declared and are not frozen: numbers may be given in these and in no
    /// others.
    pub(super) open: BTreeMap<Draw, ShardTickets>,
    /// Those of them that were declared with people of the first line. In no table: whoever is not
    /// sure declares again.
    first_line_in: BTreeSet<Draw>,
    /// Draws that were closed without this shard's answer, and whose other tickets have no draw yet:
    /// they are the first ones of the next draw that is opened. In ascending order.
    pub(super) left_over: Vec<EnteredDraw>,
    /// Tickets given, over all draws.
    pub(super) joined: u64,
    /// How joins were scored.
    pub(super) scores: ScoreCounts,
    pub(super) sessions: SessionMemory,
}

impl ShardMemory {
    /// Grows with everything that a report has.
    pub(super) fn reportable(&self) -> u64 {
        self.joined + self.scores.joins()
    }

    /// Forgets the draws up to `draw`; their rows stay.
    pub(super) fn freeze_through(&mut self, database: &Database, draw: Draw) -> Result<()> {
        if self.frozen_through < Some(draw) {
            database.save("frozen_through", &draw)?;
            self.frozen_through = Some(draw);
            self.open = self.open.split_off(&Draw(draw.0 + 1));
            self.first_line_in = self.first_line_in.split_off(&Draw(draw.0 + 1));
        }
        Ok(())
    }

    /// Whether the coordinator knows that this shard gives numbers of this tier in a draw.
    pub(super) fn may_number(&self, draw: Draw, tier: Tier) -> bool {
        let first_line_is_known =
            |tickets: &ShardTickets| has_first_line(tickets) || self.first_line_in.contains(&draw);
        let open = self.open.get(&draw);
        open.is_some_and(|tickets| !is_first_line(tier) || first_line_is_known(tickets))
    }

    /// Opens a draw that the coordinator let this shard into.
    pub(super) fn open(&mut self, database: &Database, draw: Draw, first_line: bool) -> Result<()> {
        // It may have been closed while the answer was on its way, or somebody was left over who is of
        // the first line, perhaps: then it is declared again.
        let is_too_little = !first_line && !self.left_over.is_empty();
        if self.frozen_through >= Some(draw) || is_too_little {
            return Ok(());
        }
        if first_line {
            self.first_line_in.insert(draw);
        }
        if !self.open.contains_key(&draw) {
            let tickets = self.carry(database, draw)?;
            save_draw(database, draw, &tickets)?;
            self.open.insert(draw, tickets);
        }
        Ok(())
    }

    /// The first tickets of a draw: those that earlier draws left over. Their people have them there
    /// from now on.
    fn carry(&mut self, database: &Database, draw: Draw) -> Result<ShardTickets> {
        let mut left_over = Vec::with_capacity(self.left_over.len());
        for &entered in &self.left_over {
            let stored = load_draw(database, entered.draw)?;
            left_over.push(LeftOver {
                entered,
                carried: stored.map(|stored| stored.tickets.carried).unwrap_or_default(),
                log: load_entries(database, entered.draw, sum(entered.counts))?,
            });
        }
        let (tickets, carried) = shard_tickets::carry(self.place.shard, None, &left_over);
        for (ticket, position) in carried.iter().zip(0_u64..) {
            save_entry(database, draw, position, ticket.tier, ticket.tag)?;
            let person = load_person(database, ticket.tag)?;
            if let Some(person) = person.and_then(|person| person.carried(ticket, draw, ONLY_EPOCH)) {
                save_person(database, ticket.tag, &person)?;
            }
        }
        if !self.left_over.is_empty() {
            self.left_over.clear();
            database.save("left_over", &self.left_over)?;
        }
        Ok(tickets)
    }

    /// Learns how draws were closed without this shard's answer. Repeated, it changes nothing.
    pub(super) fn settle(&mut self, database: &Database, entered: &[EnteredDraw]) -> Result<()> {
        for &one in entered {
            self.freeze_through(database, one.draw)?;
            let Some(stored) = load_draw(database, one.draw)?.filter(|stored| stored.entered.is_none()) else {
                continue;
            };
            if stored.tickets.frozen.counts != one.counts {
                self.left_over.push(one);
                self.left_over.sort_unstable_by_key(|left| left.draw);
                database.save("left_over", &self.left_over)?;
            }
            let entered = Some(one.counts);
            write_draw(database, one.draw, &StoredDraw { entered, ..stored })?;
        }
        Ok(())
    }

    /// When this shard freezes the next of its draws by itself.
    pub(super) fn freezes_at(&self) -> Option<UnixMillis> {
        let first = *self.open.keys().next()?;
        Some(self.freezes_draw_at(first, self.place.windows?))
    }

    fn freezes_draw_at(&self, draw: Draw, windows: Windows) -> UnixMillis {
        let after_ms = freeze_time::freezes_itself_after_ms(self.place.shard);
        windows.closed_at(draw).plus(after_ms)
    }

    /// Freezes the draws whose windows have ended, and returns what is in them.
    pub(super) fn freeze_due(&mut self, database: &Database, now: UnixMillis) -> Result<Vec<(Draw, ShardTickets)>> {
        let Some(windows) = self.place.windows else {
            return Ok(Vec::new());
        };
        let due = self
            .open
            .iter()
            .filter(|(draw, _)| self.freezes_draw_at(**draw, windows) <= now);
        let due: Vec<_> = due.map(|(&draw, tickets)| (draw, tickets.clone())).collect();
        if let Some((last, _)) = due.last() {
            self.freeze_through(database, *last)?;
        }
        Ok(due)
    }

    /// Gives the next number of an open draw and logs it. The draw's row is the caller's to write,
    /// once for many.
    pub(super) fn number(&mut self, database: &Database, draw: Draw, tier: Tier, tag: Tag) -> Result<TicketNumber> {
        let tickets = self
            .open
            .get_mut(&draw)
            .expect("the caller has seen that the draw is open");
        save_entry(database, draw, tickets.count(), tier, tag)?;
        let number = tickets.give(tier, tag);
        self.joined += 1;
        Ok(TicketNumber {
            epoch: ONLY_EPOCH, // a Durable Object's storage never goes back
            draw,
            number,
            digest: tickets.frozen.digest,
        })
    }
}

/// The shard, if anybody ever joined it.
pub(super) fn load(database: &Database) -> Result<Option<ShardMemory>> {
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
        let StoredDraw { tickets, entered } = row.json(1)?;
        // What a draw left over is counted where it is carried.
        joined += entered.map_or(tickets.count(), sum);
        if frozen_through < Some(draw) {
            open.insert(draw, tickets);
        }
    }
    Ok(Some(ShardMemory {
        place,
        frozen_through,
        open,
        first_line_in: BTreeSet::new(),
        left_over: database.load("left_over")?.unwrap_or_default(),
        joined,
        scores: database.load("scores")?.unwrap_or_default(),
        sessions: SessionMemory::load(database)?,
    }))
}

pub(super) fn create(database: &Database, place: Place) -> Result<ShardMemory> {
    database.run(SCHEMA, vec![])?;
    database.save("shard", &place)?;
    Ok(ShardMemory {
        place,
        frozen_through: None,
        open: BTreeMap::new(),
        first_line_in: BTreeSet::new(),
        left_over: Vec::new(),
        joined: 0,
        scores: ScoreCounts::default(),
        sessions: SessionMemory::default(),
    })
}

pub(super) fn load_draw(database: &Database, draw: Draw) -> Result<Option<StoredDraw>> {
    database
        .row("SELECT json FROM draws WHERE draw = ?", vec![integer(draw.0)])?
        .map(|row| row.json(0))
        .transpose()
}

/// Writes a draw that is open.
pub(super) fn save_draw(database: &Database, draw: Draw, tickets: &ShardTickets) -> Result<()> {
    database.run(
        "INSERT OR REPLACE INTO draws (draw, json) VALUES (?, ?)",
        vec![integer(draw.0), json(tickets)],
    )
}

fn write_draw(database: &Database, draw: Draw, stored: &StoredDraw) -> Result<()> {
    database.run(
        "UPDATE draws SET json = ? WHERE draw = ?",
        vec![json(stored), integer(draw.0)],
    )
}

fn save_entry(database: &Database, draw: Draw, position: u64, tier: Tier, tag: Tag) -> Result<()> {
    database.run(
        "INSERT INTO tickets (draw, position, entry) VALUES (?, ?, ?)",
        vec![integer(draw.0), integer(position), log_entry(tier, tag).to_vec().into()],
    )
}

/// The log of a draw from a position on.
fn load_entries(database: &Database, draw: Draw, from: u64) -> Result<Vec<(Tier, Tag)>> {
    let rows = database.rows(
        "SELECT entry FROM tickets WHERE draw = ? AND position >= ? ORDER BY position",
        vec![integer(draw.0), integer(from)],
    )?;
    let mut log = Vec::with_capacity(rows.len());
    for row in &rows {
        let entry = parse_log(row.bytes(0)?);
        log.extend(entry.ok_or_else(|| Error::RustError("a log's entry is broken".to_owned()))?);
    }
    Ok(log)
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
        vec![integer(used_proofs::forget_expired_before(now).0)],
    )
}

/// The log of a draw, joined inside SQLite: a value a page crosses into JavaScript instead of one
/// per ticket.
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
