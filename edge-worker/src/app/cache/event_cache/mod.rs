//! What this instance remembers of events, so that a poll needs no storage: the newest snapshot,
//! the records of closed draws and the list of them, the schedule's chunks, the key for tags.
//!
//! # Layout
//! - this file: the events that this instance knows;
//! - [`directory`]: which events there are at all;
//! - [`snapshots`]: the event as of now, or as it was last known;
//! - [`ended`]: which shopping sessions ended early;
//! - [`draws`]: which windows were drawn, and the records;
//! - [`schedule`]: the schedule's chunks, as they are served;
//! - [`answers`]: what is counted of a site's answers;
//! - [`nearby`]: what instances near this one share.

mod answers;
mod directory;
mod draws;
mod ended;
mod nearby;
mod schedule;
mod snapshots;

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use stanchion_shared::{
    ids::{EventId, EventKey},
    timestamp::UnixMillis,
};

pub(crate) use answers::note_answers;
pub(crate) use directory::learn;
pub(crate) use draws::{drawn_page, record, record_if_drawn};
pub(crate) use ended::has_ended;
pub(crate) use schedule::{ChunkBody, chunk};
pub(crate) use snapshots::{KnownEvent, current, known_since, last_known, last_known_if_any};

use super::{asking::Question, lru::Lru};
use crate::{
    app::http::refusal::Refusal,
    platform::{Platform, QueueStore},
    reading::unsent_answers::UnsentAnswers,
};
use directory::Patience;
use ended::EndedSessions;

/// Events that are surely remembered; there are at most twice as many. Only events that exist are.
const REMEMBERED_EVENTS: usize = 256;

/// One event in the memory of this instance, and one question of each kind.
struct CachedEvent {
    id: EventId,
    known: RefCell<Option<KnownEvent>>,
    /// When the store last said that there is no such event.
    absent_at: Cell<Option<UnixMillis>>,
    /// The store has something to do for the event.
    work_is_due: Cell<bool>,
    /// When this instance last left the snapshot for others that find a silent store.
    left_at: Cell<UnixMillis>,
    /// What the store said last; `None` before it was asked.
    key: RefCell<Option<Option<EventKey>>>,
    last_chunk: RefCell<Option<Rc<ChunkBody>>>,
    /// How the event's site answered, as far as the coordinator was not told.
    unsent_answers: Cell<UnsentAnswers>,
    ended: RefCell<EndedSessions>,
    snapshots: Question,
    records: Question,
    drawn: Question,
    chunks: Question,
    keys: Question,
    ended_pages: Question,
}

thread_local! {
    static EVENTS: RefCell<Lru<EventId, Rc<CachedEvent>>> = RefCell::new(Lru::new(REMEMBERED_EVENTS));
}

impl CachedEvent {
    fn new(id: EventId) -> CachedEvent {
        CachedEvent {
            id,
            known: RefCell::default(),
            absent_at: Cell::default(),
            work_is_due: Cell::new(false),
            left_at: Cell::default(),
            key: RefCell::default(),
            last_chunk: RefCell::default(),
            unsent_answers: Cell::default(),
            ended: RefCell::default(),
            snapshots: Question::new("an event's coordinator (snapshot)"),
            records: Question::new("an event's coordinator (record)"),
            drawn: Question::new("an event's coordinator (list of draws)"),
            chunks: Question::new("an event's coordinator (schedule)"),
            keys: Question::new("an event's coordinator (key)"),
            ended_pages: Question::new("an event's coordinator (ended sessions)"),
        }
    }
}

/// The event, if there is one. An event that does not exist takes no place in any memory and reaches
/// no object.
///
/// # Errors
/// 404 `event_unknown`; 503: whether there is one cannot be said.
async fn find<P: Platform>(platform: &P, event: &EventId, patience: Patience) -> Result<Rc<CachedEvent>, Refusal> {
    if let Some(cached) = EVENTS.with_borrow_mut(|events| events.find(event)) {
        return Ok(cached);
    }
    if !directory::has(platform, event, patience).await? {
        return Err(Refusal::unknown_event());
    }
    Ok(EVENTS.with_borrow_mut(|events| {
        // Another request may have found it meanwhile.
        events.find(event).unwrap_or_else(|| {
            let cached = Rc::new(CachedEvent::new(event.clone()));
            events.put(event.clone(), Rc::clone(&cached));
            cached
        })
    }))
}

/// The key that makes tags in the event. It is read once per instance, the same way as snapshots.
///
/// # Errors
/// 404 `event_unknown`, 503 `unavailable`.
pub(crate) async fn event_key<P: Platform>(platform: &P, event: &EventId) -> Result<EventKey, Refusal> {
    let cached = find(platform, event, Patience::AskAnew).await?;
    let ask = async || {
        let asked_at = platform.now();
        let key = platform.store().event_key(event).await?;
        *cached.key.borrow_mut() = Some(key);
        Ok(asked_at)
    };
    let remembered = || cached.key.borrow().clone();
    let key = cached.keys.answer(platform, remembered, ask).await?;
    key.ok_or_else(|| {
        // The event is only about to be made.
        *cached.key.borrow_mut() = None;
        Refusal::unknown_event()
    })
}
