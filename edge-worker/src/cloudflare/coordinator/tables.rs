//! An event in the coordinator's memory, and how its parts are read from and written to the tables
//! of `schema.sql`.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use serde::Serialize;
use stanchion_shared::{
    draw::{chain::SecretChain, record::SignedRecord},
    ids::{Draw, Shard},
    schedule::{Schedule, Segment, Stop},
    sessions::{EndedSession, SessionMark},
    timestamp::UnixMillis,
    wire::WINDOWS_PER_PAGE,
};
use worker::{Error, Result};

use super::super::database::{Database, integer, json};
use crate::queue::{
    closing::DeclaredDraws,
    event::{EventState, LiveState, OpenTickets},
    room::Slots,
    sessions::event_sessions::{EventSessions, NotedSessions},
    shard_reports::{JoinRate, ReportTotals, ShardReport},
    shard_tickets::ShardTickets,
};

const SCHEMA: &str = include_str!("schema.sql");

/// The event in memory. What is in here is in the tables too: every change writes both, and one
/// that fails forgets this copy.
pub(super) struct EventMemory {
    pub(super) state: EventState,
    /// Draws that are not closed, and what their shards said when they were frozen, or are entered
    /// with.
    pub(super) declared: BTreeMap<Draw, BTreeMap<Shard, Option<ShardTickets>>>,
    /// As each shard last reported.
    pub(super) reports: BTreeMap<Shard, ShardReport>,
    /// What shards told of shopping sessions.
    pub(super) sessions: EventSessions,
    /// These are in no table.
    pub(super) join_rate: Cell<JoinRate>,
    pub(super) slots: RefCell<Slots>,
    /// Slots of an instance before this one may count until then.
    pub(super) slots_unknown_until: UnixMillis,
    /// Until then at most slots may count, as it is stored.
    pub(super) slots_stored_until: UnixMillis,
}

impl EventMemory {
    /// An event that was just created.
    pub(super) fn new(state: EventState) -> EventMemory {
        EventMemory {
            state,
            declared: BTreeMap::new(),
            reports: BTreeMap::new(),
            sessions: EventSessions::default(),
            join_rate: Cell::default(),
            slots: RefCell::default(),
            slots_unknown_until: UnixMillis(0),
            slots_stored_until: UnixMillis(0),
        }
    }

    pub(super) fn open_tickets(&self) -> OpenTickets {
        match self.declared.is_empty() {
            true => OpenTickets::None,
            false => OpenTickets::Possible,
        }
    }

    /// When the site is to be metered.
    pub(super) fn meter_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        let active = self.sessions.totals().active() + self.slots.borrow().given(now);
        self.state.meter_at(self.open_tickets(), active, now)
    }

    /// When the next draw is to be closed, but not before `not_before`.
    pub(super) fn close_at(&self, not_before: UnixMillis) -> Option<UnixMillis> {
        let draw = self.declared.keys().next();
        draw.map(|&draw| self.state.due_at(draw).max(not_before))
    }

    /// What closing goes by.
    pub(super) fn declared_draws(&self) -> DeclaredDraws {
        let first = self.declared.first_key_value();
        DeclaredDraws {
            first: first.map(|(&draw, _)| draw),
            frozen: first.and_then(|(_, shards)| shards.values().cloned().collect()),
        }
    }

    /// The draws after `after` and up to `through`, in shards that declared them and are not
    /// frozen.
    pub(super) fn unfrozen(&self, after: Option<Draw>, through: Draw) -> Vec<(Draw, Shard)> {
        let draws = self.declared.range(..=through).filter(|(draw, _)| after < Some(**draw));
        let shards = draws.flat_map(|(&draw, shards)| shards.iter().map(move |(&shard, frozen)| (draw, shard, frozen)));
        let unfrozen = shards.filter(|(.., frozen)| frozen.is_none());
        unfrozen.map(|(draw, shard, _)| (draw, shard)).collect()
    }

    /// Whether a shard has declared a draw, and has not said what it has in it.
    pub(super) fn is_unfrozen(&self, draw: Draw, shard: Shard) -> bool {
        let shards = self.declared.get(&draw);
        shards.is_some_and(|shards| matches!(shards.get(&shard), Some(None)))
    }

    /// Notes what a shard has in a draw, unless that is known or decided already.
    pub(super) fn note_frozen(&mut self, database: &Database, draw: Draw, tickets: ShardTickets) -> Result<()> {
        let shard = tickets.frozen.shard;
        let place = self.declared.get_mut(&draw).and_then(|shards| shards.get_mut(&shard));
        let Some(place @ None) = place else {
            return Ok(());
        };
        save_frozen(database, draw, &tickets)?;
        *place = Some(tickets);
        Ok(())
    }

    /// What all shards reported, together.
    pub(super) fn totals(&self, now: UnixMillis) -> ReportTotals {
        let mut totals = ReportTotals::of(self.reports.values());
        let mut rate = self.join_rate.get();
        totals.joins_per_second = rate.measure(totals.scores.joins(), now);
        self.join_rate.set(rate);
        totals.sessions = self.sessions.totals();
        totals.ended = self.sessions.newest();
        let slots = self.slots.borrow();
        (totals.slots_given, totals.wait_for_slot) = (slots.given(now), slots.waiting(now));
        totals
    }
}

