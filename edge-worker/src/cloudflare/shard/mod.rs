//! A shard: a Durable Object for one N-th of an event's people. It gives numbers, remembers the
//! people with their numbers, and fixes shopping windows.
//!
//! # Layout
//! - [`join`]: gives numbers, many joins in one commit;
//! - [`draws`]: freezes draws, reads their logs, reports to the coordinator, and carries what a draw
//!   left over;
//! - [`identifiers`]: counts the people who used the same identifiers;
//! - [`sessions`]: counts shopping sessions;
//! - [`slots`]: asks the coordinator for slots of sessions;
//! - [`tables`]: the shard in memory and on disk.
//!
//! [`crate::queue`] decides. Only a join ever awaits (its declaration to the coordinator), what is
//! carried for the same reason, and a session that needs a slot; everything else is one synchronous
//! stretch.

mod draws;
mod identifiers;
mod join;
mod sessions;
mod slots;
mod tables;

use std::cell::{Cell, RefCell, RefMut};

use futures_util::future;
use stanchion_shared::{ids::Tag, sessions::SessionTotals, timestamp::UnixMillis};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{
    database::Database,
    messages::{
        CountIdentifierUsers, Freeze, JoinMessage, NoteIdentifiers, ReadHeldTicket, ReadLog, Settle, ToShard,
        WalkInMessage,
    },
    now,
    objects::{self, Objects},
};
use crate::{
    platform::{Claim, EndOutcome, EndSession, HeldTicket, KeepOutcome, KeepSession, Leave, LeaveOutcome, StoreError},
    queue::{
        person::{self, Person, PersonChange},
        sessions::telling::Telling,
        shard_reports::NextReport,
    },
};
use tables::ShardMemory;

/// See the module.
#[durable_object(alarm)]
pub struct Shard {
    objects: Objects,
    database: Database,
    /// The shard, once it was read. `None` also after a failed change: what is on disk counts.
    memory: RefCell<Option<ShardMemory>>,
    /// Joins that wait for the next commit.
    queue: join::Queue,
    /// How much was last reported to the coordinator ([`ShardMemory::reportable`]), and when more is
    /// to be reported.
    reported: Cell<u64>,
    next_report: Cell<NextReport>,
    /// The counts of sessions that the coordinator was last told, and when it may be told again.
    told: Cell<SessionTotals>,
    slots: slots::Queue,
    telling: Cell<Telling>,
    /// When the alarm rings, as far as this instance knows.
    alarm: Cell<Option<UnixMillis>>,
}

impl DurableObject for Shard {
    fn new(state: State, env: Env) -> Self {
        Shard {
            objects: Objects::new(env),
            database: Database::new(&state),
            memory: RefCell::new(None),
            queue: join::Queue::default(),
            reported: Cell::new(0),
            next_report: Cell::default(),
            told: Cell::default(),
            slots: slots::Queue::default(),
            telling: Cell::default(),
            alarm: Cell::new(None),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let message = match objects::read(&mut request).await {
            Ok(message) => message,
            Err(error) => return objects::fault(&error),
        };
        match message {
            ToShard::JoinMessage(message) => objects::answer::<JoinMessage>(self.join(message).await),
            ToShard::Claim(claim) => objects::answer::<Claim>(self.claim(&claim).await),
            ToShard::WalkInMessage(message) => objects::answer::<WalkInMessage>(self.walk_in(&message).await),
            ToShard::CountIdentifierUsers(CountIdentifierUsers { used }) => {
                objects::answer::<CountIdentifierUsers>(self.identifier_users(&used).map_err(broken))
            }
            ToShard::NoteIdentifiers(message) => {
                objects::answer::<NoteIdentifiers>(self.note_identifiers(&message).map_err(broken))
            }
            ToShard::Leave(leave) => objects::answer::<Leave>(self.leave(&leave).map_err(broken)),
            ToShard::EndSession(end) => objects::answer::<EndSession>(self.end_session(&end).map_err(broken)),
            ToShard::KeepSession(keep) => objects::answer::<KeepSession>(self.keep_session(&keep).map_err(broken)),
            ToShard::ReadLog(ReadLog { draw }) => objects::answer::<ReadLog>(self.log(draw).map_err(broken)),
            ToShard::Freeze(freeze) => objects::answer::<Freeze>(self.freeze(freeze).map_err(broken)),
            ToShard::Settle(settle) => objects::answer::<Settle>(self.settle(settle).await),
            ToShard::ReadHeldTicket(ReadHeldTicket { tag }) => {
                objects::answer::<ReadHeldTicket>(self.held_ticket(tag).map_err(broken))
            }
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.alarm.set(None);
        let (told, frozen) = future::join(self.tell_sessions(), self.freeze_and_report()).await;
        frozen.and(told)?;
        Response::empty()
    }
}

/// An operation failed inside the object.
fn broken(error: worker::Error) -> StoreError {
    StoreError(format!("the shard's storage: {error}"))
}

impl Shard {
    /// The shard in memory; nothing if nobody ever joined it.
    fn loaded(&self) -> Result<RefMut<'_, Option<ShardMemory>>> {
        let mut slot = self.memory.borrow_mut();
        if slot.is_none() {
            *slot = tables::load(&self.database)?;
        }
        Ok(slot)
    }

    /// Does one synchronous piece of work, `None` if nobody ever joined. What it writes is written
    /// all or not at all; if it fails, the copy in memory is forgotten.
    fn change<T>(&self, work: impl FnOnce(&mut ShardMemory) -> Result<T>) -> Result<Option<T>> {
        let mut slot = self.loaded()?;
        let Some(memory) = slot.as_mut() else {
            return Ok(None);
        };
        let worked = self.database.transaction(|| work(memory));
        if worked.is_err() {
            *slot = None;
        }
        worked.map(Some)
    }

    fn held_ticket(&self, tag: Tag) -> Result<Option<HeldTicket>> {
        let known = self.change(|_| tables::load_person(&self.database, tag))?;
        Ok(known.flatten().and_then(|person| person.held))
    }

    fn leave(&self, leave: &Leave) -> Result<LeaveOutcome> {
        self.change_person(leave.tag, |known| person::leave(known, leave, now()))
    }

    fn end_session(&self, end: &EndSession) -> Result<EndOutcome> {
        self.change_person(end.tag, |known| person::end_session(known, end, now()))
    }

    fn keep_session(&self, keep: &KeepSession) -> Result<KeepOutcome> {
        self.change_person(keep.tag, |known| person::keep_session(known, keep, now()))
    }

    /// Does what is decided for a person. A shard that nobody ever joined knows no person.
    fn change_person<T>(&self, tag: Tag, decide: impl Fn(Option<&Person>) -> PersonChange<T>) -> Result<T> {
        let changed = self.change(|memory| {
            let known = tables::load_person(&self.database, tag)?;
            let PersonChange {
                outcome,
                changed,
                session,
            } = decide(known.as_ref());
            if let Some(person) = changed {
                tables::save_person(&self.database, tag, &person)?;
            }
            if let Some(change) = session {
                memory.sessions.note(&self.database, &change)?;
                let mut telling = self.telling.get();
                telling.note_news();
                self.telling.set(telling);
                self.arm(memory)?;
            }
            Ok(outcome)
        })?;
        Ok(changed.unwrap_or_else(|| decide(None).outcome))
    }
}
