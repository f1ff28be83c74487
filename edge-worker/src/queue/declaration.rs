//! Declarations: a shard tells the coordinator of a draw before it gives the first number in it.
//! So the coordinator knows which shards a draw has to wait for, and a draw that is being closed
//! gets no further shard. What is stored of it is named `announced`.

use serde::{Deserialize, Serialize};
use stanchion_shared::ids::{Draw, Shard};

use super::event::EventState;

/// What became of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum DeclarationOutcome {
    /// From now on the draw is not closed without this shard.
    Open,
    /// All draws up to this one are closed or being closed, and this shard has no tickets in any of
    /// them that it had not declared before. It gives no number in them any more.
    Refused { frozen_through: Draw },
}

impl EventState {
    /// No draw up to this one may be declared any more: it is closed or being closed.
    pub(crate) fn declarations_ended_through(&self) -> Option<Draw> {
        self.progress.closing.max(self.progress.closed_through)
    }

    /// Whether the event has this shard. Tickets of another one would be left out of every record's
    /// digest, so they must not come to be.
    pub(crate) fn has_shard(&self, shard: Shard) -> bool {
        shard.0 < self.settings.shards.get()
    }

    /// Judges the declaration of a draw. On Spin `declare.lua` compares the same number, in the
    /// step that stores it.
    pub(crate) fn judge_declaration(&self, draw: Draw) -> DeclarationOutcome {
        match self.declarations_ended_through() {
            Some(frozen_through) if draw <= frozen_through => DeclarationOutcome::Refused { frozen_through },
            _ => DeclarationOutcome::Open,
        }
    }
}
