//! The queue store in Redis. It runs natively too: whatever can send a command to Redis can play it.
//!
//! One [`coordinator`] per event and its [`shard`]s, as everywhere, but nobody is at home in them: each operation ([`join`], [`puts`]) reads
//! what it depends on with one script, decides with the same rules as every runtime, and writes with one script that
//! refuses if any of that has changed. [`close`] closes draws, [`muster`] asks shards what they have. [`command`] is the one
//! door to Redis, [`keys`] names keys, [`tickets`] and [`answer`] read what scripts write.

mod answer;
mod close;
mod command;
mod coordinator;
mod join;
mod keys;
mod muster;
mod puts;
mod seen;
mod shard;
mod tickets;

use futures_util::future::LocalBoxFuture;
use stanchion_shared::{
    draw::record::SignedRecord,
    identity::{Bytes32, Draw, EventId, EventKey, Shard},
    jose::SigningKeys,
    lives::ONLY_LIFE,
    policy::HEALTH_EVERY_MS,
    schedule::Schedule,
    standing::Snapshot,
    wire::{PutEvent, PutRelease},
};

use close::Closed;
pub use command::{Redis, RedisError, Value};
use keys::CoordinatorKeys;
use seen::Seen;
use shard::ShardOf;

use crate::health;
use crate::platform::{
    Claim, ClaimOutcome, HttpRequest, HttpResponse, Join, JoinOutcome, Leave, LeaveOutcome, PutOutcome, QueueStore,
    Sight, SightedBy, StoreError,
};

/// Whoever has begun a muster or a closing is left alone with it for this long, in ms; it saves the others the work.
const LEFT_ALONE_MS: u64 = 1_000;
/// Draws that one snapshot closes; the next one goes on.
const CLOSED_AT_ONCE: usize = 8;

/// The store over one connection.
pub struct Store<'a, R> {
    redis: &'a R,
    /// Sign draw records.
    signing_keys: &'a SigningKeys,
    /// Without it, draws of events that announced a beacon wait for ever, and no site is asked for its health.
    outside: Option<Outside<'a>>,
}

/// How a runtime sends one request and reads the whole answer, soon or not at all.
pub type Send<'a> = &'a dyn Fn(HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, StoreError>>;

/// Whom the store asks beside Redis.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// drand's HTTP API, without a slash at the end: where rounds of beacons are read.
    pub beacon_url: &'a str,
    /// The origin, or the site in front of which this edge is, without a slash at the end.
    pub origin_url: &'a str,
    /// Sends a request to either.
    pub send: Send<'a>,
}

/// Unpredictable, and different each time for all practical purposes.
fn random() -> u64 {
    getrandom::u64().expect("every runtime has a cryptographic generator")
}

fn random_32() -> Bytes32 {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("every runtime has a cryptographic generator");
    Bytes32(bytes)
}

