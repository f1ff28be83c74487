//! Epochs of a store: which queue tickets and places a store that was restored still knows.
//!
//! A store that can be restored from an older copy of its data (Redis) begins a new epoch whenever
//! that may have happened. Everything that it acknowledged after the copy was made is lost, and it
//! issues the same numbers again. Each epoch therefore has a random number. A queue ticket carries
//! the epoch of the shard that numbered it, and a place the epoch of the coordinator that drew it.
//! This module decides which of them are still valid; it does not begin epochs (the store does).
//!
//! A store that never goes back (a Durable Object) has one epoch, [`ONLY_EPOCH`], and its answers
//! contain none of this.

use serde::{Deserialize, Serialize};

use crate::ids::{Draw, Shard, TicketNumber};

/// Epoch of a store that never goes back. A store that can be restored never uses it.
pub const ONLY_EPOCH: u32 = 0;

/// Where an epoch of a shard starts within one draw: in tier t it issued the numbers from `from[t]`
/// up to where the next epoch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochStart {
    /// The epoch; unique within the shard.
    pub epoch: u32,
    /// Its first number per tier.
    pub from: [u32; 3],
}

/// Whether epoch `epoch` issued this number and the store still knows it. `epochs` are those that
/// issued the draw's numbers, in order; the last one reaches up to `counts` (tickets per tier).
///
/// An epoch that was lost as a whole is not among `epochs`. If a part was lost, its lost numbers
/// lie beyond the start of the next epoch.
#[must_use]
pub fn issued(epochs: &[EpochStart], counts: [u32; 3], epoch: u32, ticket: TicketNumber) -> bool {
    let Some(position) = epochs.iter().position(|start| start.epoch == epoch) else {
        return false;
    };
    let tier = ticket.tier.index();
    let until = epochs.get(position + 1).map_or(counts, |next| next.from);
    (epochs[position].from[tier]..until[tier]).contains(&ticket.number)
}

/// What an edge knows of the epochs of an event. Part of the snapshot; empty where stores never go
/// back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epochs {
    /// The coordinator's present epoch.
    pub coordinator: u32,
    /// The coordinator's former epochs, as far as its data remembers them.
    pub ended: Vec<EndedEpoch>,
    /// The epochs of the shards. Tickets of a shard that is not listed are not judged before the
    /// record of their draw is public.
    pub shards: Vec<ShardEpochs>,
}

/// A former epoch of a coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedEpoch {
    /// The epoch.
    pub epoch: u32,
    /// The last draw that was closed in the data with which the next epoch began. Records up to it
    /// are those that this epoch made; `None`: no record of it survived.
    pub closed_through: Option<Draw>,
}

/// The epochs of a shard, as far as draws that are not closed need them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardEpochs {
    /// The shard.
    pub shard: Shard,
    /// Its present epoch, which has lost nothing.
    pub epoch: u32,
    /// Draws in which former epochs have tickets.
    pub draws: Vec<DrawEpochs>,
}

/// Which epochs issued the numbers of a shard in one draw that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawEpochs {
    /// The draw.
    pub draw: Draw,
    /// Tickets per tier.
    pub counts: [u32; 3],
    /// The epochs that issued them, in order.
    pub epochs: Vec<EpochStart>,
}

impl Epochs {
    /// Whether the event's stores never go back.
    #[must_use]
    pub fn is_only_epoch(&self) -> bool {
        *self == Epochs::default()
    }

    /// Whether a place that the coordinator drew in `epoch` is what the record of `draw` says now.
    /// If not, the record may have been lost and the draw closed anew, so the place has to be
    /// computed again.
    #[must_use]
    pub fn trust_place(&self, epoch: u32, draw: Draw) -> bool {
        let knew_draw = |ended: &EndedEpoch| ended.epoch == epoch && Some(draw) <= ended.closed_through;
        epoch == self.coordinator || self.ended.iter().any(knew_draw)
    }

    /// Whether a queue ticket of a draw that is not closed is lost. The answer is right for every
    /// ticket that was issued before the snapshot was taken. A younger ticket may belong to an
    /// epoch that the snapshot does not know yet.
    #[must_use]
    pub fn lost(&self, epoch: u32, draw: Draw, ticket: TicketNumber) -> bool {
        let Some(shard) = self.shards.iter().find(|one| one.shard == ticket.shard) else {
            return false;
        };
        let in_draw = shard.draws.iter().find(|one| one.draw == draw);
        shard.epoch != epoch && !in_draw.is_some_and(|one| issued(&one.epochs, one.counts, epoch, ticket))
    }
}

#[cfg(test)]
mod tests;
