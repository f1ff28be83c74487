//! A shard tells the coordinator of a draw before it gives the first number in it: see
//! [`crate::queue::announcement`].

use stanchion_shared::ids::{Draw, EventId, Shard};

use super::{
    Store,
    command::{Redis, Script, run, script},
    keys::CoordinatorKeys,
};
use crate::{platform::StoreError, queue::announcement::AnnouncementOutcome};

static ANNOUNCE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/announce.lua");

/// The reply to an announcement.
pub(super) struct Announced {
    pub(super) outcome: AnnouncementOutcome,
    /// The coordinator's epoch.
    pub(super) coordinator: u32,
}

impl<R: Redis> Store<'_, R> {
    /// Announces a draw, in the shard's present epoch.
    pub(super) async fn announce(
        &self,
        event: &EventId,
        shard: Shard,
        draw: Draw,
        epoch: u32,
    ) -> Result<Announced, StoreError> {
        let keys = CoordinatorKeys::new(event).with(&[]);
        let mut arguments = vec![self.candidate()];
        let numbers = [shard.0.to_string(), draw.0.to_string(), epoch.to_string()];
        arguments.extend(numbers.map(String::into_bytes));
        let mut reply = run(self.redis, &ANNOUNCE, &keys, arguments).await?;
        let said = reply.text()?;
        let number = reply.number()?;
        match said.as_str() {
            "open" => Ok(Announced {
                outcome: AnnouncementOutcome::Open,
                coordinator: number,
            }),
            "refused" => Ok(Announced {
                outcome: AnnouncementOutcome::Refused {
                    frozen_through: Draw(reply.number()?),
                },
                coordinator: number,
            }),
            _ => Err(StoreError(format!("the event has no shard {}", shard.0))),
        }
    }
}
