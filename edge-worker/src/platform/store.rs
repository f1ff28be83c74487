//! The queue store as the application sees it: one coordinator per event, and the event's shards.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::record::SignedRecord,
    ids::{Draw, EventId, EventKey, Shard, Tag},
    meter::SiteAnswers,
    schedule::ScheduleChunk,
    sessions::EndedSession,
    snapshot::Snapshot,
    wire::{PutAccepted, PutEvent, PutRelease},
};

use super::{
    Claim, ClaimOutcome, CountOneMore, EndOutcome, EndSession, HeldTicket, IdentifierUse, IdentifierUsers,
    IntervalCount, Join, JoinOutcome, KeepOutcome, KeepSession, Leave, LeaveOutcome, StoreError, WalkIn, WalkInOutcome,
};

/// The queue's memory: one coordinator and N shards per event. Every operation can be repeated
/// without harm.
pub trait QueueStore {
    /// Creates or changes an event. An event that does not exist yet is added to the directory
    /// first, so that no event is unknown there.
    fn put_event(&self, event: &EventId, put: PutEvent) -> impl Future<Output = Result<PutOutcome, StoreError>>;

    /// Renews the origin's lease and sets the rate.
    fn put_release(&self, event: &EventId, put: PutRelease) -> impl Future<Output = Result<PutOutcome, StoreError>>;

    /// The directory: the events that were ever put, in the order of their first puts, from
    /// `position` on. At most [`EVENTS_PER_READ`].
    fn events(&self, position: u32) -> impl Future<Output = Result<Vec<EventId>, StoreError>>;

    /// The event as of at most [`SNAPSHOT_AGE_MS`] before it was asked for; `None` if there is none.
    /// The coordinator adds `answers` to what it knows of the event's site. That happens at most
    /// once, or twice where a connection was lost; if the question fails they may be lost.
    fn read_snapshot(
        &self,
        event: &EventId,
        answers: SiteAnswers,
    ) -> impl Future<Output = Result<Option<ReadSnapshot>, StoreError>>;

    /// Does what an event needs at this moment, where no object does so by itself: closes draws,
    /// asks a site for its health. It may take seconds, and may be left unfinished at any point.
    fn look_after(&self, event: &EventId) -> impl Future<Output = Result<(), StoreError>>;

    /// The key that makes tags. It never changes and is never shown.
    fn event_key(&self, event: &EventId) -> impl Future<Output = Result<Option<EventKey>, StoreError>>;

    /// The record of a closed draw; `None` if the draw is not closed or has no tickets.
    fn record(&self, event: &EventId, draw: Draw) -> impl Future<Output = Result<Option<SignedRecord>, StoreError>>;

    /// The windows that have records among the [`WINDOWS_PER_PAGE`] from `page` times as many on,
    /// ascending. The list is complete up to `through`, which the store is known to have closed: what
    /// was listed before that draw was closed is no answer.
    ///
    /// [`WINDOWS_PER_PAGE`]: stanchion_shared::wire::WINDOWS_PER_PAGE
    fn drawn(&self, event: &EventId, page: u32, through: Draw) -> impl Future<Output = Result<Vec<Draw>, StoreError>>;

    /// A chunk of the schedule since the beginning, or the last one; `None` if there is no such
    /// event or chunk.
    fn schedule_chunk(
        &self,
        event: &EventId,
        chunk: Option<u32>,
    ) -> impl Future<Output = Result<Option<ScheduleChunk>, StoreError>>;

