//! The event as of now, or as it was last known.
//!
//! A snapshot's age is counted by the clock of the instance that asked for it, from when it asked.
//! Up to [`REFRESH_AGE_MS`] it is used as it is. Then one request fetches a new one, and the others
//! go on with what there is.
//!
//! - *Current* is a snapshot up to [`EFFECT_DELAY_MS`]: what is decided with it is what every edge
//!   decides. A turn, a join and a claim need one.
//! - Up to [`STALE_MS`] a snapshot still says what was last known. That is enough for the gate to
//!   let people in who are in, and for a poll to repeat where a ticket stood.

use std::{ops::Deref, pin::pin, rc::Rc, time::Duration};

use futures_util::future::select;
use stanchion_shared::{ids::EventId, schedule::EFFECT_DELAY_MS, snapshot::Snapshot, timestamp::UnixMillis};

use super::{
    super::asking::Asked,
    CachedEvent,
    directory::Patience,
    find,
    nearby::{self, Dated},
};
use crate::{
    app::http::refusal::Refusal,
    platform::{Platform, QueueStore, SNAPSHOT_AGE_MS, StoreError},
};

/// A snapshot of this age is replaced, in ms.
const REFRESH_AGE_MS: u64 = 1_000;
/// The last snapshot known is used up to this age, in ms, where that is safe: ten minutes, which is
/// longer than a deployment, a failover or a restart takes. Whoever revokes a session while the
/// coordinator is silent is obeyed when it answers again.
pub(crate) const STALE_MS: u64 = 600_000;
/// A snapshot that another instance nearby fetched is taken up to this age, in ms.
const NEARBY_FRESH_MS: u64 = 500;
/// And is kept for so long by the cache's own clock, in seconds: that bounds a mistake of the clocks
/// of two machines.
const NEARBY_FRESH_SECONDS: u32 = 1;
/// So often an instance leaves its snapshot for those that find a silent store, in ms.
const LEAVE_EVERY_MS: u64 = 10_000;
/// For so long nobody is asked again for an event that the directory has and nobody has made, in ms.
const ABSENT_FOR_MS: u64 = 1_000;
/// A piece of due work may take the request that finds it so long, in ms.
const WORK_LIMIT_MS: u64 = 5_000;
/// How often a request that needs a current snapshot looks for one.
const TRIES: usize = 3;

/// An event as this instance knows it.
#[derive(Clone)]
pub(crate) struct KnownEvent {
    snapshot: Rc<Snapshot>,
    /// By this instance's clock.
    asked_at: UnixMillis,
}

impl Deref for KnownEvent {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl KnownEvent {
    fn age_ms(&self, now: UnixMillis) -> u64 {
        now.since(self.asked_at)
    }

    /// Whether every edge decides the same with it.
    pub(crate) fn is_current(&self, now: UnixMillis) -> bool {
        self.age_ms(now) + SNAPSHOT_AGE_MS <= EFFECT_DELAY_MS
    }

    fn is_fresh(&self, now: UnixMillis) -> bool {
        self.age_ms(now) <= REFRESH_AGE_MS
    }

    fn is_usable(&self, now: UnixMillis) -> bool {
        self.age_ms(now) <= STALE_MS
    }
}

impl CachedEvent {
    fn known(&self) -> Option<KnownEvent> {
        self.known.borrow().clone()
    }

    fn is_absent(&self, now: UnixMillis) -> bool {
        self.absent_at.get().is_some_and(|at| now.since(at) <= ABSENT_FOR_MS)
    }

