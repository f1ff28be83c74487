//! Builds the record of a draw that is being closed. The steps before it are in
//! `edge-worker/src/queue/closing/`.

use super::{CarriedTickets, DrawRecord, RecordSecondLine, TierCounts};
use crate::{
    draw::{beacon::VerifiedRound, digest},
    epochs::EpochStart,
    ids::{Bytes32, Draw, EventId, Shard, ShardCount, Tier},
    timestamp::UnixMillis,
};

/// The data of a draw that is being closed, apart from its tickets.
pub struct ClosingDraw<'a> {
    /// The event.
    pub event_id: &'a EventId,
    /// The draw.
    pub draw: Draw,
    /// See [`DrawRecord::opened_at`].
    pub opened_at: UnixMillis,
    /// See [`DrawRecord::closed_at`].
    pub closed_at: UnixMillis,
    /// The place after the last place of the draws before it.
    pub first_place: u64,
    /// The commitment of the event.
    pub commitment: Bytes32,
    /// The secret of this draw.
    pub secret: Bytes32,
    /// The verified round of the announced beacon; `None` if none was announced.
    pub beacon: Option<VerifiedRound>,
    /// The hash of the record before it; zeros if it is the first.
    pub previous: Bytes32,
    /// See [`DrawRecord::epochs`].
    pub epochs: Vec<(Shard, EpochStart)>,
    /// Shards that did not answer, and what such shards of earlier draws left over.
    pub silent: SilentShards,
    /// See [`DrawRecord::second_line`].
    pub second_line: Option<RecordSecondLine>,
}

/// What a record says of shards that did not answer. The default is that all did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SilentShards {
    /// See [`DrawRecord::missing`].
    pub missing: Vec<Shard>,
    /// See [`DrawRecord::carried`].
    pub carried: Vec<CarriedTickets>,
    /// See [`DrawRecord::pinned_at`].
    pub pinned_at: Option<UnixMillis>,
}

impl DrawRecord {
    /// Builds the record of a draw from what its shards reported.
    ///
    /// # Panics
    /// As [`digest::tickets_digest`].
    #[must_use]
    pub fn close(draw: ClosingDraw<'_>, shards: ShardCount, frozen: &[digest::FrozenShard]) -> DrawRecord {
        let mut next_place = draw.first_place;
        let tiers = Tier::ALL.map(|tier| {
            let shards: Vec<_> = frozen
                .iter()
                .map(|one| (one.shard, one.counts[tier.index()]))
                .filter(|&(_, count)| count > 0)
                .collect();
            let count = shards.iter().map(|&(_, count)| u64::from(count)).sum();
            let first_place = match (tier, draw.second_line) {
                (Tier::Suspect, Some(line)) => line.before + 1,
                _ => next_place,
            };
            next_place += count;
            TierCounts {
                tier,
                first_place,
                count,
                shards,
            }
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
            epochs: draw.epochs,
            missing: draw.silent.missing,
            carried: draw.silent.carried,
            pinned_at: draw.silent.pinned_at,
            second_line: draw.second_line,
        }
    }
}
