//! The queue store, played by the objects: every operation is one message to one of them.

use stanchion_shared::{
    draw::record::SignedRecord,
    identity::{Draw, EventId, EventKey, Shard},
    schedule::Schedule,
    standing::Snapshot,
    wire::{PutEvent, PutRelease},
};

use super::{
    entry::Cloudflare,
    messages::{
        Attempt, ClosedRecord, CountSighted, CurrentSnapshot, JoinMessage, NoteMessage, PutEventMessage,
        PutReleaseMessage, ReadEventKey, ReadLog, WholeSchedule,
    },
    objects::random,
};
use crate::platform::{
    Claim, ClaimOutcome, Join, JoinOutcome, Leave, LeaveOutcome, PutOutcome, QueueStore, Sight, SightedBy, StoreError,
};

impl QueueStore for Cloudflare {
    async fn put_event(&self, event: &EventId, put: PutEvent) -> Result<PutOutcome, StoreError> {
        let message = PutEventMessage {
            event_id: event.clone(),
            put: Box::new(put),
            attempt: Attempt(random()),
        };
        self.objects.coordinator(event, message).await
    }

    async fn put_release(&self, event: &EventId, put: PutRelease) -> Result<PutOutcome, StoreError> {
        let attempt = Attempt(random());
        self.objects
            .coordinator(event, PutReleaseMessage { put, attempt })
            .await
    }

    async fn snapshot(&self, event: &EventId) -> Result<Option<Snapshot>, StoreError> {
        let event_id = event.clone();
        self.objects.relay(event, CurrentSnapshot { event_id }).await
    }

    async fn event_key(&self, event: &EventId) -> Result<Option<EventKey>, StoreError> {
        self.objects.coordinator(event, ReadEventKey).await
    }

    async fn record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        let event_id = event.clone();
        self.objects.relay(event, ClosedRecord { event_id, draw }).await
    }

    async fn schedule(&self, event: &EventId) -> Result<Option<Schedule>, StoreError> {
        let event_id = event.clone();
        self.objects.relay(event, WholeSchedule { event_id }).await
    }

    async fn shard_log(&self, event: &EventId, draw: Draw, shard: Shard) -> Result<Option<Vec<u8>>, StoreError> {
        let log = self.objects.shard(event, shard, ReadLog { draw }).await?;
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
        self.objects.shard(event, shard, message).await
    }

    async fn sighted(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<SightedBy, StoreError> {
        self.objects.shard(event, shard, CountSighted { sight }).await
    }

    async fn note(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<(), StoreError> {
        let message = NoteMessage {
            event_id: event.clone(),
            shard,
            sight,
        };
        self.objects.shard(event, shard, message).await
    }

    async fn claim(&self, event: &EventId, shard: Shard, claim: Claim) -> Result<ClaimOutcome, StoreError> {
        self.objects.shard(event, shard, claim).await
    }

    async fn leave(&self, event: &EventId, shard: Shard, leave: Leave) -> Result<LeaveOutcome, StoreError> {
        self.objects.shard(event, shard, leave).await
    }
}
