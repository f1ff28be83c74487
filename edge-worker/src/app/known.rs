//! What this instance knows of events, so that a poll costs arithmetic only: the newest snapshot, the records of closed
//! draws, the key for tags.
//!
//! A snapshot up to [`REFRESH_AGE_MS`] old is simply used. Older, one request fetches a new one while the others go on with
//! what there is, up to [`EFFECT_DELAY_MS`]; beyond that every request fetches its own, or is refused.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use stanchion_shared::{
    draw::record::SignedRecord,
    identity::{Draw, EventId, EventKey},
    schedule::EFFECT_DELAY_MS,
    standing::Snapshot,
    timestamp::UnixMillis,
};

use super::{answer::Refusal, recent::Recent};
use crate::platform::{Platform, StoreError};

/// From this age on a snapshot is replaced, in ms.
const REFRESH_AGE_MS: u64 = 1_000;
/// A refresh that takes longer than this is taken for lost, in ms.
const REFRESH_PATIENCE_MS: u64 = 1_000;
/// An id that is not an event is not asked for again for this long, in ms.
const UNKNOWN_FOR_MS: u64 = 1_000;
/// Most events and unknown ids that are remembered.
const MAX_EVENTS: usize = 256;
/// Draw records that are surely remembered, of all events together; each has up to 12 KiB.
const RECORDS: usize = 256;

#[derive(Default)]
struct Event {
    snapshot: Option<Rc<Snapshot>>,
    asked_at: UnixMillis,
    refreshing: bool,
    /// The last answer was that there is no such event. A store that did not answer has said nothing.
    unknown: bool,
    key: Option<EventKey>,
}

thread_local! {
    static EVENTS: RefCell<HashMap<EventId, Event>> = RefCell::default();
    /// By the coordinator's life as well: one that was restored may close a draw anew.
    static DRAWN: RefCell<Recent<(EventId, u32, Draw), Rc<SignedRecord>>> = RefCell::new(Recent::new(RECORDS));
}

fn with_event<T>(event: &EventId, change: impl FnOnce(&mut Event) -> T) -> T {
    EVENTS.with_borrow_mut(|events| {
        if !events.contains_key(event) && events.len() >= MAX_EVENTS {
            let oldest = events
                .iter()
                .min_by_key(|(_, event)| event.asked_at)
                .map(|(id, _)| id.clone());
            oldest.and_then(|id| events.remove(&id));
        }
        change(events.entry(event.clone()).or_default())
    })
}

enum Plan {
    Use(Rc<Snapshot>),
    Unknown,
    Fetch,
}

fn plan(event: &mut Event, now: UnixMillis) -> Plan {
    let since_asked = now.since(event.asked_at);
    let Some(snapshot) = &event.snapshot else {
        return if event.unknown && !event.refreshing && since_asked < UNKNOWN_FOR_MS {
            Plan::Unknown
        } else {
            Plan::Fetch
        };
    };
    let age = now.since(snapshot.as_of);
    let refreshed_by_another = event.refreshing && since_asked < REFRESH_PATIENCE_MS;
    if age <= REFRESH_AGE_MS || (age <= EFFECT_DELAY_MS && refreshed_by_another) {
        return Plan::Use(Rc::clone(snapshot));
    }
    Plan::Fetch
}

/// The event as of at most [`EFFECT_DELAY_MS`] ago.
///
/// # Errors
/// 404 if there is no such event, 503 if nothing young enough can be had.
pub(super) async fn snapshot<P: Platform>(platform: &P, event: &EventId) -> Result<Rc<Snapshot>, Refusal> {
    let now = platform.now();
    let planned = with_event(event, |known| {
        let plan = plan(known, now);
        if matches!(plan, Plan::Fetch) {
            known.asked_at = now;
            known.refreshing = true;
        }
        plan
    });
    match planned {
        Plan::Use(snapshot) => return Ok(snapshot),
        Plan::Unknown => return Err(Refusal::unknown_event()),
        Plan::Fetch => {}
    }
    match refresh(platform, event).await {
        Ok(Known::Unknown) => Err(Refusal::unknown_event()),
        // Where the store did not answer, what there is may be young enough.
        Ok(Known::Event) | Err(_) => young(platform, event),
    }
}

/// As [`snapshot`]; `None` if there is no such event.
pub(super) async fn snapshot_if_any<P: Platform>(
    platform: &P,
    event: &EventId,
) -> Result<Option<Rc<Snapshot>>, Refusal> {
    match snapshot(platform, event).await {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(refusal) if refusal.is_unknown_event() => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// As [`snapshot`], but taken after this was called.
pub(super) async fn newest_snapshot<P: Platform>(platform: &P, event: &EventId) -> Result<Rc<Snapshot>, Refusal> {
    match refresh(platform, event).await? {
        Known::Unknown => Err(Refusal::unknown_event()),
        Known::Event => young(platform, event),
    }
}

enum Known {
    Event,
    Unknown,
}

/// Fetches the newest snapshot into what is known.
async fn refresh<P: Platform>(platform: &P, event: &EventId) -> Result<Known, StoreError> {
    let fetched = platform.snapshot(event).await;
    let now = platform.now();
    with_event(event, |known| {
        known.refreshing = false;
        let fetched = fetched?;
        // Two fetches may overtake one another: only a younger snapshot replaces what is there.
        let younger = fetched
            .as_ref()
            .is_none_or(|new| known.snapshot.as_ref().is_none_or(|old| new.as_of >= old.as_of));
        if younger {
            let commitment = |snapshot: &Snapshot| snapshot.commitment;
            if known.snapshot.as_deref().map(commitment) != fetched.as_ref().map(commitment) {
                known.key = None; // of a queue that is gone
            }
            known.unknown = fetched.is_none();
            known.snapshot = fetched.map(Rc::new);
            known.asked_at = now;
        }
        Ok(match known.snapshot {
            Some(_) => Known::Event,
            None => Known::Unknown,
        })
    })
}

fn young<P: Platform>(platform: &P, event: &EventId) -> Result<Rc<Snapshot>, Refusal> {
    let now = platform.now();
    with_event(event, |known| {
        let young = known
            .snapshot
            .as_ref()
            .filter(|snapshot| now.since(snapshot.as_of) <= EFFECT_DELAY_MS);
        young
            .cloned()
            .ok_or_else(|| Refusal::from(StoreError("no snapshot young enough".to_owned())))
    })
}

/// The record of a draw that is closed in `snapshot`; `None` if nobody was in it.
pub(super) async fn record<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    draw: Draw,
) -> Result<Option<Rc<SignedRecord>>, Refusal> {
    let event = &snapshot.event_id;
    let key = (event.clone(), snapshot.lives.coordinator, draw);
    if let Some(record) = DRAWN.with_borrow_mut(|drawn| drawn.find(&key)) {
        return Ok(Some(record));
    }
    let Some(record) = platform.record(event, draw).await?.map(Rc::new) else {
        return Ok(None);
    };
    DRAWN.with_borrow_mut(|drawn| drawn.put(key, Rc::clone(&record)));
    Ok(Some(record))
}

/// The key that makes tags in this event.
pub(super) async fn event_key<P: Platform>(platform: &P, event: &EventId) -> Result<EventKey, Refusal> {
    if let Some(key) = with_event(event, |known| known.key.clone()) {
        return Ok(key);
    }
    let key = platform.event_key(event).await?.ok_or_else(Refusal::unknown_event)?;
    with_event(event, |known| known.key = Some(key.clone()));
    Ok(key)
}
