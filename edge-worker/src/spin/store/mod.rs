//! The queue store in Redis. It runs natively too: anything that can send a command to Redis can
//! drive it.
//!
//! There is one coordinator per event, and its shards, as on every runtime. On Spin there is no
//! coordinator or shard process: any instance does their work against Redis. Each operation reads
//! what it depends on with one script, decides with [`crate::queue`], and writes with one script
//! that refuses if any of that has changed; then it is decided anew.
//!
//! # Layout
//! - [`directory`]: which events there are;
//! - [`coordinator`], [`read_event`], [`puts`]: the event;
//! - [`declaration`], [`freeze`], [`close`]: shards declare draws and freeze them, and draws are
//!   closed;
//! - [`reports`], [`settle`]: reads what shards say of themselves, and brings what a draw left over
//!   in a silent one into a later draw;
//! - [`shard`], [`join`], [`tickets`], [`sessions`], [`slots`]: a shard's people, tickets and shopping
//!   sessions;
//! - [`counts`]: counts that all instances share;
//! - [`command`], [`keys`], [`reply`], [`value`]: Redis.

mod close;
mod command;
mod coordinator;
mod counts;
mod declaration;
mod directory;
mod freeze;
mod join;
mod keys;
mod puts;
mod read_event;
mod reply;
mod reports;
mod sessions;
mod settle;
mod shard;
mod site_meter;
mod slots;
mod tickets;
mod value;

use futures_util::future::{LocalBoxFuture, join};
use stanchion_shared::{
    draw::record::SignedRecord,
    epochs::ONLY_EPOCH,
    ids::{Bytes32, Draw, EventId, EventKey, Shard, Tag},
    jose::SigningKeys,
    meter::SiteAnswers,
    policy::HEALTH_EVERY_MS,
    schedule::ScheduleChunk,
    sessions::EndedSession,
    snapshot::Snapshot,
    wire::{PutEvent, PutRelease},
};

use close::Closed;
pub use command::{Redis, RedisError};
use command::{Script, script};
use keys::CoordinatorKeys;
use read_event::ReadEvent;
use shard::ShardOf;
pub use value::Value;

use crate::{
    config::Sites,
    platform::{
        Claim, ClaimOutcome, CountOneMore, EndOutcome, EndSession, HeldTicket, HttpRequest, HttpResponse,
        IdentifierUse, IdentifierUsers, IntervalCount, Join, JoinOutcome, KeepOutcome, KeepSession, Leave,
        LeaveOutcome, PutOutcome, QueueStore, ReadSnapshot, StoreError, WalkIn, WalkInOutcome,
    },
    queue::site_health,
};

/// An instance that has begun to collect reports or to close a draw is left alone with it for this
/// long, in ms. It saves the others the work.
const LEFT_ALONE_MS: u64 = 1_000;
/// Draws that one snapshot closes; the next one goes on.
const CLOSED_AT_ONCE: usize = 8;

static GIVE_BACK: Script = script!("give_back.lua");

/// A piece of work that this instance has taken.
struct TakenWork {
    key: String,
    owner: String,
}

/// The store over one connection.
pub struct Store<'a, R> {
    redis: &'a R,
    /// Sign draw records.
    signing_keys: &'a SigningKeys,
    /// Without it, draws of events that announced a beacon wait for ever, and no site is asked for
    /// its health.
    outside: Option<Outside<'a>>,
}