    /// The public log of a shard in a closed draw
    /// ([`stanchion_shared::draw::digest::LOG_ENTRY_LENGTH`] bytes per ticket); `None` while the
    /// shard has not frozen the draw.
    fn shard_log(
        &self,
        event: &EventId,
        draw: Draw,
        shard: Shard,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>>;

    /// Gives a person a number, or finds the one they have.
    fn join(&self, event: &EventId, shard: Shard, join: Join) -> impl Future<Output = Result<JoinOutcome, StoreError>>;

    /// How many people used each of the identifiers in this event, in their order. Notes nothing.
    fn identifier_users(
        &self,
        event: &EventId,
        shard: Shard,
        used: IdentifierUse,
    ) -> impl Future<Output = Result<Vec<IdentifierUsers>, StoreError>>;

    /// Notes that a person used identifiers. No more than `used.most` people are remembered by name
    /// for each, and all of them are forgotten
    /// [`kept_ms`](IdentifierUse::kept_ms) after the last one was noted.
    fn note_identifiers(
        &self,
        event: &EventId,
        shard: Shard,
        used: IdentifierUse,
    ) -> impl Future<Output = Result<(), StoreError>>;

    /// The newest ticket of a person; `None`: the shard knows none. Changes nothing.
    fn held_ticket(
        &self,
        event: &EventId,
        shard: Shard,
        tag: Tag,
    ) -> impl Future<Output = Result<Option<HeldTicket>, StoreError>>;

    /// Fixes a person's shopping window when their turn has come, or finds the one that is fixed.
    fn claim(
        &self,
        event: &EventId,
        shard: Shard,
        claim: Claim,
    ) -> impl Future<Output = Result<ClaimOutcome, StoreError>>;

    /// Gives a person a shopping window without a turn, if there is room and a slot is free, or finds
    /// the one they are in.
    fn walk_in(
        &self,
        event: &EventId,
        shard: Shard,
        walk_in: WalkIn,
    ) -> impl Future<Output = Result<WalkInOutcome, StoreError>>;

    /// Gives a queue ticket up, and ends its shopping session.
    fn leave(
        &self,
        event: &EventId,
        shard: Shard,
        leave: Leave,
    ) -> impl Future<Output = Result<LeaveOutcome, StoreError>>;

    /// Ends a shopping session. Within two seconds every gate knows it.
    fn end_session(
        &self,
        event: &EventId,
        shard: Shard,
        end: EndSession,
    ) -> impl Future<Output = Result<EndOutcome, StoreError>>;

    /// Keeps a session that ends when it is idle.
    fn keep_session(
        &self,
        event: &EventId,
        shard: Shard,
        keep: KeepSession,
    ) -> impl Future<Output = Result<KeepOutcome, StoreError>>;

    /// A page of the list of sessions that ended before their shop tokens do, in the order of the
    /// list: positions from `page` times [`ENDED_PER_PAGE`] on, and at least those before `through`.
    /// Those whose tokens have ended are forgotten.
    ///
    /// [`ENDED_PER_PAGE`]: stanchion_shared::sessions::ENDED_PER_PAGE
    fn ended_sessions(
        &self,
        event: &EventId,
        page: u64,
        through: u64,
    ) -> impl Future<Output = Result<Vec<EndedSession>, StoreError>>;

    /// Counts one more of each key, over all instances; the counts in the order of the keys. It
    /// belongs to no event. A count may be lost, and a message that is repeated counts twice.
    fn count_one_more(&self, message: CountOneMore) -> impl Future<Output = Result<Vec<IntervalCount>, StoreError>>;
}

/// How long before it was asked for a snapshot may have been taken, in ms.
pub const SNAPSHOT_AGE_MS: u64 = 250;
/// Events that a directory has at most. A put of one more is refused.
pub const MOST_EVENTS: u32 = 100_000;
/// Events that one read of the directory hands out at most.
pub const EVENTS_PER_READ: usize = 1_000;

/// A snapshot, and whether somebody has to look after its event ([`QueueStore::look_after`]).
#[derive(Clone, Debug)]
pub struct ReadSnapshot {
    /// The event as of now.
    pub snapshot: Snapshot,
    /// Something is due.
    pub work_is_due: bool,
}

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
    /// It would change a setting that is fixed; the sentence names the setting.
    Fixed(String),
    /// The directory has [`MOST_EVENTS`] events already.
    TooManyEvents,
}
