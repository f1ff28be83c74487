//! A shard tells the coordinator of a draw before it gives the first number in it: see
//! [`crate::queue::declaration`].

use stanchion_shared::ids::{Draw, EventId, Shard};

use super::{
    Store,
    command::{Redis, Script, run, script},
    keys::CoordinatorKeys,
    read_event::ReadEvent,
};
use crate::{
    platform::StoreError,
    queue::{
        declaration::DeclarationOutcome,
        event::{ClosingProgress, EventState},
    },
};

static DECLARE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/declare.lua");

/// The reply to a declaration.
pub(super) struct Declared {
    pub(super) outcome: DeclarationOutcome,
    /// The coordinator's epoch.
    pub(super) coordinator: u32,
}

/// What a shard tells the coordinator of.
#[derive(Clone, Copy)]
pub(super) struct Declaration {
    pub(super) shard: Shard,
    pub(super) draw: Draw,
    /// The shard's present epoch.
    pub(super) epoch: u32,
    /// People of the first line are among those who get numbers.
    pub(super) first_line: bool,
}

impl<R: Redis> Store<'_, R> {
    /// Declares a draw.
    pub(super) async fn declare(&self, event: &EventId, declaration: Declaration) -> Result<Declared, StoreError> {
        let Declaration {
            shard,
            draw,
            epoch,
            first_line,
        } = declaration;
        let keys = CoordinatorKeys::new(event).with(&[]);
        let mut arguments = vec![self.candidate()];
        let numbers = [shard.0.to_string(), draw.0.to_string(), epoch.to_string()];
        arguments.extend(numbers.map(String::into_bytes));
        let mut reply = run(self.redis, &DECLARE, &keys, arguments).await?;
        let said = reply.text()?;
        let number = reply.number()?;
        match said.as_str() {
            "open" => {
                let progress: ClosingProgress = reply.json()?;
                if first_line && progress.second_line.first_line_in < Some(draw) {
                    // On disk before the shard gives a number.
                    let joins = |state: &mut EventState, read: &ReadEvent| state.first_line_joins(draw, read.stamp());
                    self.change_event(event, joins).await?;
                }
                Ok(Declared {
                    outcome: DeclarationOutcome::Open,
                    coordinator: number,
                })
            }
            "refused" => Ok(Declared {
                outcome: DeclarationOutcome::Refused {
                    frozen_through: Draw(reply.number()?),
                },
                coordinator: number,
            }),
            _ => Err(StoreError(format!("the event has no shard {}", shard.0))),
        }
    }
}
