//! A shard: a Durable Object for one N-th of an event's people. It gives numbers, remembers who has which, and fixes
//! shopping windows.
//!
//! [`join`] gives numbers, many joins in one commit; [`draws`] freezes draws and reads their logs; [`sightings`] knows who used the same things; [`tables`] is the shard
//! in memory and on disk. What is decided for one person is in [`crate::person`]. Only a join ever awaits (its
//! announcement to the coordinator); everything else is one synchronous stretch.

mod draws;
mod join;
mod sightings;
mod tables;

use std::cell::{Cell, RefCell, RefMut};

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{
    database::Database,
    messages::{CountSighted, Freeze, JoinMessage, NoteMessage, ReadLog, ToShard},
    now,
    objects::{self, Objects},
};
use crate::platform::{Claim, ClaimOutcome, Leave, LeaveOutcome, StoreError};
use tables::Memory;

/// See the module.
#[durable_object(alarm)]
pub struct Shard {
    objects: Objects,
    database: Database,
    /// The shard, once it was read. `None` also after a failed change: what is on disk counts.
    memory: RefCell<Option<Memory>>,
    /// Joins that wait for the next commit.
    queue: join::Queue,
    /// How much the coordinator was last told ([`Memory::told`]), and whether an alarm is set to tell it more.
    reported: Cell<u64>,
    will_report: Cell<bool>,
}

impl DurableObject for Shard {
    fn new(state: State, env: Env) -> Self {
        Shard {
            objects: Objects::new(env),
            database: Database::new(&state),
            memory: RefCell::new(None),
            queue: join::Queue::default(),
            reported: Cell::new(0),
            will_report: Cell::new(false),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let message = match objects::read(&mut request).await {
            Ok(message) => message,
            Err(error) => return objects::fault(&error),
        };
        match message {
            ToShard::JoinMessage(message) => objects::answer::<JoinMessage>(self.join(message).await),
            ToShard::Claim(claim) => objects::answer::<Claim>(self.claim(&claim).map_err(broken)),
            ToShard::CountSighted(CountSighted { sight }) => {
                objects::answer::<CountSighted>(self.sighted(&sight).map_err(broken))
            }
            ToShard::NoteMessage(message) => objects::answer::<NoteMessage>(self.note(&message).map_err(broken)),
            ToShard::Leave(leave) => objects::answer::<Leave>(self.leave(&leave).map_err(broken)),
            ToShard::ReadLog(ReadLog { draw }) => objects::answer::<ReadLog>(self.log(draw).map_err(broken)),
            ToShard::Freeze(freeze) => objects::answer::<Freeze>(self.freeze(freeze).map_err(broken)),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.report().await?;
        Response::empty()
    }
}

/// An operation failed inside the object.
fn broken(error: worker::Error) -> StoreError {
    StoreError(format!("the shard's storage: {error}"))
}

impl Shard {
    /// The shard in memory; nothing if nobody ever joined it.
    fn loaded(&self) -> Result<RefMut<'_, Option<Memory>>> {
        let mut slot = self.memory.borrow_mut();
        if slot.is_none() {
            *slot = tables::load(&self.database)?;
        }
        Ok(slot)
    }

    /// Does one synchronous piece of work, `None` if nobody ever joined. What it writes is written all or not at all; if it
    /// fails, the copy in memory is forgotten.
    fn change<T>(&self, work: impl FnOnce(&mut Memory) -> Result<T>) -> Result<Option<T>> {
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

    fn claim(&self, claim: &Claim) -> Result<ClaimOutcome> {
        let claimed = self.change(|_| {
            let Some(mut person) = tables::load_person(&self.database, claim.tag)? else {
                return Ok(ClaimOutcome::Dead);
            };
            let before = person.clone();
            let outcome = person.claim(claim, now());
            if person != before {
                tables::save_person(&self.database, claim.tag, &person)?;
            }
            Ok(outcome)
        })?;
        Ok(claimed.unwrap_or(ClaimOutcome::Dead))
    }

    fn leave(&self, leave: &Leave) -> Result<LeaveOutcome> {
        let left = self.change(|_| {
            let Some(mut person) = tables::load_person(&self.database, leave.tag)? else {
                return Ok(LeaveOutcome::Dead);
            };
            let outcome = person.leave(leave);
            tables::save_person(&self.database, leave.tag, &person)?;
            Ok(outcome)
        })?;
        Ok(left.unwrap_or(LeaveOutcome::Dead))
    }
}
