//! The tickets of a shard that was silent when a draw was closed.
//!
//! The draw enters the shard as it last reported: with the first numbers of each tier. The numbers
//! after them are carried into a later draw once the shard is back, in the order of its log, before
//! every other ticket of the shard in that draw. So a receipt can be followed from its draw to the
//! one in which the ticket is placed, and the log of its draw can be put together again.

use serde::{Deserialize, Serialize};

use super::DrawRecord;
use crate::ids::{Draw, Shard, ShardCount, TicketNumber};

/// Tickets of one shard that an earlier draw left over, as numbers of the draw that carries them.
/// They follow one another in the log of the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedTickets {
    /// The shard.
    pub shard: Shard,
    /// The draw in which they were numbered first, and which missed the shard.
    pub from: Draw,
    /// The number of the first of them in the draw that carries them, per tier.
    pub first: [u32; 3],
    /// How many there are, per tier.
    pub counts: [u32; 3],
}

impl CarriedTickets {
    /// How many entries of the shard's log come before them, and how many they are.
    #[must_use]
    pub fn in_log(&self) -> (usize, usize) {
        let sum = |counts: [u32; 3]| counts.into_iter().map(|count| count as usize).sum();
        (sum(self.first), sum(self.counts))
    }
}

impl DrawRecord {
    /// Whether a ticket was numbered after the last report of its shard, which was silent when this
    /// draw, the ticket's own, was closed. Such a ticket is in a later draw.
    #[must_use]
    pub fn leaves_over(&self, ticket: TicketNumber) -> bool {
        self.missing.binary_search(&ticket.shard).is_ok()
            && ticket.number >= self.counts_of(ticket.shard)[ticket.tier.index()]
    }

    /// What this record carries of a shard from an earlier draw.
    #[must_use]
    pub fn carried_from(&self, draw: Draw, shard: Shard) -> Option<&CarriedTickets> {
        let mut carried = self.carried.iter();
        carried.find(|carried| (carried.from, carried.shard) == (draw, shard))
    }

    /// The number in this draw of a ticket that the draw of `earlier` left over; `None` if this
    /// record does not carry it.
    #[must_use]
    pub fn number_of_carried(&self, earlier: &DrawRecord, ticket: TicketNumber) -> Option<TicketNumber> {
        let tier = ticket.tier.index();
        let carried = self.carried_from(earlier.draw, ticket.shard)?;
        let position = ticket.number.checked_sub(earlier.counts_of(ticket.shard)[tier])?;
        (position < carried.counts[tier]).then(|| TicketNumber {
            number: carried.first[tier] + position,
            ..ticket
        })
    }

    /// Missing shards and carried tickets are listed in order, once, and what is carried is among
    /// the tickets that are counted.
    pub(super) fn silence_adds_up(&self, shards: ShardCount) -> bool {
        let exist = |shard: Shard| shard.0 < shards.get();
        let missing =
            self.missing.iter().all(|&shard| exist(shard)) && self.missing.is_sorted_by(|one, next| one < next);
        let carried = self.carried.iter().all(|carried| {
            let counted = self.counts_of(carried.shard);
            let ends = std::array::from_fn::<_, 3, _>(|tier| carried.first[tier].checked_add(carried.counts[tier]));
            let are_counted = ends
                .iter()
                .zip(counted)
                .all(|(end, counted)| end.is_some_and(|end| end <= counted));
            exist(carried.shard) && carried.from < self.draw && carried.counts != [0; 3] && are_counted
        });
        let once = self
            .carried
            .is_sorted_by(|one, next| (one.shard, one.from) < (next.shard, next.from));
        missing && carried && once
    }
}
