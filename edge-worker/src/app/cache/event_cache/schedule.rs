//! The chunks of an event's schedule, as they are served: nobody's request makes this instance parse
//! or write one anew.

use std::{cell::RefCell, rc::Rc};

use stanchion_shared::{ids::EventId, schedule::ScheduleChunk, timestamp::UnixMillis, wire::ScheduleAnswer};

use super::{super::lru::Lru, CachedEvent, directory::Patience, find};
use crate::{
    app::http::refusal::Refusal,
    platform::{Platform, QueueStore, StoreError},
};

/// The last chunk, and one that may still change, are read anew after this long, in ms.
const FRESH_MS: u64 = 1_000;
/// Chunks that are surely remembered, of all events together. Each has up to 100 KB.
const REMEMBERED_CHUNKS: usize = 32;

/// A chunk as it is served.
pub(crate) struct ChunkBody {
    /// Its number.
    pub(crate) chunk: u32,
    /// It will never change.
    pub(crate) is_final: bool,
    /// JSON.
    pub(crate) body: Vec<u8>,
    asked_at: UnixMillis,
}

thread_local! {
    static CHUNKS: RefCell<Lru<(EventId, u32), Rc<ChunkBody>>> = RefCell::new(Lru::new(REMEMBERED_CHUNKS));
}

impl ChunkBody {
    fn is_good(&self, now: UnixMillis) -> bool {
        self.is_final || now.since(self.asked_at) <= FRESH_MS
    }
}

/// A chunk of the schedule; without a number the last one. While the event cannot be read it is the
/// last one that was.
///
/// # Errors
/// 404 `event_unknown`, 404 `chunk_unknown`, 503 `unavailable`.
pub(crate) async fn chunk<P: Platform>(
    platform: &P,
    event: &EventId,
    number: Option<u32>,
) -> Result<Rc<ChunkBody>, Refusal> {
    let cached = find(platform, event, Patience::AskAnew).await?;
    let key = |number| (event.clone(), number);
    let found = number.and_then(|number| CHUNKS.with_borrow_mut(|chunks| chunks.find(&key(number))));
    if let Some(found) = found.filter(|found| found.is_final) {
        return Ok(found);
    }
    let last = last(platform, &cached).await?;
    let number = match number {
        None => return Ok(last),
        Some(number) if number == last.chunk => return Ok(last),
        Some(number) if number > last.chunk => {
            return Err(Refusal::new(
                404,
                "chunk_unknown",
                "The schedule has no such chunk yet.",
            ));
        }
        Some(number) => number,
    };
    let remembered = || {
        let found = CHUNKS.with_borrow_mut(|chunks| chunks.find(&key(number)));
        found.filter(|found| found.is_good(platform.now()))
    };
    let ask = async || {
        let (asked_at, read) = read(platform, event, Some(number)).await?;
        let read = read.ok_or_else(|| StoreError("a chunk of the schedule is gone".to_owned()))?;
        CHUNKS.with_borrow_mut(|chunks| chunks.put(key(number), Rc::new(read)));
        Ok(asked_at)
    };
    cached.chunks.answer(platform, remembered, ask).await
}

async fn last<P: Platform>(platform: &P, cached: &CachedEvent) -> Result<Rc<ChunkBody>, Refusal> {
    let known = || cached.last_chunk.borrow().clone();
    let remembered = || known().filter(|last| last.is_good(platform.now()));
    let ask = async || {
        let (asked_at, read) = read(platform, &cached.id, None).await?;
        *cached.last_chunk.borrow_mut() = read.map(Rc::new);
        Ok(asked_at)
    };
    match cached.chunks.answer(platform, remembered, ask).await {
        Ok(last) => Ok(last),
        Err(refusal) => match known() {
            Some(last) => Ok(last),
            None if cached.chunks.answered_as_of().is_some() => Err(Refusal::unknown_event()),
            None => Err(refusal),
        },
    }
}

async fn read<P: Platform>(
    platform: &P,
    event: &EventId,
    number: Option<u32>,
) -> Result<(UnixMillis, Option<ChunkBody>), StoreError> {
    let asked_at = platform.now();
    let chunk = platform.store().schedule_chunk(event, number).await?;
    let body = chunk.map(|chunk| ChunkBody {
        chunk: chunk.chunk,
        is_final: chunk.is_final,
        body: answer(event, chunk),
        asked_at,
    });
    Ok((asked_at, body))
}

fn answer(event: &EventId, chunk: ScheduleChunk) -> Vec<u8> {
    let answer = ScheduleAnswer {
        event_id: event.clone(),
        lease_until_ms: chunk.lease_until.map(|until| until.0),
        chunk,
    };
    serde_json::to_vec(&answer).expect("wire types serialise")
}
