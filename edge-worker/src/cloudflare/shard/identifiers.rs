//! Which people used the same identifiers. A shard counts the identifiers whose hash points to it;
//! the people may have joined through other shards.

use stanchion_shared::{
    ids::Tag,
    score::{identifier_reuse::Identifier, sharing::AccountMix},
    timestamp::UnixMillis,
};
use worker::Result;

use super::{
    super::{
        database::{Database, integer},
        messages::NoteIdentifiers,
        now,
    },
    Shard,
    join::place_of,
    tables,
};
use crate::platform::{IdentifierUse, IdentifierUsers};

/// So many identifiers are forgotten at once: each has up to a thousand rows.
const FORGOTTEN_AT_ONCE: u32 = 100;

impl Shard {
    /// Counts the people who used each of the identifiers.
    pub(super) fn identifier_users(&self, used: &IdentifierUse) -> Result<Vec<IdentifierUsers>> {
        let is_empty = self.loaded()?.is_none();
        let count = |identifier: &Identifier| match is_empty {
            true => Ok(IdentifierUsers::default().with(used.account, false)),
            false => users(&self.database, *identifier, used),
        };
        used.identifiers.iter().map(count).collect()
    }

    /// Notes that a person used identifiers. It may be the first message that the shard gets.
    pub(super) fn note_identifiers(&self, message: &NoteIdentifiers) -> Result<()> {
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
            for identifier in &message.used.identifiers {
                note(&self.database, *identifier, &message.used, now())?;
            }
            self.arm_soon(memory)
        });
        match &noted {
            Ok(()) if fresh.is_some() => *slot = fresh,
            Ok(()) => {}
            Err(_) => self.alarm.set(None),
        }
        noted
    }

    /// On the alarm: forgets what is a week old. Sets the alarm for the rest, if none is set for
    /// sooner.
    pub(super) fn forget_identifiers(&self) -> Result<()> {
        forget(&self.database, now())?;
        match soonest(&self.database)? {
            Some(soonest) => self.ring_at(soonest.max(now().plus(1))),
            None => Ok(()),
        }
    }
}

/// Whether a person is noted for an identifier.
fn is_noted(database: &Database, identifier: Identifier, tag: Tag) -> Result<bool> {
    let values = vec![identifier.0.to_string().into(), tag.to_string().into()];
    let row = database.row("SELECT 1 FROM identifier_uses WHERE identifier = ? AND tag = ?", values)?;
    Ok(row.is_some())
}

/// The people who used an identifier, with the person who asks.
fn users(database: &Database, identifier: Identifier, used: &IdentifierUse) -> Result<IdentifierUsers> {
    let row = database.row(
        "SELECT people, known, new_accounts FROM identifier_counts WHERE identifier = ?",
        vec![identifier.0.to_string().into()],
    )?;
    let noted = match row {
        Some(row) => IdentifierUsers {
            people: u32::try_from(row.integer(0)?).unwrap_or(u32::MAX),
            accounts: AccountMix {
                known: row.integer(1)?,
                new: row.integer(2)?,
            },
            is_noted: false,
        },
        None => IdentifierUsers::default(),
    };
    Ok(noted.with(used.account, is_noted(database, identifier, used.tag)?))
}

fn note(database: &Database, identifier: Identifier, used: &IdentifierUse, now: UnixMillis) -> Result<()> {
    if is_noted(database, identifier, used.tag)? {
        return Ok(());
    }
    let name = identifier.0.to_string();
    database.run(
        "INSERT OR IGNORE INTO identifier_uses (identifier, tag) SELECT ?1, ?2 \
         WHERE coalesce((SELECT people FROM identifier_counts WHERE identifier = ?1), 0) < ?3",
        vec![name.clone().into(), used.tag.to_string().into(), integer(used.most)],
    )?;
    let one = AccountMix::default().with(used.account);
    database.run(
        "INSERT INTO identifier_counts (identifier, people, known, new_accounts, forget_at) VALUES (?1, 1, ?2, ?3, ?4) \
         ON CONFLICT (identifier) DO UPDATE SET people = people + 1, known = known + ?2, \
         new_accounts = new_accounts + ?3, forget_at = ?4",
        vec![
            name.into(),
            integer(one.known),
            integer(one.new),
            integer(now.plus(used.kept_ms).0),
        ],
    )
}

fn forget(database: &Database, now: UnixMillis) -> Result<()> {
    let due = "SELECT identifier FROM identifier_counts WHERE forget_at <= ?1 ORDER BY forget_at, identifier LIMIT ?2";
    let values = || vec![integer(now.0), integer(FORGOTTEN_AT_ONCE)];
    database.run(
        &format!("DELETE FROM identifier_uses WHERE identifier IN ({due})"),
        values(),
    )?;
    database.run(
        &format!("DELETE FROM identifier_counts WHERE identifier IN ({due})"),
        values(),
    )
}

/// When the next identifier is to be forgotten.
fn soonest(database: &Database) -> Result<Option<UnixMillis>> {
    let row = database.row(
        "SELECT forget_at FROM identifier_counts ORDER BY forget_at LIMIT 1",
        vec![],
    )?;
    row.map(|row| row.integer(0).map(UnixMillis)).transpose()
}
