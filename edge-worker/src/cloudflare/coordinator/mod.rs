//! The coordinator: one Durable Object per event. It holds what there is one of: settings, the
//! chain of secrets, the schedule, the records of closed draws. [`crate::queue`] decides, the
//! coordinator stores.
//!
//! # Layout
//! - [`puts`]: what the origin says;
//! - [`draws`], [`sessions`]: declarations and reports of shards;
//! - [`close`], [`settle`], [`site`], [`meter`]: on the alarm, draws are closed, shards that missed
//!   one are asked whether they are back, and a protected site is asked for its health and metered;
//! - [`tables`]: the event in memory and on disk.
//!
//! Everything but the alarm is one synchronous stretch, so nothing interleaves with it. Where the
//! alarm awaits, comments say what may happen meanwhile.

mod close;
mod draws;
mod meter;
mod puts;
mod sessions;
mod settle;
mod site;
mod tables;

use std::{
    cell::{Cell, RefCell, RefMut},
    pin::pin,
    time::Duration,
};

use futures_util::future::{Either, join, select};
use stanchion_shared::{epochs::Epochs, meter::SiteAnswers, snapshot::Snapshot, timestamp::UnixMillis};
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, console_error, durable_object};

use super::{
    database::Database,
    messages::{
        Declare, Heard, PutEventMessage, PutReleaseMessage, Read, ReadWithAnswers, Report, TakeSlots, TellSessions,
        ToCoordinator,
    },
    now,
    objects::{self, Objects},
};
use crate::platform::StoreError;
use tables::EventMemory;

/// While the answer of a site is awaited, due draws are looked for this often.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// See the module.
#[durable_object(alarm)]
pub struct Coordinator {
    env: Env,
    objects: Objects,
    database: Database,
    /// The event, once it was read. `None` also after a failed change: what is on disk counts.
    event: RefCell<Option<EventMemory>>,
    /// When the alarm rings, as far as this instance knows.
    alarm: Cell<Option<UnixMillis>>,
    /// An alarm is running; it sets the next one when it is done.
    closing: Cell<bool>,
    /// A site that did not answer well is not asked again before this instant.
    ask_site_not_before: Cell<UnixMillis>,
    /// Silent shards are not asked again before this instant, and from which of them on.
    settle_not_before: Cell<UnixMillis>,
    settle_from: Cell<usize>,
    /// What gates told of the site's answers since this instance began. Nobody needs it for longer
    /// than some seconds.
    answers: Cell<SiteAnswers>,
}