    /// Remembers a snapshot, if it is younger than the one that is there: two fetches may end in the
    /// other order.
    fn remember(&self, snapshot: Snapshot, asked_at: UnixMillis) {
        let mut known = self.known.borrow_mut();
        if known.as_ref().is_some_and(|known| known.asked_at > asked_at) {
            return;
        }
        let is_same_queue = known
            .as_ref()
            .is_none_or(|known| known.commitment == snapshot.commitment);
        if !is_same_queue {
            *self.key.borrow_mut() = None; // the key of a queue that is gone
        }
        self.absent_at.set(None);
        *known = Some(KnownEvent {
            snapshot: Rc::new(snapshot),
            asked_at,
        });
    }
}

/// The event as of now.
///
/// # Errors
/// 404 `event_unknown`; 503 `unavailable` if there is no snapshot that is young enough.
pub(crate) async fn current<P: Platform>(platform: &P, event: &EventId) -> Result<KnownEvent, Refusal> {
    let cached = find(platform, event, Patience::AskAnew).await?;
    for _ in 0..TRIES {
        let now = platform.now();
        let known = cached.known();
        if let Some(known) = known.filter(|known| known.is_fresh(now)) {
            return Ok(known);
        }
        let asked = refresh(platform, &cached).await;
        let now = platform.now();
        if let Some(known) = cached.known().filter(|known| known.is_current(now)) {
            return Ok(known);
        }
        match asked {
            Asked::Answered if cached.is_absent(now) => return Err(Refusal::unknown_event()),
            Asked::Answered => {}
            Asked::AnotherAsks => cached.snapshots.wait(platform).await,
            Asked::Silent => break,
        }
    }
    Err(cached.snapshots.silent())
}

/// The event as of now or, while it cannot be read, as it was last known.
///
/// # Errors
/// 404 `event_unknown`; 503 `unavailable` if nothing is known.
pub(crate) async fn last_known<P: Platform>(platform: &P, event: &EventId) -> Result<KnownEvent, Refusal> {
    let cached = find(platform, event, Patience::AskAnew).await?;
    known_or_left(platform, &cached).await
}

/// As [`last_known`], but `None` if there is no such event. An event that was put a moment ago may
/// not be found yet.
pub(crate) async fn last_known_if_any<P: Platform>(
    platform: &P,
    event: &EventId,
) -> Result<Option<KnownEvent>, Refusal> {
    let known = match find(platform, event, Patience::TakeLast).await {
        Ok(cached) => known_or_left(platform, &cached).await,
        Err(refusal) => Err(refusal),
    };
    match known {
        Ok(known) => Ok(Some(known)),
        Err(refusal) if refusal.is_unknown_event() => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

async fn known_or_left<P: Platform>(platform: &P, cached: &CachedEvent) -> Result<KnownEvent, Refusal> {
    for _ in 0..TRIES {
        let now = platform.now();
        if cached.is_absent(now) {
            return Err(Refusal::unknown_event());
        }
        let known = cached.known().filter(|known| known.is_usable(now));
        if let Some(known) = known.as_ref().filter(|known| known.is_fresh(now)) {
            return Ok(known.clone());
        }
        let asked = refresh(platform, cached).await;
        let now = platform.now();
        let known = cached.known().filter(|known| known.is_usable(now));
        // An instance that was not asked for long knows nothing of the last changes. Unless the
        // source was silent, the answer is there in a moment.
        let awaits = asked == Asked::AnotherAsks && cached.snapshots.is_well();
        if let Some(known) = known.filter(|known| !awaits || known.is_current(now)) {
            return Ok(known);
        }
        match asked {
            Asked::Answered => {}
            Asked::AnotherAsks => cached.snapshots.wait(platform).await,
            Asked::Silent => recall_left(platform, cached).await,
        }
    }
    let now = platform.now();
    let known = cached.known().filter(|known| known.is_usable(now));
    known.ok_or_else(|| cached.snapshots.silent())
}

/// The event as it is known since `since`, from the store itself.
///
/// # Errors
/// As [`current`].
pub(crate) async fn known_since<P: Platform>(
    platform: &P,
    event: &EventId,
    since: UnixMillis,
) -> Result<KnownEvent, Refusal> {
    let cached = find(platform, event, Patience::AskAnew).await?;
    let is_answered = cached
        .snapshots
        .answer_since(platform, since, async || fetch(platform, &cached).await)
        .await;
    // The origin asks once a second, also for an event at which nobody polls.
    if is_answered {
        look_after(platform, &cached).await;
    }
    if cached.is_absent(platform.now()) {
        return Err(Refusal::unknown_event());
    }
    match cached.known().filter(|_| is_answered) {
        Some(known) => Ok(known),
        None => Err(cached.snapshots.silent()),
    }
}

/// Replaces the snapshot, and does the work that turns out to be due.
async fn refresh<P: Platform>(platform: &P, cached: &CachedEvent) -> Asked {
    let asked = cached.snapshots.ask(platform, nearby_or_fetch(platform, cached)).await;
    if asked == Asked::Answered {
        look_after(platform, cached).await;
    }
    asked
}

/// Asks the store for a snapshot now, whatever there is.
pub(super) async fn replace<P: Platform>(platform: &P, cached: &CachedEvent) {
    if cached.snapshots.ask(platform, fetch(platform, cached)).await == Asked::Answered {
        look_after(platform, cached).await;
    }
}

/// Does the work that turned out to be due, if any, and reads what came of it.
async fn look_after<P: Platform>(platform: &P, cached: &CachedEvent) {
    if !cached.work_is_due.replace(false) {
        return;
    }
    let store = platform.store();
    let work = Box::pin(store.look_after(&cached.id));
    let limit = platform.sleep(Duration::from_millis(WORK_LIMIT_MS));
    // Work that failed or takes longer is taken up by whoever finds it next.
    select(work, pin!(limit)).await;
    cached.snapshots.ask(platform, fetch(platform, cached)).await;
}

fn nearby_key(cached: &CachedEvent) -> String {
    format!("snapshot/{}", cached.id)
}

fn left_key(cached: &CachedEvent) -> String {
    format!("last-snapshot/{}", cached.id)
}

/// Takes what an instance nearby has just fetched, or fetches a snapshot. Whoever has counted answers
/// of a site asks itself: the question takes them along.
async fn nearby_or_fetch<P: Platform>(platform: &P, cached: &CachedEvent) -> Result<UnixMillis, StoreError> {
    if cached.has_unsent_answers() {
        return fetch(platform, cached).await;
    }
    let asked_at = platform.now();
    let kept: Option<Dated<Snapshot>> = nearby::recall(platform, &nearby_key(cached)).await;
    match kept.filter(|kept| asked_at.since(kept.asked_at) <= NEARBY_FRESH_MS) {
        Some(kept) => {
            let asked_at = kept.asked_at.min(asked_at);
            cached.remember(kept.value, asked_at);
            Ok(asked_at)
        }
        None => fetch(platform, cached).await,
    }
}

/// Fetches a snapshot, and leaves it for others.
async fn fetch<P: Platform>(platform: &P, cached: &CachedEvent) -> Result<UnixMillis, StoreError> {
    let asked_at = platform.now();
    let answers = cached.take_answers(platform);
    let Some(read) = platform.store().read_snapshot(&cached.id, answers).await? else {
        cached.absent_at.set(Some(platform.now()));
        *cached.known.borrow_mut() = None;
        return Ok(asked_at);
    };
    cached.work_is_due.set(read.work_is_due);
    let dated = Dated {
        asked_at,
        value: read.snapshot,
    };
    nearby::keep(platform, &nearby_key(cached), &dated, NEARBY_FRESH_SECONDS).await;
    if asked_at.since(cached.left_at.get()) >= LEAVE_EVERY_MS {
        cached.left_at.set(asked_at);
        let seconds = u32::try_from(STALE_MS / 1_000).expect("some minutes");
        nearby::keep(platform, &left_key(cached), &dated, seconds).await;
    }
    cached.remember(dated.value, asked_at);
    Ok(asked_at)
}

/// Takes what any instance nearby last knew.
async fn recall_left<P: Platform>(platform: &P, cached: &CachedEvent) {
    let kept: Option<Dated<Snapshot>> = nearby::recall(platform, &left_key(cached)).await;
    if let Some(kept) = kept {
        cached.remember(kept.value, kept.asked_at.min(platform.now()));
    }
}