/// The event, if there is one.
pub(super) fn load(database: &Database) -> Result<Option<EventMemory>> {
    if database.is_empty()? {
        return Ok(None);
    }
    // An object that was made by an earlier version lacks tables that came later.
    database.run(SCHEMA, vec![])?;
    let missing = |name: &str| Error::RustError(format!("the coordinator has lost '{name}'"));
    let live: LiveState = database.load("live")?.ok_or_else(|| missing("live"))?;
    let segments: Vec<Segment> = parts(database, "SELECT json FROM segments ORDER BY position")?;
    let stops: Vec<Stop> = parts(database, "SELECT json FROM stops ORDER BY position")?;
    let state = EventState {
        constants: database.load("constants")?.ok_or_else(|| missing("constants"))?,
        settings: database.load("settings")?.ok_or_else(|| missing("settings"))?,
        progress: database.load("progress")?.ok_or_else(|| missing("progress"))?,
        schedule: Schedule::from_parts(segments, stops, live.lease_until),
        live,
    };
    let mut event = EventMemory::new(state);
    for row in database.rows("SELECT draw, shard, frozen FROM announced", vec![])? {
        let frozen = row
            .optional_text(2)?
            .map(|json| serde_json::from_slice(json.as_bytes()))
            .transpose()?;
        let (draw, shard) = (Draw(row.integer(0)? as u32), Shard(row.integer(1)? as u16));
        event.declared.entry(draw).or_default().insert(shard, frozen);
    }
    for row in database.rows("SELECT json FROM reports", vec![])? {
        let report: ShardReport = row.json(0)?;
        event.reports.insert(report.shard, report);
    }
    event.sessions = load_sessions(database)?;
    event.slots_unknown_until = database.load("slots_until")?.unwrap_or_default();
    event.slots_stored_until = event.slots_unknown_until;
    Ok(Some(event))
}

fn load_sessions(database: &Database) -> Result<EventSessions> {
    let mut shards = BTreeMap::new();
    for row in database.rows("SELECT shard, json FROM sessions", vec![])? {
        shards.insert(Shard(row.integer(0)? as u16), row.json(1)?);
    }
    let mut ended = Vec::new();
    for row in database.rows("SELECT position, mark, until FROM ended ORDER BY position", vec![])? {
        let session = SessionMark::parse(row.text(1)?);
        let session = session.ok_or_else(|| Error::RustError("the mark of an ended session is broken".to_owned()))?;
        let until = row.integer(2)?;
        ended.push((row.integer(0)?, EndedSession { session, until }));
    }
    let end = database.load("ended_end")?.unwrap_or_default();
    Ok(EventSessions::stored(shards, ended, end))
}

/// Writes what a shard's report of sessions changed.
pub(super) fn save_sessions(database: &Database, shard: Shard, noted: &NotedSessions) -> Result<()> {
    if let Some(totals) = noted.totals {
        let values = vec![integer(shard.0), json(&totals)];
        database.run("INSERT OR REPLACE INTO sessions (shard, json) VALUES (?, ?)", values)?;
    }
    for (position, one) in &noted.added {
        let values = vec![integer(*position), one.session.to_string().into(), integer(one.until)];
        database.run("INSERT INTO ended (position, mark, until) VALUES (?, ?, ?)", values)?;
    }
    if let Some((last, _)) = noted.added.last() {
        database.save("ended_end", &(last + 1))?;
    }
    database.run("DELETE FROM ended WHERE position < ?", vec![integer(noted.first)])
}

fn parts<T: serde::de::DeserializeOwned>(database: &Database, statement: &str) -> Result<Vec<T>> {
    database
        .rows(statement, vec![])?
        .iter()
        .map(|row| row.json(0))
        .collect()
}

