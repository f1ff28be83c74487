//! A question to a source of answers behind the edge, asked by one request of an instance at a
//! time, however many want the answer.
//!
//! A request cannot wait for another's answer directly: Cloudflare's runtime lets no request use
//! what belongs to another. It looks again and again instead, by timers of its own.

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    rc::Rc,
    time::Duration,
};

use futures_util::future::{Either, select};
use stanchion_shared::{
    ids::{EventId, Shard},
    timestamp::UnixMillis,
};

use super::lru::Lru;
use crate::{
    app::http::refusal::Refusal,
    platform::{Platform, StoreError},
    reading::breaker::Breaker,
};

/// A source that has not answered a read after this long is silent, in ms.
pub(crate) const ANSWER_LIMIT_MS: u64 = 800;
/// A shard that has not answered after this long is silent, in ms: it writes to disk, and may have
/// to ask the coordinator first.
pub(crate) const SHARD_LIMIT_MS: u64 = 2_000;
/// The shortest time between two questions of requests that need an answer newer than themselves, in
/// ms.
pub(crate) const SHORTEST_PAUSE_MS: u64 = 250;
/// A waiting request looks for the first time after this long, then each time after twice as long,
/// in ms.
const FIRST_LOOK_MS: u64 = 10;
/// And at least so often.
const LONGEST_LOOK_MS: u64 = 80;
/// A request waits for no more questions than these.
const MOST_WAITS: usize = 3;

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The source answered this request.
    Answered,
    /// Another request asks just now.
    AnotherAsks,
    /// The source did not answer, or did not lately and is left alone.
    Silent,
}

/// One kind of question to one source.
pub(crate) struct Question {
    /// The source, for the log.
    source: &'static str,
    open_since: Cell<Option<UnixMillis>>,
    /// As of when the last answer is.
    answered_as_of: Cell<Option<UnixMillis>>,
    breaker: Cell<Breaker>,
}

/// A question that is on its way. It ends when this is dropped, also with a request that is dropped.
struct Open<'a> {
    question: &'a Question,
    since: UnixMillis,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.question.open_since.get() == Some(self.since) {
            self.question.open_since.set(None);
        }
    }
}

impl Question {
    pub(crate) fn new(source: &'static str) -> Question {
        Question {
            source,
            open_since: Cell::new(None),
            answered_as_of: Cell::new(None),
            breaker: Cell::default(),
        }
    }

    /// As of when the last answer is; `None` before the first.
    pub(crate) fn answered_as_of(&self) -> Option<UnixMillis> {
        self.answered_as_of.get()
    }

    /// Whether the source answered the last question.
    pub(crate) fn is_well(&self) -> bool {
        self.breaker.get().is_well()
    }

    /// A runtime may stop a request in the middle, without a drop: its question is lost then.
    fn is_open(&self, now: UnixMillis) -> bool {
        let open = self.open_since.get();
        open.is_some_and(|since| now.since(since) <= ANSWER_LIMIT_MS + LONGEST_LOOK_MS)
    }

    /// Asks, unless another request does or the source is left alone. `ask` remembers the answer,
    /// and says as of when it is.
    pub(crate) async fn ask<P: Platform>(
        &self,
        platform: &P,
        ask: impl Future<Output = Result<UnixMillis, StoreError>>,
    ) -> Asked {
        let since = platform.now();
        if self.is_open(since) {
            return Asked::AnotherAsks;
        }
        if self.breaker.get().rests(since) {
            return Asked::Silent;
        }
        self.open_since.set(Some(since));
        let open = Open { question: self, since };
        let answered = within(platform, ANSWER_LIMIT_MS, ask).await;
        drop(open);
        let mut breaker = self.breaker.get();
        let asked = match answered.and_then(|answered| answered) {
            Ok(as_of) => {
                breaker.note_answer();
                self.answered_as_of.set(Some(as_of));
                Asked::Answered
            }
            Err(error) => {
                platform.warn(&format!("{} does not answer: {error}", self.source));
                breaker.note_silence(platform.now());
                Asked::Silent
            }
        };
        self.breaker.set(breaker);
        asked
    }

    /// Waits until the question that is on its way has ended.
    pub(crate) async fn wait<P: Platform>(&self, platform: &P) {
        let mut look_ms = FIRST_LOOK_MS;
        while self.is_open(platform.now()) {
            platform.sleep(Duration::from_millis(look_ms)).await;
            look_ms = (look_ms * 2).min(LONGEST_LOOK_MS);
        }
    }

