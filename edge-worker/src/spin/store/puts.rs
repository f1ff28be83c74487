//! What the origin says: the event, and once a second the release.

use stanchion_shared::{
    ids::EventId,
    wire::{PutEvent, PutRelease},
};

use super::{
    Store,
    command::{Redis, Script, run, script},
    coordinator::{Written, json},
    keys::CoordinatorKeys,
    random, random_32,
    read_event::{ReadEvent, WRITE_WITHIN_MS},
    shard::MAX_TRIES,
};
use crate::{
    platform::{PutOutcome, StoreError},
    queue::{
        Attempt,
        event::{EventSecrets, EventState},
    },
};

static CREATE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/create.lua");

impl<R: Redis> Store<'_, R> {
    pub(super) async fn put_the_event(&self, event: &EventId, put: &PutEvent) -> Result<PutOutcome, StoreError> {
        let attempt = Attempt(random());
        self.know_who_joined(event, put).await?;
        for _ in 0..MAX_TRIES {
            let put_it = |state: &mut EventState, read: &ReadEvent| {
                state.put_event(put, attempt, read.open_tickets(), read.stamp())
            };
            if let Some(outcome) = self.change_event(event, put_it).await? {
                return Ok(outcome);
            }
            if let Some(outcome) = self.create_event(event, put, attempt).await? {
                return Ok(outcome);
            }
        }
        Err(StoreError("the event comes and goes".to_owned()))
    }

    /// Windows may change only while nobody has joined. A coordinator that may have forgotten that
    /// collects reports first.
    async fn know_who_joined(&self, event: &EventId, put: &PutEvent) -> Result<(), StoreError> {
        match self.read_event(event).await? {
            Some(read) if !read.all_reported && put.settings.windows() != read.state.settings.windows() => {
                self.collect_reports(event, &read).await
            }
            _ => Ok(()),
        }
    }

    /// `None` if it is there already.
    async fn create_event(
        &self,
        event: &EventId,
        put: &PutEvent,
        attempt: Attempt,
    ) -> Result<Option<PutOutcome>, StoreError> {
        let secrets = EventSecrets::generate(random_32(), random_32());
        let (now, _) = self.read_event_or_clock(event).await?;
        let opened_at = now.plus(WRITE_WITHIN_MS);
        let state = EventState::create(event.clone(), put.clone(), attempt, &secrets, opened_at);
        let keys = CoordinatorKeys::new(event).with(&["chain"]);
        let mut arguments = vec![self.candidate(), json(&state.constants)];
        arguments.extend(Written::new(&state, now).parts);
        arguments.extend([
            state.settings.shards.get().to_string().into_bytes(),
            secrets.chain.to_bytes(),
        ]);
        let created = run(self.redis, &CREATE, &keys, arguments).await?.done()?;
        Ok(created.then(|| state.accepted()))
    }

    pub(super) async fn put_the_release(&self, event: &EventId, put: &PutRelease) -> Result<PutOutcome, StoreError> {
        let attempt = Attempt(random());
        let changed = self
            .change_event(event, |state, read| state.put_release(put, attempt, read.stamp()))
            .await?;
        Ok(changed.unwrap_or(PutOutcome::UnknownEvent))
    }
}
