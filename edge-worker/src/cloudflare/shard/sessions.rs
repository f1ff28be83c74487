//! Counts the shopping sessions of this shard's people, and tells the coordinator of them.

use std::time::Duration;

use stanchion_shared::{
    sessions::{EndedSession, SessionMark, SessionTotals},
    timestamp::UnixMillis,
};
use worker::{Error, Result, console_error};

use super::{
    super::{
        database::{Database, integer},
        messages::{Heard, TellSessions},
        now, objects,
    },
    Shard,
    slots::is_news,
    tables::ShardMemory,
};
use crate::queue::sessions::{MOST_ENDED_TOLD, SessionChange, SessionReport, ended_session};

/// A coordinator that has not answered after this long is silent. It is told again later.
const TELL_LIMIT: Duration = Duration::from_secs(1);

/// What the shard knows of sessions without reading its tables.
#[derive(Default)]
pub(super) struct SessionMemory {
    pub(super) totals: SessionTotals,
    /// Sessions ended of which the coordinator has not been told.
    untold: bool,
    /// When the next session is over by itself, or sooner.
    next_over_at: Option<UnixMillis>,
}

impl SessionMemory {
    pub(super) fn load(database: &Database) -> Result<SessionMemory> {
        Ok(SessionMemory {
            totals: database.load("sessions")?.unwrap_or_default(),
            untold: database.row("SELECT 1 FROM ended_sessions LIMIT 1", vec![])?.is_some(),
            next_over_at: next_over_at(database)?,
        })
    }

    /// Counts a change.
    pub(super) fn note(&mut self, database: &Database, change: &SessionChange) -> Result<()> {
        let before = self.totals;
        match change {
            SessionChange::Began {
                session,
                over_at,
                walked_in,
            } => {
                self.totals.begun += 1;
                self.totals.walked_in += u64::from(*walked_in);
                self.runs(database, session, *over_at)?;
            }
            SessionChange::Moved { session, over_at } if is_counted(database, session)? => {
                self.runs(database, session, *over_at)?;
            }
            SessionChange::Ended { session, token_until } => {
                if is_counted(database, session)? {
                    let row = vec![session.as_str().into()];
                    database.run("DELETE FROM sessions WHERE session = ?", row)?;
                    self.totals.over += 1;
                }
                if let Some(EndedSession { session, until }) = ended_session(session, *token_until) {
                    let row = vec![session.to_string().into(), integer(until)];
                    database.run("INSERT OR REPLACE INTO ended_sessions (mark, until) VALUES (?, ?)", row)?;
                    self.untold = true;
                }
            }
            // It was over before its end moved.
            SessionChange::Moved { session, over_at } => {
                self.totals.revived += 1;
                self.runs(database, session, *over_at)?;
            }
        }
        self.save(database, before)
    }

    fn runs(&mut self, database: &Database, session: &str, over_at: UnixMillis) -> Result<()> {
        let row = vec![session.into(), integer(over_at.0)];
        database.run("INSERT OR REPLACE INTO sessions (session, over_at) VALUES (?, ?)", row)?;
        self.next_over_at = self.next_over_at.into_iter().chain([over_at]).min();
        Ok(())
    }

    /// Counts the sessions that are over by themselves.
    fn count_over(&mut self, database: &Database, now: UnixMillis) -> Result<()> {
        if self.next_over_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        let before = self.totals;
        let row = database.row("SELECT COUNT(*) FROM sessions WHERE over_at <= ?", vec![integer(now.0)])?;
        self.totals.over += row.map_or(Ok(0), |row| row.integer(0))?;
        database.run("DELETE FROM sessions WHERE over_at <= ?", vec![integer(now.0)])?;
        self.next_over_at = next_over_at(database)?;
        self.save(database, before)
    }

    fn save(&self, database: &Database, before: SessionTotals) -> Result<()> {
        match self.totals == before {
            true => Ok(()),
            false => database.save("sessions", &self.totals),
        }
    }
}