/// How a runtime sends one request and reads the whole answer, within a short time or not at all.
pub type SendRequest<'a> = &'a dyn Fn(HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, StoreError>>;

/// The servers that the store asks beside Redis.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// drand's HTTP API, without a slash at the end: where rounds of beacons are read.
    pub beacon_url: &'a str,
    /// Which says where an event's site is.
    pub sites: &'a Sites,
    /// Sends a request to either.
    pub send: SendRequest<'a>,
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

    /// The same, closing draws of events that announced a beacon, too, and asking sites for their
    /// health.
    #[must_use]
    pub fn with_outside(self, outside: Outside<'a>) -> Store<'a, R> {
        let outside = Some(outside);
        Store { outside, ..self }
    }

    /// A random number for an epoch that a script may have to begin.
    fn candidate(&self) -> Vec<u8> {
        let epoch = loop {
            let epoch = random() as u32;
            if epoch != ONLY_EPOCH {
                break epoch;
            }
        };
        epoch.to_string().into_bytes()
    }

    /// Takes a piece of work that several see at once: `None` if another one has it. The others leave
    /// it to this one for so long. It only keeps the load low; nothing else relies on it.
    async fn take(&self, event: &EventId, work: &str, left_alone_ms: u64) -> Result<Option<TakenWork>, StoreError> {
        let key = CoordinatorKeys::new(event).key(work);
        let owner = random().to_string();
        let milliseconds = left_alone_ms.to_string();
        let set = [key.as_bytes(), owner.as_bytes(), b"NX", b"PX", milliseconds.as_bytes()];
        let answer = command::plain(self.redis, "SET", &set).await?.optional_bytes()?;
        Ok(answer.map(|_| TakenWork { key, owner }))
    }

    /// The work is done: others may take it at once. Work that took longer than it was left alone for
    /// may be another's by now, and stays so.
    async fn give_back(&self, taken: TakenWork) -> Result<(), StoreError> {
        let arguments = vec![taken.owner.into_bytes()];
        command::run(self.redis, &GIVE_BACK, &[taken.key], arguments)
            .await
            .map(|_| ())
    }

    /// Does what the event needs at this moment. Returns whether that was anything: it may have
    /// taken long then, and the event has to be read again.
    async fn run_due_work(&self, event: &EventId, read: &ReadEvent) -> Result<bool, StoreError> {
        let mut worked = false;
        let mut collected = Ok(());
        if read.reports_are_due()
            && let Some(taken) = self.take(event, "collecting_reports", LEFT_ALONE_MS).await?
        {
            worked = true;
            collected = self.collect_reports(event, read).await;
            self.give_back(taken).await?;
        }
        // The mark is left until it ends by itself: a shard that is still silent is not asked again at
        // once.
        if !read.state.unsettled().is_empty() && self.take(event, "settling", LEFT_ALONE_MS).await?.is_some() {
            worked = true;
            self.settle(event, read).await?;
        }
        // The mark is left until it ends by itself: once a second is enough.
        if read.meter_is_due() && self.take(event, "metering", LEFT_ALONE_MS).await?.is_some() {
            worked = true;
            Box::pin(self.meter(event)).await?;
        }
        // Before all shards have reported nobody knows whether somebody has joined; so the site is
        // asked a moment later.
        if read.may_close()
            && let Some(outside) = &self.outside
            && let Some(path) = read.state.site_to_ask(read.open_tickets(), read.now)
            && self.take(event, "asking_site", HEALTH_EVERY_MS).await?.is_some()
        {
            worked = true;
            self.ask_site(event, outside, path).await?;
        }
        // A coordinator that may have forgotten something waits for the reports; otherwise draws do
        // not.
        if let Some(draw) = read.draw_to_close().filter(|_| read.may_close())
            && let Some(taken) = self.take(event, "closing", LEFT_ALONE_MS).await?
        {
            // A draw that waits, or cannot be closed, is not closed by trying again at once: the
            // mark is left until it ends by itself.
            match self.close(event, read, draw).await? {
                Closed::Waits => return collected.map(|()| worked),
                Closed::Done => self.give_back(taken).await?,
            }
            worked = true;
        }
        collected.map(|()| worked)
    }

    /// Whether [`Store::run_due_work`] would find anything to do.
    fn work_is_due(&self, read: &ReadEvent) -> bool {
        let asks_site = self.outside.is_some() && read.state.site_to_ask(read.open_tickets(), read.now).is_some();
        read.reports_are_due()
            || read.meter_is_due()
            || (read.all_reported && (asks_site || read.draw_to_close().is_some()))
    }

    /// The event as of now, after the work that is due.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn snapshot(&self, event: &EventId) -> Result<Option<Snapshot>, StoreError> {
        logged(self.current_snapshot(event)).await
    }

    /// The event as of now, after the work that is due. Work that fails delays a draw, not the
    /// snapshot.
    async fn current_snapshot(&self, event: &EventId) -> Result<Option<Snapshot>, StoreError> {
        for _ in 0..CLOSED_AT_ONCE {
            let Some(read) = self.read_event(event).await? else {
                return Ok(None);
            };
            match Box::pin(self.run_due_work(event, &read)).await {
                Ok(false) => return Ok(Some(read.snapshot())),
                Ok(true) => {}
                Err(error) => {
                    eprintln!("a draw of {event} is not closed, or not all shards were asked: {error}");
                    break;
                }
            }
        }
        Ok(self.read_event(event).await?.map(ReadEvent::snapshot))
    }

    /// A protected site that is not well stops its event.
    async fn ask_site(&self, event: &EventId, outside: &Outside<'_>, path: &str) -> Result<(), StoreError> {
        let asked = site_health::ask(outside.sites.url_of_event(event), path, outside.send).await;
        if let Err(problem) = &asked {
            eprintln!("the site of {event} is not well: {problem}");
        }
        self.change_event(event, |state, read| state.site_answered(asked.is_ok(), read.stamp()))
            .await
            .map(|_| ())
    }
}

