//! What a runtime must give the application: a clock, randomness, configuration, the origin over HTTP, and the queue store.
//!
//! The store's messages are values with named outcomes, so that a runtime can carry them as it likes (requests to a
//! Durable Object, one Lua script each) and the application cannot overlook a refusal.

mod sight;

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::{digest::ShardDigest, membership::Windows, record::SignedRecord},
    human::ValidProof,
    identity::{Draw, EventId, EventKey, Serial, Shard, Tag, Tier},
    schedule::{Schedule, Stops},
    score::{Score, Verdict},
    standing::Snapshot,
    timestamp::UnixMillis,
    wire::{PutAccepted, PutEvent, PutRelease},
};

pub use sight::{SIGHTINGS_KEPT_MS, Sight, SightedBy};

use crate::app::config::EdgeConfig;

/// A request or an answer of the application, body whole.
pub type HttpRequest = http::Request<Vec<u8>>;
/// See [`HttpRequest`].
pub type HttpResponse = http::Response<Vec<u8>>;

/// What runs the application.
pub trait Platform: QueueStore {
    /// The runtime's wall clock.
    fn now(&self) -> UnixMillis;

    /// Fills `bytes` from the runtime's cryptographic generator.
    fn random(&self, bytes: &mut [u8]);

    /// Keys and addresses, parsed once per instance.
    fn config(&self) -> &EdgeConfig;

    /// Who sent a request, as the runtime's own front saw it; `None` where it does not say.
    fn client_address(&self, request: &HttpRequest) -> Option<IpAddr>;

    /// The autonomous system that a join came from, where the runtime's own front says it.
    fn client_system(&self, request: &HttpRequest) -> Option<u32>;

    /// Sends a request to the origin (its URI is absolute) and reads the whole answer.
    fn fetch(&self, request: HttpRequest) -> impl Future<Output = Result<HttpResponse, StoreError>>;

    /// As [`Platform::fetch`], of whatever server the URI names, and gives up after `patience`.
    fn ask(&self, request: HttpRequest, patience: Duration) -> impl Future<Output = Result<HttpResponse, StoreError>>;

    /// Lets others run for so long.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;

    /// Tells those who run the edge of something that they should look at; nothing of a person is in it.
    fn warn(&self, sentence: &str);

    /// An answer that [`Platform::keep`] kept under this path. A runtime's cache forgets when it likes, and a runtime
    /// without one has never kept anything.
    fn kept(&self, path: &str) -> impl Future<Output = Option<HttpResponse>>;

    /// Keeps an answer near this instance for as long as its `Cache-Control` allows.
    fn keep(&self, path: &str, answer: &HttpResponse) -> impl Future<Output = ()>;
}

/// The part behind did not answer, or not as agreed: the request can be repeated. It becomes a 503 with Retry-After.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq, Serialize, Deserialize)]
#[error("{0}")]
pub struct StoreError(pub String);

/// The queue's memory: one coordinator per event, N shards. Every operation can be repeated without harm.
pub trait QueueStore {
    /// Creates or changes an event.
    fn put_event(&self, event: &EventId, put: PutEvent) -> impl Future<Output = Result<PutOutcome, StoreError>>;

    /// Renews the origin's lease and sets the rate.
    fn put_release(&self, event: &EventId, put: PutRelease) -> impl Future<Output = Result<PutOutcome, StoreError>>;

    /// The event as of now; `None` if there is none. At most [`SNAPSHOT_AGE_MS`] old when it arrives.
    fn snapshot(&self, event: &EventId) -> impl Future<Output = Result<Option<Snapshot>, StoreError>>;

    /// The key that makes tags. Never changes, is never shown.
    fn event_key(&self, event: &EventId) -> impl Future<Output = Result<Option<EventKey>, StoreError>>;

    /// The record of a closed draw; `None` if it is not closed or nobody was in it.
    fn record(&self, event: &EventId, draw: Draw) -> impl Future<Output = Result<Option<SignedRecord>, StoreError>>;

    /// All segments and stops since the beginning; `None` if there is no such event.
    fn schedule(&self, event: &EventId) -> impl Future<Output = Result<Option<Schedule>, StoreError>>;

