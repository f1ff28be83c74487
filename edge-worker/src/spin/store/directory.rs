//! The directory of events: a sorted set of all ids that were ever put, by position.

use stanchion_shared::ids::EventId;

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::DIRECTORY,
    shard::text,
};
use crate::platform::{EVENTS_PER_READ, MOST_EVENTS, StoreError};

static ADD_EVENT: Script = script!("directory/add_event.lua");

impl<R: Redis> Store<'_, R> {
    /// Adds an event, if it is not there. Returns whether it is there now: if not, the directory is
    /// full.
    pub(super) async fn add_to_directory(&self, event: &EventId) -> Result<bool, StoreError> {
        let arguments = vec![event.as_str().as_bytes().to_vec(), text(MOST_EVENTS)];
        run(self.redis, &ADD_EVENT, &[DIRECTORY.to_owned()], arguments)
            .await?
            .done()
    }

    /// The events from a position on.
    pub(super) async fn directory_from(&self, position: u32) -> Result<Vec<EventId>, StoreError> {
        let last = u64::from(position) + EVENTS_PER_READ as u64 - 1;
        let range = [DIRECTORY.as_bytes().to_vec(), text(position), text(last)];
        let range = range.each_ref().map(Vec::as_slice);
        let mut reply = plain(self.redis, "ZRANGE", &range).await?;
        let mut events = Vec::new();
        while !reply.is_empty() {
            let id = EventId::parse(&reply.text()?);
            events.push(id.map_err(|error| StoreError(format!("the directory has what is no event: {error}")))?);
        }
        Ok(events)
    }
}
