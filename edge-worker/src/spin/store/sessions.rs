//! Shopping sessions. The operation that begins or ends one tells the coordinator at once. What it
//! could not tell, and what is over by itself, comes with the shards' reports.

use stanchion_shared::{
    ids::{EventId, Shard, Tag},
    sessions::{ENDED_PER_PAGE, EndedSession, MOST_ENDED, SessionMark, SessionTotals},
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::{CoordinatorKeys, ShardKeys},
    reply::Reply,
    shard::{ReadPerson, ShardOf, text},
    slots::GivenSlot,
    tickets::write_person,
};
use crate::{
    platform::StoreError,
    queue::{
        person::Person,
        sessions::{SessionChange, SessionReport, ended_session},
    },
};

static SESSION: Script = script!(
    "redis.lua",
    "shard/shard.lua",
    "shard/sessions.lua",
    "shard/session.lua"
);
static TOLD: Script = script!("redis.lua", "shard/shard.lua", "shard/told.lua");
static NOTE_SESSIONS: Script = script!(
    "redis.lua",
    "coordinator/coordinator.lua",
    "coordinator/note_sessions.lua"
);

/// Reads what `session_report` in `sessions.lua` says.
pub(super) fn read_report(shard: Shard, reply: &mut Reply) -> Result<SessionReport, StoreError> {
    let totals = SessionTotals {
        begun: reply.number()?,
        over: reply.number()?,
        revived: reply.number()?,
        walked_in: reply.number()?,
    };
    let mut ended = Vec::new();
    for _ in 0..reply.number::<u32>()? {
        let session = mark(&reply.text()?)?;
        let until = reply.number()?;
        ended.push(EndedSession { session, until });
    }
    Ok(SessionReport {
        shard,
        totals,
        ended,
        slots_used: Vec::new(),
    })
}

fn mark(text: &str) -> Result<SessionMark, StoreError> {
    let broken = || StoreError(format!("the mark of an ended session is not as agreed: {text}"));
    SessionMark::parse(text).ok_or_else(broken)
}

/// Reads `mark:until`.
pub(super) fn read_ended(text: &str) -> Result<EndedSession, StoreError> {
    let broken = || StoreError(format!("an ended session is not as agreed: {text}"));
    let (session, until) = text.split_once(':').ok_or_else(broken)?;
    Ok(EndedSession {
        session: mark(session)?,
        until: until.parse().map_err(|_| broken())?,
    })
}

impl<R: Redis> ShardOf<'_, R> {
    /// Writes a person whose session has changed; `false`: decide anew.
    pub(super) async fn save_session(
        &self,
        tag: Tag,
        read: &ReadPerson,
        person: &Person,
        change: &SessionChange,
        slot: Option<&GivenSlot>,
    ) -> Result<bool, StoreError> {
        let until = slot.map(|slot| text(slot.begins_before.0)).unwrap_or_default();
        let mut arguments = vec![
            self.store.candidate(),
            text(read.epoch),
            tag.0.to_vec(),
            read.stored(),
            write_person(person),
        ];
        match change {
            SessionChange::Began {
                session,
                over_at,
                walked_in,
            } => {
                let kind: &[u8] = if *walked_in { b"walked_in" } else { b"began" };
                arguments.extend([session.clone().into_bytes(), text(over_at.0), until, kind.to_vec()]);
            }
            SessionChange::Moved { session, over_at } => {
                arguments.extend([session.clone().into_bytes(), text(over_at.0), until, b"moved".to_vec()]);
            }
            SessionChange::Ended { session, token_until } => {
                arguments.extend([session.clone().into_bytes(), Vec::new(), until]);
                if let Some(EndedSession { session, until }) = ended_session(session, *token_until) {
                    arguments.extend([text(session), text(until)]);
                }
            }
        }
        let keys = self.keys.with(&["people", "sessions", "ended"]);
        let mut reply = run(self.store.redis, &SESSION, &keys, arguments).await?;
        if !reply.done()? {
            return Ok(false);
        }
        let mut report = read_report(self.shard, &mut reply)?;
        report.slots_used.extend(slot.map(|slot| slot.tag));
        // The person has their answer; what the coordinator has not heard now comes with the next
        // report.
        if let Err(error) = self.store.tell_sessions(self.event, &[report]).await {
            eprintln!("sessions of {} are told later: {error}", self.event);
        }
        Ok(true)
    }
}

impl<R: Redis> Store<'_, R> {
    /// Tells the coordinator of sessions. The shards note what it knows now: they tell it again if it
    /// goes back to an older copy.
    pub(super) async fn tell_sessions(&self, event: &EventId, reports: &[SessionReport]) -> Result<(), StoreError> {
        let mut arguments = vec![self.candidate(), text(MOST_ENDED), text(reports.len())];
        for SessionReport { shard, totals, .. } in reports {
            arguments.push(text(shard.0));
            arguments.extend([totals.begun, totals.over, totals.revived, totals.walked_in].map(text));
        }
        let used: Vec<Tag> = reports.iter().flat_map(|report| report.slots_used.clone()).collect();
        arguments.push(text(used.len()));
        arguments.extend(used.iter().map(text));
        for one in reports.iter().flat_map(|report| &report.ended) {
            arguments.extend([text(one.session), text(one.until)]);
        }
        let keys = CoordinatorKeys::new(event).with(&["session_counts", "ended_sessions", "slots"]);
        if !run(self.redis, &NOTE_SESSIONS, &keys, arguments).await?.done()? {
            return Ok(());
        }
        for report in reports.iter().filter(|report| !report.ended.is_empty()) {
            let keys = ShardKeys::new(event, report.shard).with(&["ended", "told"]);
            let mut arguments = vec![self.candidate(), text(MOST_ENDED)];
            for one in &report.ended {
                arguments.extend([text(one.session), text(one.until)]);
            }
            run(self.redis, &TOLD, &keys, arguments).await?.done()?;
        }
        Ok(())
    }

    /// A page of the list of ended sessions.
    pub(super) async fn ended_page(&self, event: &EventId, page: u64) -> Result<Vec<EndedSession>, StoreError> {
        let key = CoordinatorKeys::new(event).key("ended_sessions");
        let first = page.saturating_mul(ENDED_PER_PAGE);
        let range = [first, first.saturating_add(ENDED_PER_PAGE - 1)].map(text);
        let mut reply = plain(self.redis, "ZRANGEBYSCORE", &[key.as_bytes(), &range[0], &range[1]]).await?;
        let mut ended = Vec::new();
        while !reply.is_empty() {
            ended.push(read_ended(&reply.text()?)?);
        }
        Ok(ended)
    }
}
