//! What the origin says: the event, and once a second the release. The coordinator stamps the instants.

use stanchion_shared::{
    draw::chain::SecretChain,
    identity::{Bytes32, EventKey},
    timestamp::UnixMillis,
};
use worker::Result;

use super::{
    super::{
        messages::{PutEventMessage, PutReleaseMessage},
        now,
    },
    Coordinator,
    tables::{self, Event},
};
use crate::{
    event::{self, Fixed},
    platform::PutOutcome,
};

impl Coordinator {
    pub(super) fn put_event(&self, message: PutEventMessage) -> Result<PutOutcome> {
        let now = now();
        let changed = self.change(|event| {
            let joined = event.joined();
            let put_it = |rules: &mut event::Event| rules.put_event(&message.put, message.attempt, joined, now);
            let outcome = self.change_rules(event, put_it)?;
            // The on-sale may be sooner now.
            self.arm(event, UnixMillis(0))?;
            Ok(outcome)
        })?;
        match changed {
            Some(outcome) => Ok(outcome),
            None => self.create_event(message, now),
        }
    }

    fn create_event(&self, message: PutEventMessage, now: UnixMillis) -> Result<PutOutcome> {
        let PutEventMessage { event_id, put, attempt } = message;
        let chain = SecretChain::generate(random_32());
        let fixed = Fixed {
            event_id,
            opened_at: now,
            key: EventKey(random_32()),
            commitment: chain.commitment(),
        };
        let rules = event::Event::create(fixed, *put, attempt);
        self.database
            .transaction(|| tables::create(&self.database, &rules, &chain))?;
        let outcome = rules.accepted();
        *self.event.borrow_mut() = Some(Event {
            rules,
            announced: Default::default(),
            joined: Default::default(),
            scores: Default::default(),
            pace: Default::default(),
        });
        // Its site may be to be asked for its health.
        self.read(|event| self.arm(event, UnixMillis(0)))?;
        Ok(outcome)
    }

    pub(super) fn put_release(&self, message: PutReleaseMessage) -> Result<PutOutcome> {
        let now = now();
        let changed = self
            .change(|event| self.change_rules(event, |rules| rules.put_release(&message.put, message.attempt, now)))?;
        Ok(changed.unwrap_or(PutOutcome::UnknownEvent))
    }

    /// Does what the rules say, and writes what it changed.
    pub(super) fn change_rules<T>(&self, event: &mut Event, change: impl FnOnce(&mut event::Event) -> T) -> Result<T> {
        let before = event.rules.clone();
        let changed = change(&mut event.rules);
        tables::save_changes(&self.database, &before, &event.rules)?;
        Ok(changed)
    }
}

fn random_32() -> Bytes32 {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("Workers have crypto.getRandomValues");
    Bytes32(bytes)
}
