//! The coordinator: one Durable Object per event. It holds what there is one of: configuration, the chain of secrets, the
//! schedule, the records of closed draws.
//!
//! [`puts`] takes what the origin says, [`draws`] lets shards announce themselves, [`close`] closes draws and [`site`] asks a site for its health on the alarm,
//! [`tables`] is the event in memory and on disk. Everything but closing is one synchronous stretch, so nothing interleaves
//! with it; where closing awaits, its comments say what may happen meanwhile.

mod close;
mod draws;
mod puts;
mod site;
mod tables;

use std::{
    cell::{Cell, RefCell, RefMut},
    pin::pin,
    time::Duration,
};

use futures_util::future::{Either, select};
use stanchion_shared::{lives::Lives, standing::Snapshot, timestamp::UnixMillis};
use worker::{Delay, DurableObject, Env, Request, Response, Result, State, console_error, durable_object};

use super::{
    database::Database,
    messages::{
        Announce, PutEventMessage, PutReleaseMessage, ReadEventKey, ReadRecord, ReadSchedule, ReadSnapshot, Report,
        ToCoordinator,
    },
    now,
    objects::{self, Objects},
};
use crate::{
    event::{Reported, joins_per_second},
    platform::StoreError,
};
use tables::Event;

/// The pace of joins is measured over at least this long, in ms: shards report every two seconds, each when it likes.
const PACE_OVER_MS: u64 = 4_000;

/// While a site is waited for, whether a draw has fallen due is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// See the module.
#[durable_object(alarm)]
pub struct Coordinator {
    env: Env,
    objects: Objects,
    database: Database,
    /// The event, once it was read. `None` also after a failed change: what is on disk counts.
    event: RefCell<Option<Event>>,
    /// When the alarm rings, as far as this instance knows.
    alarm: Cell<Option<UnixMillis>>,
    /// An alarm is at work; it sets the next one when it is done.
    closing: Cell<bool>,
    /// A site that did not answer well is not asked again before this instant.
    ask_site_not_before: Cell<UnixMillis>,
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
            ToCoordinator::ReadSnapshot(_) => {
                let snapshot = self.read(|event| Ok(snapshot(event, now())));
                objects::answer::<ReadSnapshot>(snapshot.map_err(broken))
            }
            ToCoordinator::ReadEventKey(_) => {
                let key = self.read(|event| Ok(event.rules.fixed.key.clone()));
                objects::answer::<ReadEventKey>(key.map_err(broken))
            }
            ToCoordinator::ReadRecord(ReadRecord { draw }) => {
                let record = self.read(|_| tables::load_record(&self.database, draw));
                objects::answer::<ReadRecord>(record.map(Option::flatten).map_err(broken))
            }
            ToCoordinator::ReadSchedule(_) => {
                let schedule = self.read(|event| Ok(event.rules.schedule.clone()));
                objects::answer::<ReadSchedule>(schedule.map_err(broken))
            }
            ToCoordinator::Announce(announce) => {
                objects::answer::<Announce>(self.announce(announce).map_err(broken).and_then(known))
            }
            ToCoordinator::Report(report) => {
                objects::answer::<Report>(self.report(report).map_err(broken).and_then(known))
            }
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.alarm.set(None);
        self.closing.set(true);
        let not_before = self.close_and_ask().await;
        // An error here would make the runtime ring again, later and later; we know better when. If the copy was forgotten, it
        // is read anew here, and must not set an alarm for at once: only from here on alarms are set.
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

impl Coordinator {
    /// Closes what is due and asks the site for its health. However long the site lets itself be waited for, draws that fall
    /// due meanwhile are closed. Says before when the next draw must not be closed.
    async fn close_and_ask(&self) -> UnixMillis {
        let (mut left, mut not_before) = (close::FREEZES_PER_ALARM, UnixMillis(0));
        let mut asking = pin!(self.ask_site());
        loop {
            let is_due = self.is_due(not_before);
            not_before = {
                let working = pin!(self.close_or_wait(is_due, not_before, &mut left));
                match select(asking.as_mut(), working).await {
                    // What has begun is done to its end.
                    Either::Left(((), closing)) if is_due => return closing.await,
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
        // An event that cannot be read is none that can be closed; the end of the alarm says so.
        close_at.ok().flatten().flatten().is_some_and(|at| at <= now())
    }

    /// Closes what is due, or lets a moment pass if nothing is. Says before when the next draw must not be closed.
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
    fn read<T>(&self, work: impl FnOnce(&Event) -> Result<T>) -> Result<Option<T>> {
        self.loaded()?.as_ref().map(work).transpose()
    }

    /// Does one synchronous piece of work on the event, `None` if there is none. What it writes is written all or not at
    /// all; if it fails, the copy in memory is forgotten.
    fn change<T>(&self, work: impl FnOnce(&mut Event) -> Result<T>) -> Result<Option<T>> {
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

    fn loaded(&self) -> Result<RefMut<'_, Option<Event>>> {
        let mut slot = self.event.borrow_mut();
        if slot.is_none() {
            *slot = tables::load(&self.database)?;
            if let Some(event) = slot.as_ref() {
                // An alarm survives a crash; one that was at work just then may not in every runtime: set it again.
                self.arm(event, UnixMillis(0))?;
            }
        }
        Ok(slot)
    }

    /// Sets the alarm to the close of the next draw, but not before `not_before`, or to the next question to the site. An
    /// alarm that rings too early does no harm, so it is moved only forward.
    fn arm(&self, event: &Event, not_before: UnixMillis) -> Result<()> {
        let close_at = event.close_at(not_before);
        let ask_site_at = event.rules.ask_site_at(event.joined(), now());
        let ask_site_at = ask_site_at.map(|at| at.max(self.ask_site_not_before.get()));
        let Some(at) = [close_at, ask_site_at].into_iter().flatten().min() else {
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

fn snapshot(event: &Event, now: UnixMillis) -> Snapshot {
    let mut reported = Reported {
        joined: event.joined.values().sum(),
        ..Reported::default()
    };
    event.scores.values().for_each(|scores| reported.scores.merge(scores));
    let counted = (reported.scores.joins(), now);
    let (before, mut per_second) = event.pace.get();
    if now.since(before.1) >= PACE_OVER_MS {
        // The first count after a start has nothing to compare with.
        let has_before = before.1 > UnixMillis(0);
        per_second = if has_before {
            joins_per_second(before, counted)
        } else {
            0
        };
        event.pace.set((counted, per_second));
    }
    reported.joins_per_second = per_second;
    event.rules.snapshot(reported, Lives::default(), now)
}
