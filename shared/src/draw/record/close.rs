//! Puts a record together.

use super::{DrawRecord, TierCounts};
use crate::{
    draw::{beacon::VerifiedRound, digest},
    identity::{Bytes32, Draw, EventId, Shard, ShardCount, Tier},
    lives::Life,
    timestamp::UnixMillis,
};

/// What is known of a draw that is being closed, apart from its tickets.
pub struct ClosingDraw<'a> {
    /// The event.
    pub event_id: &'a EventId,
    /// The draw.
    pub draw: Draw,
    /// See [`DrawRecord::opened_at`].
    pub opened_at: UnixMillis,
    /// See [`DrawRecord::closed_at`].
    pub closed_at: UnixMillis,
    /// One past the last place before it.
    pub first_place: u64,
    /// The event's.
    pub commitment: Bytes32,
    /// This draw's.
    pub secret: Bytes32,
    /// The round that the announced beacon has for it; `None` where none was announced.
    pub beacon: Option<VerifiedRound>,
    /// Hash of the record before it, or zeros.
    pub previous: Bytes32,
    /// See [`DrawRecord::lives`].
    pub lives: Vec<(Shard, Life)>,
}

impl DrawRecord {
    /// Puts the record of a draw together from what its shards said.
    ///
    /// # Panics
    /// As [`digest::tickets_digest`].
    #[must_use]
    pub fn close(draw: ClosingDraw<'_>, shards: ShardCount, frozen: &[digest::FrozenShard]) -> DrawRecord {
        let mut first_place = draw.first_place;
        let tiers = Tier::ALL.map(|tier| {
            let shards: Vec<_> = frozen
                .iter()
                .map(|one| (one.shard, one.counts[tier.index()]))
                .filter(|&(_, count)| count > 0)
                .collect();
            let count = shards.iter().map(|&(_, count)| u64::from(count)).sum();
            let counts = TierCounts {
                tier,
                first_place,
                count,
                shards,
            };
            first_place += count;
            counts
        });
        DrawRecord {
            event_id: draw.event_id.clone(),
            draw: draw.draw,
            opened_at: draw.opened_at,
            closed_at: draw.closed_at,
            first_place: draw.first_place,
            commitment: draw.commitment,
            secret: draw.secret,
            tickets_digest: digest::tickets_digest(shards, frozen),
            entropy: draw.beacon.as_ref().map(VerifiedRound::entropy),
            beacon: draw.beacon.map(|verified| verified.round().clone()),
            tiers,
            previous: draw.previous,
            lives: draw.lives,
        }
    }
}