fn next_over_at(database: &Database) -> Result<Option<UnixMillis>> {
    let row = database.row("SELECT over_at FROM sessions ORDER BY over_at LIMIT 1", vec![])?;
    row.map(|row| row.integer(0).map(UnixMillis)).transpose()
}

fn is_counted(database: &Database, session: &str) -> Result<bool> {
    let row = database.row("SELECT 1 FROM sessions WHERE session = ?", vec![session.into()])?;
    Ok(row.is_some())
}

fn untold(database: &Database) -> Result<Vec<EndedSession>> {
    let most = vec![integer(MOST_ENDED_TOLD)];
    let rows = database.rows("SELECT mark, until FROM ended_sessions LIMIT ?", most)?;
    let read = |row: &super::super::database::Row| {
        let session = SessionMark::parse(row.text(0)?);
        let session = session.ok_or_else(|| Error::RustError("the mark of an ended session is broken".to_owned()))?;
        let until = row.integer(1)?;
        Ok(EndedSession { session, until })
    };
    rows.iter().map(read).collect()
}

impl Shard {
    /// When the coordinator is to be told of sessions, or one is over by itself.
    pub(super) fn sessions_at(&self, memory: &ShardMemory) -> Option<UnixMillis> {
        let is_news = memory.sessions.untold || is_news(memory.sessions.totals, self.told.get(), &self.slots);
        let tell_at = is_news.then(|| self.telling.get().tell_at(now()));
        [tell_at, memory.sessions.next_over_at].into_iter().flatten().min()
    }

    /// On the alarm: counts the sessions that are over, and tells the coordinator what is news. What
    /// it has not heard is told again, later and later (`queue::sessions::telling`); if it has no such
    /// event any more it is not.
    pub(super) async fn tell_sessions(&self) -> Result<()> {
        let told = self.change(|memory| {
            memory.sessions.count_over(&self.database, now())?;
            let is_news = memory.sessions.untold || is_news(memory.sessions.totals, self.told.get(), &self.slots);
            let mut telling = self.telling.get();
            if !is_news || telling.tell_at(now()) > now() {
                return Ok(None);
            }
            let every_ms = memory.place.tell_every_ms;
            telling.begin(every_ms, now());
            self.telling.set(telling);
            let report = SessionReport {
                shard: memory.place.shard,
                totals: memory.sessions.totals,
                ended: untold(&self.database)?,
                slots_used: self.slots.used(),
            };
            Ok(Some((memory.place.event_id.clone(), report, every_ms)))
        })?;
        if let Some((event_id, report, every_ms)) = told.flatten() {
            let message = TellSessions(report.clone());
            let heard = objects::within(TELL_LIMIT, self.objects.coordinator(&event_id, message)).await;
            let mut telling = self.telling.get();
            match &heard {
                Ok(Heard::Noted | Heard::NoEvent) => telling.note_answer(),
                Err(error) => {
                    console_error!("a shard could not tell of sessions: {error}");
                    // A slot counts only for a while, and its session has to be told before.
                    if report.slots_used.is_empty() {
                        telling.note_silence(every_ms, now());
                    }
                }
            }
            self.telling.set(telling);
            if heard.is_ok() {
                self.note_told(&report)?;
            }
        }
        self.loaded()?.as_ref().map_or(Ok(()), |memory| self.arm(memory))
    }

    fn note_told(&self, report: &SessionReport) -> Result<()> {
        self.told.set(report.totals);
        self.slots.note_told(&report.slots_used);
        self.change(|memory| {
            for one in &report.ended {
                let row = vec![one.session.to_string().into()];
                self.database.run("DELETE FROM ended_sessions WHERE mark = ?", row)?;
            }
            memory.sessions.untold = !untold(&self.database)?.is_empty();
            Ok(())
        })
        .map(|_| ())
    }
}
