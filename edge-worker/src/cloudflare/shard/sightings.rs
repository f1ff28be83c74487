//! Who used the same things. What points to this shard is counted here; it may be of people who have joined others.

use stanchion_shared::timestamp::UnixMillis;
use worker::Result;

use super::{
    super::{
        database::{Database, integer},
        messages::NoteMessage,
        now,
    },
    Shard,
    join::place_of,
    tables,
};
use crate::platform::{SIGHTINGS_KEPT_MS, Sight, SightedBy};

/// Most things that are forgotten at once: each has up to a thousand rows.
const FORGOTTEN_AT_ONCE: u32 = 100;

impl Shard {
    /// Counts who used what points to this shard.
    pub(super) fn sighted(&self, sight: &Sight) -> Result<SightedBy> {
        if self.loaded()?.is_none() {
            return Ok(SightedBy::of(0, false, sight.most));
        }
        let row = self.database.row(
            "SELECT count(*) FILTER (WHERE tag <> ?2), count(*) FILTER (WHERE tag = ?2) FROM sighted WHERE thing = ?1",
            vec![sight.sighted.0.to_string().into(), sight.tag.to_string().into()],
        )?;
        let (others, noted) = match row {
            Some(row) => (row.integer(0)?, row.integer(1)? > 0),
            None => (0, false),
        };
        let others = u16::try_from(others).unwrap_or(u16::MAX);
        Ok(SightedBy::of(others, noted, sight.most))
    }

    /// Notes who used it. It may be the first that the shard hears of its event.
    pub(super) fn note(&self, message: &NoteMessage) -> Result<()> {
        let mut slot = self.loaded()?;
        let mut fresh = None;
        let noted = self.database.transaction(|| {
            let memory = match slot.as_ref() {
                Some(memory) => memory,
                None => fresh.insert(tables::create(
                    &self.database,
                    place_of(&message.event_id, message.shard),
                )?),
            };
            note(&self.database, &message.sight, now())?;
            self.arm_soon(memory)
        });
        match &noted {
            Ok(()) if fresh.is_some() => *slot = fresh,
            Ok(()) => {}
            Err(_) => self.will_report.set(false),
        }
        noted
    }

    /// On the alarm: forgets what is a week old. Sets the alarm for the rest, if no other is set: one replaces the other, and
    /// a report must not wait for a week.
    pub(super) fn forget_sightings(&self) -> Result<()> {
        forget(&self.database, now())?;
        match soonest(&self.database)? {
            Some(soonest) if !self.will_report.get() => self.database.set_alarm(soonest.max(now().plus(1))),
            _ => Ok(()),
        }
    }
}

fn note(database: &Database, sight: &Sight, now: UnixMillis) -> Result<()> {
    let thing = sight.sighted.0.to_string();
    let noted = database.row(
        "INSERT OR IGNORE INTO sighted (thing, tag) SELECT ?1, ?2 \
         WHERE (SELECT count(*) FROM sighted WHERE thing = ?1) < ?3 RETURNING 1",
        vec![thing.clone().into(), sight.tag.to_string().into(), integer(sight.most)],
    )?;
    if noted.is_none() {
        return Ok(());
    }
    database.run(
        "INSERT OR REPLACE INTO sighted_until (thing, forget_at) VALUES (?, ?)",
        vec![thing.into(), integer(now.plus(SIGHTINGS_KEPT_MS).0)],
    )
}

fn forget(database: &Database, now: UnixMillis) -> Result<()> {
    let due = "SELECT thing FROM sighted_until WHERE forget_at <= ?1 ORDER BY forget_at, thing LIMIT ?2";
    let values = || vec![integer(now.0), integer(FORGOTTEN_AT_ONCE)];
    database.run(&format!("DELETE FROM sighted WHERE thing IN ({due})"), values())?;
    database.run(&format!("DELETE FROM sighted_until WHERE thing IN ({due})"), values())
}

/// When there is something to forget.
fn soonest(database: &Database) -> Result<Option<UnixMillis>> {
    let row = database.row("SELECT forget_at FROM sighted_until ORDER BY forget_at LIMIT 1", vec![])?;
    row.map(|row| row.integer(0).map(UnixMillis)).transpose()
}
