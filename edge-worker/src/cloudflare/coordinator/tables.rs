//! An event in the coordinator's memory, and how its parts are read from and written to the tables of `schema.sql`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::{chain::SecretChain, digest::FrozenShard, record::SignedRecord},
    identity::{Bytes32, Draw, EventId, EventKey, Shard},
    schedule::{Schedule, Segment, Stop},
    timestamp::UnixMillis,
    wire::PutEvent,
};
use worker::{Error, Result};

use super::super::{
    database::{Database, integer, json},
    messages::Attempt,
};

pub(super) const SCHEMA: &str = include_str!("schema.sql");

/// What the first put fixed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Fixed {
    pub(super) event_id: EventId,
    /// The queue opened with the first put.
    pub(super) opened_at: UnixMillis,
    pub(super) key: EventKey,
    pub(super) commitment: Bytes32,
}

/// What the last put of the event said.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Put {
    pub(super) put: PutEvent,
    /// The longest there ever was: windows of that length may still run.
    pub(super) longest_shopping_ms: u64,
}

/// What every accepted put writes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Pulse {
    pub(super) version: u64,
    /// The operation that brought this version, and what it was answered.
    pub(super) attempt: Option<Attempt>,
    pub(super) effective_at: UnixMillis,
    pub(super) lease_until: Option<UnixMillis>,
    pub(super) paused: bool,
    pub(super) sold_out: bool,
}

/// How far draws are closed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Progress {
    /// This draw is being closed: nothing is announced up to it any more.
    pub(super) closing: Option<Draw>,
    /// Everything up to this draw is closed, draws without tickets included.
    pub(super) closed_through: Option<Draw>,
    /// The last draw that has a record.
    pub(super) last_closed: Option<Draw>,
    pub(super) draws_closed: u32,
    pub(super) last_place: u64,
    /// Hash of the last record, zeros before the first.
    pub(super) last_hash: Bytes32,
}

impl Progress {
    pub(super) const START: Progress = Progress {
        closing: None,
        closed_through: None,
        last_closed: None,
        draws_closed: 0,
        last_place: 0,
        last_hash: Bytes32([0; 32]),
    };

    /// Announcements up to this draw are refused.
    pub(super) fn refused_through(&self) -> Option<Draw> {
        self.closing.max(self.closed_through)
    }
}

/// The event. What is in here is in the tables too: every change writes both, and one that fails forgets this copy.
pub(super) struct Event {
    pub(super) fixed: Fixed,
    pub(super) put: Put,
    pub(super) pulse: Pulse,
    pub(super) progress: Progress,
    pub(super) schedule: Schedule,
    /// Draws that are not closed, and what their shards said when they were frozen.
    pub(super) announced: BTreeMap<Draw, BTreeMap<Shard, Option<FrozenShard>>>,
    pub(super) joined: BTreeMap<Shard, u64>,
}

/// The event, if there is one.
pub(super) fn load(database: &Database) -> Result<Option<Event>> {
    if database.is_empty()? {
        return Ok(None);
    }
    let missing = |name: &str| Error::RustError(format!("the coordinator has lost '{name}'"));
    let pulse: Pulse = database.load("pulse")?.ok_or_else(|| missing("pulse"))?;
    let segments: Vec<Segment> = parts(database, "SELECT json FROM segments ORDER BY position")?;
    let stops: Vec<Stop> = parts(database, "SELECT json FROM stops ORDER BY position")?;
    let mut announced = BTreeMap::<Draw, BTreeMap<Shard, Option<FrozenShard>>>::new();
    for row in database.rows("SELECT draw, shard, frozen FROM announced", vec![])? {
        let frozen = row.optional_text(2)?.map(serde_json::from_str).transpose()?;
        let draw = Draw(row.integer(0)? as u32);
        announced
            .entry(draw)
            .or_default()
            .insert(Shard(row.integer(1)? as u16), frozen);
    }
    let joined = database.rows("SELECT shard, tickets FROM joined", vec![])?;
    Ok(Some(Event {
        fixed: database.load("event")?.ok_or_else(|| missing("event"))?,
        put: database.load("put")?.ok_or_else(|| missing("put"))?,
        progress: database.load("progress")?.ok_or_else(|| missing("progress"))?,
        schedule: Schedule::from_parts(segments, stops, pulse.lease_until),
        pulse,
        announced,
        joined: joined
            .iter()
            .map(|row| Ok((Shard(row.integer(0)? as u16), row.integer(1)?)))
            .collect::<Result<_>>()?,
    }))
}

fn parts<T: serde::de::DeserializeOwned>(database: &Database, statement: &str) -> Result<Vec<T>> {
    database
        .rows(statement, vec![])?
        .iter()
        .map(|row| row.json(0))
        .collect()
}

/// Changes the schedule and writes only what has changed of it: mostly nothing, else its last segments. The lease is the
/// pulse's, which every caller that moves it writes.
pub(super) fn change_schedule<T>(
    database: &Database,
    schedule: &mut Schedule,
    change: impl FnOnce(&mut Schedule) -> T,
) -> Result<T> {
    let segments = schedule.segments().to_vec();
    let stops = schedule.stops().as_slice().len();
    let changed = change(schedule);
    let same = segments
        .iter()
        .zip(schedule.segments())
        .take_while(|(before, after)| before == after)
        .count();
    if same < segments.len() {
        database.run("DELETE FROM segments WHERE position >= ?", vec![integer(same as u64)])?;
    }
    append(
        database,
        "INSERT INTO segments (position, json) VALUES (?, ?)",
        schedule.segments(),
        same,
    )?;
    append(
        database,
        "INSERT INTO stops (position, json) VALUES (?, ?)",
        schedule.stops().as_slice(),
        stops,
    )?;
    Ok(changed)
}

fn append<T: Serialize>(database: &Database, statement: &str, parts: &[T], from: usize) -> Result<()> {
    for (position, part) in parts.iter().enumerate().skip(from) {
        database.run(statement, vec![integer(position as u64), json(part)])?;
    }
    Ok(())
}

pub(super) fn save_chain(database: &Database, chain: &SecretChain) -> Result<()> {
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

pub(super) fn save_record(database: &Database, record: &SignedRecord) -> Result<()> {
    database.run(
        "INSERT INTO records (draw, json) VALUES (?, ?)",
        vec![integer(record.record.draw.0), json(record)],
    )
}

pub(super) fn save_announcement(database: &Database, draw: Draw, shard: Shard) -> Result<()> {
    database.run(
        "INSERT INTO announced (draw, shard) VALUES (?, ?)",
        vec![integer(draw.0), integer(shard.0)],
    )
}

pub(super) fn save_frozen(database: &Database, draw: Draw, frozen: &FrozenShard) -> Result<()> {
    database.run(
        "UPDATE announced SET frozen = ? WHERE draw = ? AND shard = ?",
        vec![json(frozen), integer(draw.0), integer(frozen.shard.0)],
    )
}

pub(super) fn forget_announcements(database: &Database, draw: Draw) -> Result<()> {
    database.run("DELETE FROM announced WHERE draw = ?", vec![integer(draw.0)])
}

pub(super) fn save_joined(database: &Database, shard: Shard, joined: u64) -> Result<()> {
    database.run(
        "INSERT OR REPLACE INTO joined (shard, tickets) VALUES (?, ?)",
        vec![integer(shard.0), integer(joined)],
    )
}
