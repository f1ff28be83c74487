//! An event in the coordinator's memory, and how its parts are read from and written to the tables of `schema.sql`.

use std::{cell::Cell, collections::BTreeMap};

use serde::Serialize;
use stanchion_shared::{
    draw::{chain::SecretChain, digest::FrozenShard, record::SignedRecord},
    identity::{Draw, Shard},
    schedule::{Schedule, Segment, Stop},
    score::counts::ScoreCounts,
    timestamp::UnixMillis,
};
use worker::{Error, Result};

use super::super::database::{Database, integer, json};
use crate::event::{self, Joined, Pulse};

const SCHEMA: &str = include_str!("schema.sql");

/// The event. What is in here is in the tables too: every change writes both, and one that fails forgets this copy.
pub(super) struct Event {
    pub(super) rules: event::Event,
    /// Draws that are not closed, and what their shards said when they were frozen.
    pub(super) announced: BTreeMap<Draw, BTreeMap<Shard, Option<FrozenShard>>>,
    pub(super) joined: BTreeMap<Shard, u64>,
    pub(super) scores: BTreeMap<Shard, ScoreCounts>,
    /// Scored joins and when, as last measured, and how many a second they were then. A restart measures anew.
    pub(super) pace: Cell<((u64, UnixMillis), u64)>,
}

impl Event {
    pub(super) fn joined(&self) -> Joined {
        match self.announced.is_empty() {
            true => Joined::Nobody,
            false => Joined::Somebody,
        }
    }

    /// When the next draw is to be closed, but not before `not_before`.
    pub(super) fn close_at(&self, not_before: UnixMillis) -> Option<UnixMillis> {
        let draw = self.announced.keys().next();
        draw.map(|&draw| self.rules.closed_at(draw).max(not_before))
    }
}

/// The event, if there is one.
pub(super) fn load(database: &Database) -> Result<Option<Event>> {
    if database.is_empty()? {
        return Ok(None);
    }
    // An object that was made by an earlier version lacks tables that came later.
    database.run(SCHEMA, vec![])?;
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
    let scores = database.rows("SELECT shard, json FROM scores", vec![])?;
    let rules = event::Event {
        fixed: database.load("event")?.ok_or_else(|| missing("event"))?,
        put: database.load("put")?.ok_or_else(|| missing("put"))?,
        progress: database.load("progress")?.ok_or_else(|| missing("progress"))?,
        schedule: Schedule::from_parts(segments, stops, pulse.lease_until),
        pulse,
    };
    Ok(Some(Event {
        rules,
        announced,
        joined: joined
            .iter()
            .map(|row| Ok((Shard(row.integer(0)? as u16), row.integer(1)?)))
            .collect::<Result<_>>()?,
        pace: Cell::default(),
        scores: scores
            .iter()
            .map(|row| Ok((Shard(row.integer(0)? as u16), row.json(1)?)))
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

/// Writes a new event.
pub(super) fn create(database: &Database, event: &event::Event, chain: &SecretChain) -> Result<()> {
    database.run(SCHEMA, vec![])?;
    save_chain(database, chain)?;
    database.save("event", &event.fixed)?;
    database.save("put", &event.put)?;
    database.save("pulse", &event.pulse)?;
    database.save("progress", &event.progress)?;
    save_schedule(database, &Schedule::default(), &event.schedule)
}

/// Writes what a change has changed, nothing else.
pub(super) fn save_changes(database: &Database, before: &event::Event, after: &event::Event) -> Result<()> {
    if before.put != after.put {
        database.save("put", &after.put)?;
    }
    if before.pulse != after.pulse {
        database.save("pulse", &after.pulse)?;
    }
    if before.progress != after.progress {
        database.save("progress", &after.progress)?;
    }
    save_schedule(database, &before.schedule, &after.schedule)
}

/// Mostly nothing, else the last segments. The lease is the pulse's.
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

pub(super) fn save_scores(database: &Database, shard: Shard, scores: &ScoreCounts) -> Result<()> {
    database.run(
        "INSERT OR REPLACE INTO scores (shard, json) VALUES (?, ?)",
        vec![integer(shard.0), json(scores)],
    )
}
