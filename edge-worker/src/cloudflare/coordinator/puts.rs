//! What the origin says: the event, and once a second the release. The coordinator stamps the
//! instants.

use stanchion_shared::{ids::Bytes32, timestamp::UnixMillis};
use worker::Result;

use super::{
    super::{
        messages::{PutEventMessage, PutReleaseMessage},
        now,
    },
    Coordinator,
    tables::{self, EventMemory},
};
use crate::{
    platform::PutOutcome,
    queue::event::{EventSecrets, EventState},
};

impl Coordinator {
    pub(super) fn put_event(&self, message: PutEventMessage) -> Result<PutOutcome> {
        let now = now();
        let changed = self.change(|event| {
            let open_tickets = event.open_tickets();
            let put = |state: &mut EventState| state.put_event(&message.put, message.attempt, open_tickets, now);
            let outcome = self.change_state(event, put)?;
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
        let secrets = EventSecrets::generate(random_32(), random_32());
        let state = EventState::create(event_id, *put, attempt, &secrets, now);
        self.database
            .transaction(|| tables::create(&self.database, &state, &secrets.chain))?;
        let outcome = state.accepted();
        *self.event.borrow_mut() = Some(EventMemory::new(state));
        // Its site may be due to be asked for its health.
        self.read(|event| self.arm(event, UnixMillis(0)))?;
        Ok(outcome)
    }

    pub(super) fn put_release(&self, message: PutReleaseMessage) -> Result<PutOutcome> {
        let now = now();
        let changed = self
            .change(|event| self.change_state(event, |state| state.put_release(&message.put, message.attempt, now)))?;
        Ok(changed.unwrap_or(PutOutcome::UnknownEvent))
    }

    /// Changes the event's state, and writes what has changed.
    pub(super) fn change_state<T>(
        &self,
        event: &mut EventMemory,
        change: impl FnOnce(&mut EventState) -> T,
    ) -> Result<T> {
        let before = event.state.clone();
        let changed = change(&mut event.state);
        tables::save_changes(&self.database, &before, &event.state)?;
        Ok(changed)
    }
}

fn random_32() -> Bytes32 {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("Workers have crypto.getRandomValues");
    Bytes32(bytes)
}