impl<'a, R: Redis> Store<'a, R> {
    /// Over `redis`.
    pub fn new(redis: &'a R, signing_keys: &'a SigningKeys) -> Store<'a, R> {
        Store {
            redis,
            signing_keys,
            outside: None,
        }
    }

    /// The same, closing draws of events that announced a beacon, too, and asking sites for their health.
    #[must_use]
    pub fn with_outside(self, outside: Outside<'a>) -> Store<'a, R> {
        let outside = Some(outside);
        Store { outside, ..self }
    }

    /// A random epoch for a life that a script may have to begin.
    fn candidate(&self) -> Vec<u8> {
        let epoch = loop {
            let epoch = random() as u32;
            if epoch != ONLY_LIFE {
                break epoch;
            }
        };
        epoch.to_string().into_bytes()
    }

    /// Whether this one is to do a piece of work that several see at once, and the others leave it alone with it for so
    /// long. Nothing relies on it but the load.
    async fn is_mine(&self, event: &EventId, work: &str, left_alone_ms: u64) -> Result<bool, StoreError> {
        let key = CoordinatorKeys::new(event).key(work);
        let milliseconds = left_alone_ms.to_string();
        let set = [key.as_bytes(), b"1", b"NX", b"PX", milliseconds.as_bytes()];
        let answer = command::plain(self.redis, "SET", &set).await?.optional_bytes()?;
        Ok(answer.is_some())
    }

    async fn is_done(&self, event: &EventId, work: &str) -> Result<(), StoreError> {
        let key = CoordinatorKeys::new(event).key(work);
        command::plain(self.redis, "DEL", &[key.as_bytes()]).await.map(|_| ())
    }

    /// Does what the event needs at this moment. Says whether that was anything: it may have taken long then, and the event
    /// has to be read again.
    async fn tend(&self, event: &EventId, seen: &Seen) -> Result<bool, StoreError> {
        let mut tended = false;
        let mut mustered = Ok(());
        if self.muster_is_due(seen) && self.is_mine(event, "mustering", LEFT_ALONE_MS).await? {
            tended = true;
            mustered = self.muster(event, seen).await;
            self.is_done(event, "mustering").await?;
        }
        // Before a muster nobody knows whether somebody has joined; it comes first, and the site a moment later.
        if seen.mustered
            && let Some(outside) = &self.outside
            && let Some(path) = seen.rules.site_to_ask(seen.joined(), seen.now)
            && self.is_mine(event, "asking_site", HEALTH_EVERY_MS).await?
        {
            tended = true;
            self.ask_site(event, outside, path).await?;
        }
        // A coordinator that may have forgotten something waits for the muster; otherwise draws do not.
        if let Some(draw) = seen.due().filter(|&draw| seen.mustered && !seen.rests(draw))
            && self.is_mine(event, "closing", LEFT_ALONE_MS).await?
        {
            // A draw that waits, or cannot be closed, is not closed by trying again at once: the mark is left until it ends by
            // itself.
            match self.close(event, seen, draw).await? {
                Closed::Waits => return mustered.map(|()| tended),
                Closed::Done => self.is_done(event, "closing").await?,
            }
            tended = true;
        }
        mustered.map(|()| tended)
    }

    /// A site of somebody else's that is not well stops its event.
    async fn ask_site(&self, event: &EventId, outside: &Outside<'_>, path: &str) -> Result<(), StoreError> {
        let asked = health::ask(outside.origin_url, path, outside.send).await;
        if let Err(problem) = &asked {
            eprintln!("the site of {event} is not well: {problem}");
        }
        self.change_event(event, |rules, seen| rules.site_answered(asked.is_ok(), seen.stamp()))
            .await
            .map(|_| ())
    }
}

impl<R: Redis> QueueStore for Store<'_, R> {
    async fn put_event(&self, event: &EventId, put: PutEvent) -> Result<PutOutcome, StoreError> {
        self.put_the_event(event, &put).await
    }

    async fn put_release(&self, event: &EventId, put: PutRelease) -> Result<PutOutcome, StoreError> {
        let outcome = self.put_the_release(event, &put).await?;
        // The origin speaks once a second: so draws close in time also where no fan asks. Only now, because the lease must not
        // wait for a shard that does not answer.
        if let Err(error) = self.snapshot(event).await {
            eprintln!("{event} was not looked after: {error}");
        }
        Ok(outcome)
    }

    async fn snapshot(&self, event: &EventId) -> Result<Option<Snapshot>, StoreError> {
        for _ in 0..CLOSED_AT_ONCE {
            let Some(seen) = self.read_event(event).await? else {
                return Ok(None);
            };
            match self.tend(event, &seen).await {
                Ok(false) => return Ok(Some(seen.snapshot())),
                Ok(true) => {}
                Err(error) => {
                    // It delays the draw, not the snapshot: that is read anew.
                    eprintln!("a draw of {event} is not closed, or not all shards were asked: {error}");
                    break;
                }
            }
        }
        Ok(self.read_event(event).await?.map(Seen::snapshot))
    }

    async fn event_key(&self, event: &EventId) -> Result<Option<EventKey>, StoreError> {
        Ok(self.read_event(event).await?.map(|seen| seen.rules.fixed.key))
    }

    async fn record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        self.stored_record(event, draw).await
    }

    async fn schedule(&self, event: &EventId) -> Result<Option<Schedule>, StoreError> {
        self.whole_schedule(event).await
    }

    async fn shard_log(&self, event: &EventId, draw: Draw, shard: Shard) -> Result<Option<Vec<u8>>, StoreError> {
        ShardOf::new(self, event, shard).log(draw).await
    }

    async fn join(&self, event: &EventId, shard: Shard, join: Join) -> Result<JoinOutcome, StoreError> {
        ShardOf::new(self, event, shard).join(&join).await
    }

    async fn sighted(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<SightedBy, StoreError> {
        ShardOf::new(self, event, shard).sighted(&sight).await
    }

    async fn note(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<(), StoreError> {
        ShardOf::new(self, event, shard).note(&sight).await
    }

    async fn claim(&self, event: &EventId, shard: Shard, claim: Claim) -> Result<ClaimOutcome, StoreError> {
        ShardOf::new(self, event, shard).claim(&claim).await
    }

    async fn leave(&self, event: &EventId, shard: Shard, leave: Leave) -> Result<LeaveOutcome, StoreError> {
        ShardOf::new(self, event, shard).leave(&leave).await
    }
}
