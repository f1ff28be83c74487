//! What a shard has in one draw, and what becomes of its tickets if it was silent when the draw was
//! closed.
//!
//! The draw enters a silent shard as it last reported. When the shard is back it learns that, and
//! [`carry`] makes the tickets after the report the first ones of a draw in which it has given no
//! number yet: in the order of its log, so that anybody can follow a receipt from the one draw to
//! the other.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::{
        digest::{FrozenShard, ShardDigest},
        record::CarriedTickets,
    },
    epochs::EpochStart,
    ids::{Draw, Shard, Tag, Tier},
};

/// What a shard has in one draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardTickets {
    #[serde(flatten)]
    pub(crate) frozen: FrozenShard,
    /// Which epochs gave them, where a store can go back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) epochs: Vec<EpochStart>,
    /// The first of them, if earlier draws left them over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) carried: Vec<CarriedTickets>,
}

impl ShardTickets {
    /// No tickets.
    pub(crate) fn none(shard: Shard) -> ShardTickets {
        ShardTickets {
            frozen: FrozenShard {
                shard,
                digest: ShardDigest::EMPTY,
                counts: [0; 3],
            },
            epochs: Vec::new(),
            carried: Vec::new(),
        }
    }

    /// Tickets of all tiers.
    pub(crate) fn count(&self) -> u64 {
        sum(self.frozen.counts)
    }

    /// One more ticket; its number.
    pub(crate) fn give(&mut self, tier: Tier, tag: Tag) -> u32 {
        let number = self.frozen.counts[tier.index()];
        self.frozen.counts[tier.index()] += 1;
        self.frozen.digest = self.frozen.digest.with(tier, tag);
        number
    }
}

/// Tickets of all tiers.
pub(crate) fn sum(counts: [u32; 3]) -> u64 {
    counts.into_iter().map(u64::from).sum()
}

/// How a draw was closed with a shard that was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EnteredDraw {
    pub(crate) draw: Draw,
    /// Tickets of the shard per tier that are in the draw: the first ones.
    pub(crate) counts: [u32; 3],
}

/// What a draw that was closed without a shard's answer left over there.
#[derive(Clone, Debug)]
pub(crate) struct LeftOver {
    pub(crate) entered: EnteredDraw,
    /// Of the same draw.
    pub(crate) carried: Vec<CarriedTickets>,
    /// The log after the tickets that were entered.
    pub(crate) log: Vec<(Tier, Tag)>,
}

/// A ticket that is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CarriedTicket {
    pub(crate) tag: Tag,
    pub(crate) tier: Tier,
    /// Where it was.
    pub(crate) from: Draw,
    pub(crate) old_number: u32,
    /// Where it is.
    pub(crate) number: u32,
    /// The shard's digest right after it there.
    pub(crate) digest: ShardDigest,
}

/// Makes what earlier draws left over, in ascending order, the first tickets of a draw in which the
/// shard has given no number. They are of `epoch` there, where a store can go back.
pub(crate) fn carry(shard: Shard, epoch: Option<u32>, left_over: &[LeftOver]) -> (ShardTickets, Vec<CarriedTicket>) {
    let mut tickets = ShardTickets::none(shard);
    let mut all = Vec::new();
    for left in left_over {
        let first = tickets.frozen.counts;
        let mut old_numbers = left.entered.counts;
        for &(tier, tag) in &left.log {
            let number = tickets.give(tier, tag);
            all.push(CarriedTicket {
                tag,
                tier,
                from: left.entered.draw,
                old_number: old_numbers[tier.index()],
                number,
                digest: tickets.frozen.digest,
            });
            old_numbers[tier.index()] += 1;
        }
        let counts: [u32; 3] = std::array::from_fn(|tier| tickets.frozen.counts[tier] - first[tier]);
        if counts == [0; 3] {
            continue;
        }
        // What that draw was itself to carry is counted in no record either: it was entered with
        // nothing. A report has all that is carried or nothing, for both are written in one step.
        if left.entered.counts == [0; 3] {
            let moved = left.carried.iter().map(|carried| CarriedTickets {
                first: std::array::from_fn(|tier| first[tier] + carried.first[tier]),
                ..*carried
            });
            tickets.carried.extend(moved);
        }
        let from = left.entered.draw;
        tickets.carried.push(CarriedTickets {
            shard,
            from,
            first,
            counts,
        });
    }
    tickets.carried.sort_unstable_by_key(|carried| carried.from);
    let start = |epoch| EpochStart { epoch, from: [0; 3] };
    tickets.epochs = epoch.map(start).filter(|_| !all.is_empty()).into_iter().collect();
    (tickets, all)
}

#[cfg(test)]
mod tests;