impl DurableObject for Coordinator {
    fn new(state: State, env: Env) -> Self {
        Coordinator {
            objects: Objects::new(env.clone()),
            env,
            database: Database::new(&state),
            event: RefCell::new(None),
            alarm: Cell::new(None),
            closing: Cell::new(false),
            ask_site_not_before: Cell::new(UnixMillis(0)),
            settle_not_before: Cell::new(UnixMillis(0)),
            settle_from: Cell::new(0),
            answers: Cell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let message = match objects::read(&mut request).await {
            Ok(message) => message,
            Err(error) => return objects::fault(&error),
        };
        match message {
            ToCoordinator::PutEventMessage(message) => {
                objects::answer::<PutEventMessage>(self.put_event(message).map_err(broken))
            }
            ToCoordinator::PutReleaseMessage(message) => {
                objects::answer::<PutReleaseMessage>(self.put_release(message).map_err(broken))
            }
            ToCoordinator::Read(read) => self.answer_read(read),
            ToCoordinator::ReadWithAnswers(message) => {
                let ReadWithAnswers { read, answers } = *message;
                let mut all = self.answers.get();
                all.add(answers);
                self.answers.set(all);
                self.answer_read(read)
            }
            ToCoordinator::Declare(declare) => {
                objects::answer::<Declare>(self.declare(declare).map_err(broken).and_then(known))
            }
            ToCoordinator::Report(report) => objects::answer::<Report>(self.report(report).map(heard).map_err(broken)),
            ToCoordinator::TellSessions(told) => {
                objects::answer::<TellSessions>(self.note_sessions(told).map(heard).map_err(broken))
            }
            ToCoordinator::TakeSlots(message) => {
                objects::answer::<TakeSlots>(self.take_slots(&message).map_err(broken).and_then(known))
            }
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.alarm.set(None);
        self.closing.set(true);
        let not_before = self.close_and_ask().await;
        // An error here would make the runtime ring again, later and later, although it is known
        // when to ring. If the copy was forgotten, it is read anew here, and must not set an alarm
        // for at once: only from here on alarms are set.
        let armed = self.read(|event| {
            self.closing.set(false);
            self.arm(event, not_before)
        });
        self.closing.set(false);
        if let Err(error) = armed {
            console_error!("the next alarm is not set: {error}");
            return Err(error);
        }
        Response::empty()
    }
}

/// An operation failed inside the object.
fn broken(error: worker::Error) -> StoreError {
    StoreError(format!("the coordinator's storage: {error}"))
}

fn known<T>(answer: Option<T>) -> std::result::Result<T, StoreError> {
    answer.ok_or_else(|| StoreError("the coordinator has no event yet".to_owned()))
}

fn heard(noted: Option<()>) -> Heard {
    match noted {
        Some(()) => Heard::Noted,
        None => Heard::NoEvent,
    }
}

impl Coordinator {
    fn answer_read(&self, read: Read) -> Result<Response> {
        match read {
            Read::Snapshot => objects::json(self.read(|event| Ok(snapshot(event, now()))).map_err(broken)),
            Read::Schedule(chunk) => {
                let chunk = self.read(|event| Ok(event.state.schedule.chunk(chunk, now())));
                objects::json(chunk.map(Option::flatten).map_err(broken))
            }
            Read::Drawn { page, .. } => {
                let drawn = self.read(|_| tables::load_drawn(&self.database, page));
                objects::json(drawn.map(Option::unwrap_or_default).map_err(broken))
            }
            Read::EventKey => {
                let key = self.read(|event| Ok(event.state.constants.key.clone()));
                objects::json(key.map_err(broken))
            }
            Read::Ended { page, .. } => {
                let ended = self.read(|event| Ok(event.sessions.page(page)));
                objects::json(ended.map(Option::unwrap_or_default).map_err(broken))
            }
            Read::Events(_) => objects::fault(&StoreError("the directory is another object".to_owned())),
            Read::Record(draw) => {
                let record = self.read(|_| tables::load_record(&self.database, draw));
                objects::json(record.map(Option::flatten).map_err(broken))
            }
        }
    }

    /// Closes what is due and asks the site for its health and silent shards whether they are back.
    /// However long they take, the site is metered, and draws that fall due meanwhile are closed.
    /// Returns the earliest instant at which the next draw may be closed.
    async fn close_and_ask(&self) -> UnixMillis {
        let (mut left, mut not_before) = (close::FREEZES_PER_ALARM, UnixMillis(0));
        let mut asking = pin!(join(self.ask_site(), self.settle()));
        loop {
            self.meter();
            let is_due = self.is_due(not_before);
            not_before = {
                let working = pin!(self.close_or_wait(is_due, not_before, &mut left));
                match select(asking.as_mut(), working).await {
                    // A closing that has begun is done to its end.
                    Either::Left((_, closing)) if is_due => return closing.await,
                    Either::Left(_) => return not_before,
                    Either::Right((again_not_before, _)) => again_not_before,
                }
            };
            // The next alarm goes on closing, and asks anew.
            if left == 0 {
                return not_before;
            }
        }
    }

    /// Whether a draw is to be closed now.
    fn is_due(&self, not_before: UnixMillis) -> bool {
        let close_at = self.read(|event| Ok(event.close_at(not_before)));
        // An event that cannot be read has no draw to close; the end of the alarm logs the error.
        close_at.ok().flatten().flatten().is_some_and(|at| at <= now())
    }

    /// Closes what is due, or lets a moment pass if nothing is. Returns the earliest instant at
    /// which the next draw may be closed.
    async fn close_or_wait(&self, is_due: bool, not_before: UnixMillis, left: &mut usize) -> UnixMillis {
        if !is_due {
            Delay::from(LOOK_EVERY).await;
            return not_before;
        }
        self.close_due(left).await.unwrap_or_else(|error| {
            console_error!("a draw is not closed yet: {error}");
            now().plus(close::RETRY_MS)
        })
    }

    /// Reads the event, `None` if there is none.
    fn read<T>(&self, work: impl FnOnce(&EventMemory) -> Result<T>) -> Result<Option<T>> {
        self.loaded()?.as_ref().map(work).transpose()
    }

    /// Does one synchronous piece of work on the event, `None` if there is none. What it writes is
    /// written all or not at all; if it fails, the copy in memory is forgotten.
    fn change<T>(&self, work: impl FnOnce(&mut EventMemory) -> Result<T>) -> Result<Option<T>> {
        let mut slot = self.loaded()?;
        let Some(event) = slot.as_mut() else {
            return Ok(None);
        };
        let worked = self.database.transaction(|| work(event));
        if worked.is_err() {
            *slot = None;
            self.alarm.set(None);
        }
        worked.map(Some)
    }

    fn loaded(&self) -> Result<RefMut<'_, Option<EventMemory>>> {
        let mut slot = self.event.borrow_mut();
        if slot.is_none() {
            *slot = tables::load(&self.database)?;
            if let Some(event) = slot.as_ref() {
                // An alarm survives a crash; one that was at work just then may not in every
                // runtime: set it again.
                self.arm(event, UnixMillis(0))?;
            }
        }
        Ok(slot)
    }

    /// Sets the alarm to the close of the next draw, but not before `not_before`, or to the next
    /// question to the site or to silent shards, or the next decision of the meter. An alarm that
    /// rings too early does no harm, so it is moved only forward.
    fn arm(&self, event: &EventMemory, not_before: UnixMillis) -> Result<()> {
        let close_at = event.close_at(not_before);
        let ask_site_at = event.state.ask_site_at(event.open_tickets(), now());
        let ask_site_at = ask_site_at.map(|at| at.max(self.ask_site_not_before.get()));
        let settle_at = self.settle_at(!event.state.unsettled().is_empty());
        let meter_at = event.meter_at(now());
        let Some(at) = [close_at, ask_site_at, settle_at, meter_at].into_iter().flatten().min() else {
            return Ok(());
        };
        let sooner = self.alarm.get().is_none_or(|set| at < set);
        if sooner && !self.closing.get() {
            self.database.set_alarm(at)?;
            self.alarm.set(Some(at));
        }
        Ok(())
    }
}

fn snapshot(event: &EventMemory, now: UnixMillis) -> Snapshot {
    event.state.snapshot(event.totals(now), Epochs::default(), now)
}
