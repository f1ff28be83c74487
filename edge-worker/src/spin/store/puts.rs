//! What the origin says: the event, and once a second the release.

use stanchion_shared::{
    draw::chain::SecretChain,
    identity::{EventId, EventKey},
    wire::{PutEvent, PutRelease},
};

use super::{
    Store,
    command::{Redis, Script, run, script},
    coordinator::{Written, json},
    keys::CoordinatorKeys,
    random, random_32,
    seen::{Seen, WRITE_WITHIN_MS},
    shard::MAX_TRIES,
};
use crate::{
    event::{Attempt, Event, Fixed, windows},
    platform::{PutOutcome, StoreError},
};

static CREATE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/create.lua");

impl<R: Redis> Store<'_, R> {
    pub(super) async fn put_the_event(&self, event: &EventId, put: &PutEvent) -> Result<PutOutcome, StoreError> {
        let attempt = Attempt(random());
        self.know_who_joined(event, put).await?;
        for _ in 0..MAX_TRIES {
            let put_it = |rules: &mut Event, seen: &Seen| rules.put_event(put, attempt, seen.joined(), seen.stamp());
            if let Some(outcome) = self.change_event(event, put_it).await? {
                return Ok(outcome);
            }
            if let Some(outcome) = self.create_event(event, put, attempt).await? {
                return Ok(outcome);
            }
        }
        Err(StoreError("the event comes and goes".to_owned()))
    }

    /// Windows may change only while nobody has joined: a coordinator that may have forgotten that asks all shards first.
    async fn know_who_joined(&self, event: &EventId, put: &PutEvent) -> Result<(), StoreError> {
        match self.read_event(event).await? {
            Some(seen) if !seen.mustered && windows(put) != windows(&seen.rules.put.put) => {
                self.muster(event, &seen).await
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
        let chain = SecretChain::generate(random_32());
        let (now, _) = self.read_event_or_clock(event).await?;
        let fixed = Fixed {
            event_id: event.clone(),
            opened_at: now.plus(WRITE_WITHIN_MS),
            key: EventKey(random_32()),
            commitment: chain.commitment(),
        };
        let rules = Event::create(fixed, put.clone(), attempt);
        let [put, pulse, progress, schedule] = Written::new(&rules, now).parts;
        let keys = CoordinatorKeys::new(event).with(&["chain"]);
        let arguments = vec![
            self.candidate(),
            json(&rules.fixed),
            put,
            pulse,
            progress,
            schedule,
            chain.to_bytes(),
        ];
        let created = run(self.redis, &CREATE, &keys, arguments).await?.done()?;
        Ok(created.then(|| rules.accepted()))
    }

    pub(super) async fn put_the_release(&self, event: &EventId, put: &PutRelease) -> Result<PutOutcome, StoreError> {
        let attempt = Attempt(random());
        let changed = self
            .change_event(event, |rules, seen| rules.put_release(put, attempt, seen.stamp()))
            .await?;
        Ok(changed.unwrap_or(PutOutcome::UnknownEvent))
    }
}