    /// What `remembered` finds, after asking if it finds nothing.
    ///
    /// # Errors
    /// 503: the source is silent.
    pub(crate) async fn answer<P: Platform, T>(
        &self,
        platform: &P,
        remembered: impl Fn() -> Option<T>,
        ask: impl AsyncFn() -> Result<UnixMillis, StoreError>,
    ) -> Result<T, Refusal> {
        for _ in 0..MOST_WAITS {
            if let Some(found) = remembered() {
                return Ok(found);
            }
            match self.ask(platform, ask()).await {
                Asked::Answered => {}
                Asked::AnotherAsks => self.wait(platform).await,
                Asked::Silent => break,
            }
        }
        remembered().ok_or_else(|| self.silent())
    }

    /// Whether there is an answer as of `since` or later, after asking if there is none. However many
    /// need one, the source is asked once in [`SHORTEST_PAUSE_MS`].
    pub(crate) async fn answer_since<P: Platform>(
        &self,
        platform: &P,
        since: UnixMillis,
        ask: impl AsyncFn() -> Result<UnixMillis, StoreError>,
    ) -> bool {
        for _ in 0..2 * MOST_WAITS {
            let as_of = self.answered_as_of.get();
            if as_of.is_some_and(|as_of| as_of >= since) {
                return true;
            }
            let pause_ms = as_of.map_or(0, |as_of| SHORTEST_PAUSE_MS.saturating_sub(platform.now().since(as_of)));
            if self.is_open(platform.now()) {
                self.wait(platform).await;
            } else if pause_ms > 0 {
                platform.sleep(Duration::from_millis(pause_ms)).await;
            } else if self.ask(platform, ask()).await == Asked::Silent {
                return false;
            }
        }
        false
    }

    /// The refusal of a request that cannot do without the answer.
    pub(crate) fn silent(&self) -> Refusal {
        StoreError(format!("{} does not answer", self.source)).into()
    }
}

/// The answer, or an error if it takes longer than `limit_ms`; the wait is over then.
async fn within<P: Platform, T>(platform: &P, limit_ms: u64, answer: impl Future<Output = T>) -> Result<T, StoreError> {
    // In a box: what a store does for an answer is large, and would be part of every future around.
    match select(Box::pin(answer), pin!(platform.sleep(Duration::from_millis(limit_ms)))).await {
        Either::Left((answer, _)) => Ok(answer),
        Either::Right(((), _)) => Err(StoreError(format!("no answer in {limit_ms} ms"))),
    }
}

/// Shards that are surely remembered.
const REMEMBERED_SHARDS: usize = 1_024;

/// What an instance remembers of a shard.
#[derive(Default)]
struct AskedShard {
    breaker: Cell<Breaker>,
    probe_since: Cell<Option<UnixMillis>>,
}

thread_local! {
    static SHARDS: RefCell<Lru<(EventId, Shard), Rc<AskedShard>>> = RefCell::new(Lru::new(REMEMBERED_SHARDS));
}

/// Asks a shard for something of its own. A shard that was silent is left alone for a while, and then
/// one request asks it before the others do.
///
/// # Errors
/// The shard does not answer, or did not lately.
pub(crate) async fn shard<P: Platform, T>(
    platform: &P,
    event: &EventId,
    shard: Shard,
    answer: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let asked = SHARDS.with_borrow_mut(|shards| {
        let key = (event.clone(), shard);
        shards.find(&key).unwrap_or_else(|| {
            let asked = Rc::<AskedShard>::default();
            shards.put(key, Rc::clone(&asked));
            asked
        })
    });
    let now = platform.now();
    let mut breaker = asked.breaker.get();
    let probe = asked.probe_since.get();
    let is_probed = probe.is_some_and(|since| now.since(since) <= SHARD_LIMIT_MS);
    if breaker.rests(now) || (!breaker.is_well() && is_probed) {
        return Err(StoreError(format!("shard {} was silent just now", shard.0)));
    }
    asked.probe_since.set(Some(now));
    let answered = within(platform, SHARD_LIMIT_MS, answer).await;
    match &answered {
        // An error at once holds nobody up.
        Ok(_) => asked.breaker.set(Breaker::default()),
        Err(error) => {
            platform.warn(&format!("a shard is silent: {error}"));
            breaker = asked.breaker.get();
            // Of several that were on their way, the first silence counts.
            if !breaker.rests(platform.now()) {
                breaker.note_silence(platform.now());
            }
            asked.breaker.set(breaker);
        }
    }
    answered?
}
