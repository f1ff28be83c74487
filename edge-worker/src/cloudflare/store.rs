//! The queue store on Durable Objects: every operation is one message to one object.

use std::time::Duration;

use stanchion_shared::{
    draw::record::SignedRecord,
    ids::{Draw, EventId, EventKey, Shard, Tag},
    meter::SiteAnswers,
    schedule::ScheduleChunk,
    sessions::EndedSession,
    snapshot::Snapshot,
    wire::{PutEvent, PutRelease},
};

use super::{
    messages::{
        AddEvent, Attempt, CountIdentifierUsers, JoinMessage, NoteIdentifiers, PutEventMessage, PutReleaseMessage,
        Read, ReadHeldTicket, ReadLog, Source, WalkInMessage,
    },
    objects::{self, Objects, random},
};
use crate::platform::{
    Claim, ClaimOutcome, CountOneMore, EndOutcome, EndSession, HeldTicket, IdentifierUse, IdentifierUsers,
    IntervalCount, Join, JoinOutcome, KeepOutcome, KeepSession, Leave, LeaveOutcome, PutOutcome, QueueStore,
    ReadSnapshot, StoreError, WalkIn, WalkInOutcome,
};

/// A request waits this long for a shard that is not the one it is about: for one that counts
/// identifiers, or one that has to say which draw carries a ticket. Both can do without the answer.
const HELPFUL_SHARD_LIMIT: Duration = Duration::from_millis(800);

fn of(event: &EventId) -> Source {
    Source::Event(event.clone())
}

impl QueueStore for &Objects {
    async fn put_event(&self, event: &EventId, put: PutEvent) -> Result<PutOutcome, StoreError> {
        if !self.directory(AddEvent(event.clone())).await? {
            return Ok(PutOutcome::TooManyEvents);
        }
        let message = PutEventMessage {
            event_id: event.clone(),
            put: Box::new(put),
            attempt: Attempt(random()),
        };
        self.coordinator(event, message).await
    }

    async fn put_release(&self, event: &EventId, put: PutRelease) -> Result<PutOutcome, StoreError> {
        let attempt = Attempt(random());
        self.coordinator(event, PutReleaseMessage { put, attempt }).await
    }

    async fn events(&self, position: u32) -> Result<Vec<EventId>, StoreError> {
        self.read(Source::Directory, Read::Events(position)).await
    }

    async fn read_snapshot(&self, event: &EventId, answers: SiteAnswers) -> Result<Option<ReadSnapshot>, StoreError> {
        let snapshot: Option<Snapshot> = self.read_with(of(event), Read::Snapshot, answers).await?;
        Ok(snapshot.map(|snapshot| ReadSnapshot {
            snapshot,
            work_is_due: false, // the coordinator's alarm does it
        }))
    }

    async fn look_after(&self, _: &EventId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn event_key(&self, event: &EventId) -> Result<Option<EventKey>, StoreError> {
        self.read(of(event), Read::EventKey).await
    }

    async fn record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        self.read(of(event), Read::Record(draw)).await
    }

    async fn drawn(&self, event: &EventId, page: u32, through: Draw) -> Result<Vec<Draw>, StoreError> {
        self.read(of(event), Read::Drawn { page, through }).await
    }

    async fn schedule_chunk(&self, event: &EventId, chunk: Option<u32>) -> Result<Option<ScheduleChunk>, StoreError> {
        self.read(of(event), Read::Schedule(chunk)).await
    }

    async fn shard_log(&self, event: &EventId, draw: Draw, shard: Shard) -> Result<Option<Vec<u8>>, StoreError> {
        let log = self.shard(event, shard, ReadLog { draw }).await?;
        log.map(hex::decode)
            .transpose()
            .map_err(|error| StoreError(format!("a shard's log is not hex: {error}")))
    }

    async fn join(&self, event: &EventId, shard: Shard, join: Join) -> Result<JoinOutcome, StoreError> {
        let message = JoinMessage {
            event_id: event.clone(),
            shard,
            join,
            attempt: Attempt(random()),
        };
        self.shard(event, shard, message).await
    }

    async fn identifier_users(
        &self,
        event: &EventId,
        shard: Shard,
        used: IdentifierUse,
    ) -> Result<Vec<IdentifierUsers>, StoreError> {
        let asked = self.shard(event, shard, CountIdentifierUsers { used });
        objects::within(HELPFUL_SHARD_LIMIT, asked).await
    }

    async fn note_identifiers(&self, event: &EventId, shard: Shard, used: IdentifierUse) -> Result<(), StoreError> {
        let message = NoteIdentifiers {
            event_id: event.clone(),
            shard,
            used,
        };
        objects::within(HELPFUL_SHARD_LIMIT, self.shard(event, shard, message)).await
    }

    async fn held_ticket(&self, event: &EventId, shard: Shard, tag: Tag) -> Result<Option<HeldTicket>, StoreError> {
        objects::within(HELPFUL_SHARD_LIMIT, self.shard(event, shard, ReadHeldTicket { tag })).await
    }

    async fn claim(&self, event: &EventId, shard: Shard, claim: Claim) -> Result<ClaimOutcome, StoreError> {
        self.shard(event, shard, claim).await
    }

    async fn walk_in(&self, event: &EventId, shard: Shard, walk_in: WalkIn) -> Result<WalkInOutcome, StoreError> {
        let message = WalkInMessage {
            event_id: event.clone(),
            shard,
            walk_in,
        };
        self.shard(event, shard, message).await
    }

    async fn leave(&self, event: &EventId, shard: Shard, leave: Leave) -> Result<LeaveOutcome, StoreError> {
        self.shard(event, shard, leave).await
    }

    async fn end_session(&self, event: &EventId, shard: Shard, end: EndSession) -> Result<EndOutcome, StoreError> {
        self.shard(event, shard, end).await
    }

    async fn keep_session(&self, event: &EventId, shard: Shard, keep: KeepSession) -> Result<KeepOutcome, StoreError> {
        self.shard(event, shard, keep).await
    }

    async fn ended_sessions(&self, event: &EventId, page: u64, through: u64) -> Result<Vec<EndedSession>, StoreError> {
        self.read(of(event), Read::Ended { page, through }).await
    }

    async fn count_one_more(&self, message: CountOneMore) -> Result<Vec<IntervalCount>, StoreError> {
        self.count(&message).await
    }
}