impl<R: Redis> QueueStore for Store<'_, R> {
    async fn put_event(&self, event: &EventId, put: PutEvent) -> Result<PutOutcome, StoreError> {
        if !logged(self.add_to_directory(event)).await? {
            return Ok(PutOutcome::TooManyEvents);
        }
        logged(self.put_the_event(event, &put)).await
    }

    async fn put_release(&self, event: &EventId, put: PutRelease) -> Result<PutOutcome, StoreError> {
        let outcome = logged(self.put_the_release(event, &put)).await?;
        // The origin puts a release once a second, so draws close in time also where no fan asks.
        // The work comes last, because the lease must not wait for a shard that does not answer.
        if let Err(error) = self.current_snapshot(event).await {
            eprintln!("{event} was not looked after: {error}");
        }
        Ok(outcome)
    }

    async fn events(&self, position: u32) -> Result<Vec<EventId>, StoreError> {
        logged(self.directory_from(position)).await
    }

    async fn read_snapshot(&self, event: &EventId, answers: SiteAnswers) -> Result<Option<ReadSnapshot>, StoreError> {
        let counted = logged(self.count_answers(event, answers));
        // Lost counts do no harm; they are in the log.
        let (_, read) = join(counted, logged(self.read_event(event))).await;
        let read = read?;
        Ok(read.map(|read| ReadSnapshot {
            work_is_due: self.work_is_due(&read),
            snapshot: read.snapshot(),
        }))
    }

    async fn look_after(&self, event: &EventId) -> Result<(), StoreError> {
        logged(self.current_snapshot(event)).await.map(|_| ())
    }

    async fn event_key(&self, event: &EventId) -> Result<Option<EventKey>, StoreError> {
        logged(self.stored_key(event)).await
    }

    async fn record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        logged(self.stored_record(event, draw)).await
    }

    async fn drawn(&self, event: &EventId, page: u32, _through: Draw) -> Result<Vec<Draw>, StoreError> {
        logged(self.drawn_windows(event, page)).await
    }

    async fn schedule_chunk(&self, event: &EventId, chunk: Option<u32>) -> Result<Option<ScheduleChunk>, StoreError> {
        logged(self.chunk(event, chunk)).await
    }

    async fn shard_log(&self, event: &EventId, draw: Draw, shard: Shard) -> Result<Option<Vec<u8>>, StoreError> {
        logged(ShardOf::new(self, event, shard).log(draw)).await
    }

    async fn join(&self, event: &EventId, shard: Shard, join: Join) -> Result<JoinOutcome, StoreError> {
        logged(ShardOf::new(self, event, shard).join(&join)).await
    }

    async fn identifier_users(
        &self,
        event: &EventId,
        shard: Shard,
        used: IdentifierUse,
    ) -> Result<Vec<IdentifierUsers>, StoreError> {
        logged(ShardOf::new(self, event, shard).identifier_users(&used)).await
    }

    async fn note_identifiers(&self, event: &EventId, shard: Shard, used: IdentifierUse) -> Result<(), StoreError> {
        logged(ShardOf::new(self, event, shard).note_identifiers(&used)).await
    }

    async fn held_ticket(&self, event: &EventId, shard: Shard, tag: Tag) -> Result<Option<HeldTicket>, StoreError> {
        logged(ShardOf::new(self, event, shard).held_ticket(tag)).await
    }

    async fn claim(&self, event: &EventId, shard: Shard, claim: Claim) -> Result<ClaimOutcome, StoreError> {
        logged(ShardOf::new(self, event, shard).claim(&claim)).await
    }

    async fn walk_in(&self, event: &EventId, shard: Shard, walk_in: WalkIn) -> Result<WalkInOutcome, StoreError> {
        logged(ShardOf::new(self, event, shard).walk_in(&walk_in)).await
    }

    async fn leave(&self, event: &EventId, shard: Shard, leave: Leave) -> Result<LeaveOutcome, StoreError> {
        logged(ShardOf::new(self, event, shard).leave(&leave)).await
    }

    async fn end_session(&self, event: &EventId, shard: Shard, end: EndSession) -> Result<EndOutcome, StoreError> {
        logged(ShardOf::new(self, event, shard).end_session(&end)).await
    }

    async fn keep_session(&self, event: &EventId, shard: Shard, keep: KeepSession) -> Result<KeepOutcome, StoreError> {
        logged(ShardOf::new(self, event, shard).keep_session(&keep)).await
    }

    async fn ended_sessions(&self, event: &EventId, page: u64, _: u64) -> Result<Vec<EndedSession>, StoreError> {
        logged(self.ended_page(event, page)).await
    }

    async fn count_one_more(&self, message: CountOneMore) -> Result<Vec<IntervalCount>, StoreError> {
        logged(self.count_each(&message)).await
    }
}

/// What fails is in the runtime's log: the application tells a fan only to come again.
///
/// An operation is in a box: it is large, and would be part of every future that waits for it.
fn logged<T>(operation: impl Future<Output = Result<T, StoreError>>) -> impl Future<Output = Result<T, StoreError>> {
    let operation = Box::pin(operation);
    async move { operation.await.inspect_err(|error| eprintln!("the store: {error}")) }
}