/// Writes a new event.
pub(super) fn create(database: &Database, event: &EventState, chain: &SecretChain) -> Result<()> {
    database.run(SCHEMA, vec![])?;
    save_chain(database, chain)?;
    database.save("constants", &event.constants)?;
    database.save("settings", &event.settings)?;
    database.save("live", &event.live)?;
    database.save("progress", &event.progress)?;
    save_schedule(database, &Schedule::default(), &event.schedule)
}

/// Writes what has changed, nothing else.
pub(super) fn save_changes(database: &Database, before: &EventState, after: &EventState) -> Result<()> {
    if before.settings != after.settings {
        database.save("settings", &after.settings)?;
    }
    if before.live != after.live {
        database.save("live", &after.live)?;
    }
    if before.progress != after.progress {
        database.save("progress", &after.progress)?;
    }
    save_schedule(database, &before.schedule, &after.schedule)
}

/// Mostly nothing, else the last segments. The lease is part of the live state.
fn save_schedule(database: &Database, before: &Schedule, after: &Schedule) -> Result<()> {
    let segments = before.segments();
    let same = segments
        .iter()
        .zip(after.segments())
        .take_while(|(before, after)| before == after)
        .count();
    if same < segments.len() {
        database.run("DELETE FROM segments WHERE position >= ?", vec![integer(same as u64)])?;
    }
    append(
        database,
        "INSERT INTO segments (position, json) VALUES (?, ?)",
        after.segments(),
        same,
    )?;
    append(
        database,
        "INSERT INTO stops (position, json) VALUES (?, ?)",
        after.stops().as_slice(),
        before.stops().as_slice().len(),
    )
}

fn append<T: Serialize>(database: &Database, statement: &str, parts: &[T], from: usize) -> Result<()> {
    for (position, part) in parts.iter().enumerate().skip(from) {
        database.run(statement, vec![integer(position as u64), json(part)])?;
    }
    Ok(())
}

fn save_chain(database: &Database, chain: &SecretChain) -> Result<()> {
    database.run(
        "INSERT INTO chain (id, checkpoints) VALUES (0, ?)",
        vec![chain.to_bytes().into()],
    )
}

pub(super) fn load_chain(database: &Database) -> Result<SecretChain> {
    let row = database.row("SELECT checkpoints FROM chain", vec![])?;
    let chain = row.map(|row| row.bytes(0).map(SecretChain::from_bytes)).transpose()?;
    chain
        .flatten()
        .ok_or_else(|| Error::RustError("the coordinator has lost its secrets".to_owned()))
}

pub(super) fn load_record(database: &Database, draw: Draw) -> Result<Option<SignedRecord>> {
    database
        .row("SELECT json FROM records WHERE draw = ?", vec![integer(draw.0)])?
        .map(|row| row.json(0))
        .transpose()
}

/// The drawn windows of a page.
pub(super) fn load_drawn(database: &Database, page: u32) -> Result<Vec<Draw>> {
    let first = page.saturating_mul(WINDOWS_PER_PAGE);
    let end = first.saturating_add(WINDOWS_PER_PAGE);
    let rows = database.rows(
        "SELECT draw FROM records WHERE draw >= ? AND draw < ? ORDER BY draw",
        vec![integer(first), integer(end)],
    )?;
    rows.iter().map(|row| Ok(Draw(row.integer(0)? as u32))).collect()
}

pub(super) fn save_record(database: &Database, record: &SignedRecord) -> Result<()> {
    database.run(
        "INSERT INTO records (draw, json) VALUES (?, ?)",
        vec![integer(record.record.draw.0), json(record)],
    )
}

pub(super) fn save_declaration(database: &Database, draw: Draw, shard: Shard) -> Result<()> {
    database.run(
        "INSERT INTO announced (draw, shard) VALUES (?, ?)",
        vec![integer(draw.0), integer(shard.0)],
    )
}

fn save_frozen(database: &Database, draw: Draw, tickets: &ShardTickets) -> Result<()> {
    database.run(
        "UPDATE announced SET frozen = ? WHERE draw = ? AND shard = ?",
        vec![json(tickets), integer(draw.0), integer(tickets.frozen.shard.0)],
    )
}

pub(super) fn forget_declarations(database: &Database, draw: Draw) -> Result<()> {
    database.run("DELETE FROM announced WHERE draw = ?", vec![integer(draw.0)])
}

pub(super) fn save_report(database: &Database, report: &ShardReport) -> Result<()> {
    database.run(
        "INSERT OR REPLACE INTO reports (shard, json) VALUES (?, ?)",
        vec![integer(report.shard.0), json(report)],
    )
}