    /// The public log of a shard in a closed draw ([`stanchion_shared::draw::digest::LOG_ENTRY_LENGTH`] bytes per ticket);
    /// `None` while the shard has not frozen the draw.
    fn shard_log(
        &self,
        event: &EventId,
        draw: Draw,
        shard: Shard,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>>;

    /// Gives a person a number, or finds the one they have.
    fn join(&self, event: &EventId, shard: Shard, join: Join) -> impl Future<Output = Result<JoinOutcome, StoreError>>;

    /// How many people used something in this event. Notes nothing.
    fn sighted(
        &self,
        event: &EventId,
        shard: Shard,
        sight: Sight,
    ) -> impl Future<Output = Result<SightedBy, StoreError>>;

    /// Notes that a person used something. No more than `sight.most` are remembered, and all of them are forgotten
    /// [`SIGHTINGS_KEPT_MS`] after the last one was noted.
    fn note(&self, event: &EventId, shard: Shard, sight: Sight) -> impl Future<Output = Result<(), StoreError>>;

    /// Fixes a person's shopping window when their turn has come, or finds the one that is fixed.
    fn claim(
        &self,
        event: &EventId,
        shard: Shard,
        claim: Claim,
    ) -> impl Future<Output = Result<ClaimOutcome, StoreError>>;

    /// Gives a ticket up.
    fn leave(
        &self,
        event: &EventId,
        shard: Shard,
        leave: Leave,
    ) -> impl Future<Output = Result<LeaveOutcome, StoreError>>;
}

/// How old a snapshot may be when the store hands it out, in ms.
pub const SNAPSHOT_AGE_MS: u64 = 500;

/// What became of a put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PutOutcome {
    /// It holds.
    Accepted(PutAccepted),
    /// Its version is not larger than `last`.
    Stale {
        /// Last version accepted.
        last: u64,
    },
    /// No such event (release before event).
    UnknownEvent,
    /// It would change what is fixed; the sentence names it.
    Fixed(String),
}

/// Ask for a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// Who.
    pub tag: Tag,
    /// What the score or a fan pass gave. What a former score gave counts instead if it was worse, unless this is a pass.
    pub verdict: Verdict,
    /// The score, to be remembered and counted. `None` in the second step of one and the same join, and where nothing was
    /// scored.
    pub score: Option<Score>,
    /// Proof that is good for one join. `None` in the second step of one and the same join (with `replaces`), and where the
    /// event lets browsers without script in without one.
    pub proof: Option<ValidProof>,
    /// The event's windows, from the snapshot. `None` once nothing is left to queue for: who holds a ticket finds it, and
    /// nobody gets a new one.
    pub windows: Option<Windows>,
    /// The person's ticket is over (its turn passed): give a new one instead of it. Refused if it is not the newest, or
    /// has been claimed meanwhile.
    pub replaces: Option<Replaces>,
}

/// The ticket that is over, as the shard described it a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaces {
    /// Its serial.
    pub serial: Serial,
    /// Whether it was claimed.
    pub claimed: bool,
}

/// What became of a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinOutcome {
    /// This join gave a number.
    Numbered(Held),
    /// The person holds this from before.
    Holds(Held),
    /// The proof was used before.
    ProofUsed,
    /// It looks like a program's, now or when it was last refused.
    Refused {
        /// Until then every join of this person is refused.
        until: UnixMillis,
        /// Why: the lowest score there was.
        score: Score,
    },
    /// Nothing is left to queue for, and the person holds nothing.
    Closed,
    /// The chain of secrets has ended: no draws any more.
    QueueEnded,
}

impl JoinOutcome {
    /// For somebody who holds nothing and would need a draw, while there is none.
    #[must_use]
    pub fn without_draws(join: &Join) -> JoinOutcome {
        match join.windows {
            None => JoinOutcome::Closed,
            Some(_) => JoinOutcome::QueueEnded,
        }
    }
}

/// What a person holds in a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Life of the store, see [`stanchion_shared::lives`].
    pub epoch: u32,
    /// The draw.
    pub draw: Draw,
    /// The tier.
    pub tier: Tier,
    /// From 0 within draw, tier and shard.
    pub number: u32,
    /// How many tickets the person has had.
    pub serial: Serial,
    /// The shard's digest right after this ticket.
    pub digest: ShardDigest,
    /// The shopping window, if the turn was claimed.
    pub claimed: Option<Window>,
}

/// A shopping window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// One session; the shop token's `jti`.
    pub session: String,
    /// When it was claimed.
    pub claimed_at: UnixMillis,
    /// When it ends; grows by stops only.
    pub ends_at: UnixMillis,
}

/// Ask for the shopping window of a ticket whose turn has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub tag: Tag,
    /// Of the ticket: the life of the store that numbered it.
    pub epoch: u32,
    /// Of the ticket; only the newest counts.
    pub serial: Serial,
    /// When the turn came: the window never begins before it.
    pub turn_at: UnixMillis,
    /// Length of the window, in ms.
    pub shopping_ms: u64,
    /// Stops so far, the one that goes on included: they lengthen the window.
    pub stops: Stops,
    /// 16 random bytes in hex: becomes the session if there is none yet.
    pub session: String,
    /// The time to claim is over: find a window, do not make one.
    pub only_if_claimed: bool,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimOutcome {
    /// The window; it may be over already (compare `ends_at`).
    Window(Window),
    /// A newer ticket replaced this one, it was given up, or it was never claimed and now is too late.
    Dead,
    /// An earlier session of this person still runs: at most one shop token lives at a time.
    Busy {
        /// Until then.
        until: UnixMillis,
    },
}

/// Give a ticket up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// Who.
    pub tag: Tag,
    /// Of the ticket: the life of the store that numbered it.
    pub epoch: u32,
    /// Of the ticket.
    pub serial: Serial,
}

/// What became of a leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaveOutcome {
    /// Given up, now or before.
    Left,
    /// A newer ticket replaced it, or there never was one.
    Dead,
}
