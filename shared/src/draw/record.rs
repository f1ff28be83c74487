//! The public record of a closed draw: written once, the same for everybody, enough (with the shards' logs) to check it all.
//!
//! [`close`] puts it together, [`bytes`] is what of it is signed, [`check`] is what anybody can find wrong with it.

mod bytes;
mod check;
mod close;

use serde::{Deserialize, Serialize};

use crate::{
    draw::place::Numbered,
    identity::{Bytes32, Draw, EventId, Shard, Tier},
    lives::{self, Life, ONLY_LIFE},
    timestamp::UnixMillis,
};

pub use check::RecordFault;
pub use close::ClosingDraw;

/// A drand round that went into the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconRound {
    /// The first one whose time is at least `closed_at` + 3 s.
    pub round: u64,
    /// Its signature, hex.
    pub signature: String,
}

/// One tier of a draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierCounts {
    /// Which one.
    pub tier: Tier,
    /// The place that shuffled index 0 gets.
    pub first_place: u64,
    /// Tickets of this tier in all shards.
    pub count: u64,
    /// (shard, tickets) in ascending order, shards without tickets of this tier left out.
    pub shards: Vec<(Shard, u32)>,
}

/// What a draw's record says, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawRecord {
    /// The event.
    pub event_id: EventId,
    /// The draw; numbers of windows without tickets have no record.
    pub draw: Draw,
    /// From when a join could be in it.
    pub opened_at: UnixMillis,
    /// The scheduled boundary, not when the closing was done.
    pub closed_at: UnixMillis,
    /// First place of its best tier.
    pub first_place: u64,
    /// SHA-256 of the event's first secret.
    pub commitment: Bytes32,
    /// This draw's secret.
    pub secret: Bytes32,
    /// See [`digest::tickets_digest`].
    pub tickets_digest: Bytes32,
    /// Null where the event announced no beacon.
    pub beacon: Option<BeaconRound>,
    /// 32 bytes of the beacon's round; null without one.
    pub entropy: Option<Bytes32>,
    /// Tiers 0, 1, 2.
    pub tiers: [TierCounts; 3],
    /// SHA-256 of the canonical bytes of the record before it; zeros for the first.
    pub previous: Bytes32,
    /// Which life of which shard gave the numbers, by shard and then in order; a life without numbers here is left out.
    /// Empty, and absent in JSON, where stores cannot go back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lives: Vec<(Shard, Life)>,
}

/// A record as it is published: `GET /api/v1/events/{id}/draws/{k}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRecord {
    /// What is signed.
    #[serde(flatten)]
    pub record: DrawRecord,
    /// Which key of the JWKS signed.
    pub kid: String,
    /// Ed25519 over [`DrawRecord::canonical_bytes`], base64url.
    pub signature: String,
}

impl DrawRecord {
    /// Whether this ticket is counted: its number is below the shard's count, and it was given by a life that the shard
    /// still knew when it was frozen. One that was lost has another ticket in its place, or nobody.
    #[must_use]
    pub fn gave(&self, epoch: u32, ticket: Numbered) -> bool {
        let mut lives = self.lives_of(ticket.shard);
        if self.lives.is_empty() {
            lives.push(Life {
                epoch: ONLY_LIFE,
                from: [0; 3],
            });
        }
        lives::gave(&lives, self.counts_of(ticket.shard), epoch, ticket)
    }

    fn lives_of(&self, shard: Shard) -> Vec<Life> {
        let of_shard = |&(one, life): &(Shard, Life)| (one == shard).then_some(life);
        self.lives.iter().filter_map(of_shard).collect()
    }

    fn counts_of(&self, shard: Shard) -> [u32; 3] {
        self.tiers.each_ref().map(|tier| {
            let position = tier.shards.binary_search_by_key(&shard, |&(one, _)| one);
            position.map_or(0, |position| tier.shards[position].1)
        })
    }

    /// Tickets of all tiers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tiers.iter().map(|tier| tier.count).sum()
    }

    /// The last place of this draw: the one before its first if nobody is in it.
    #[must_use]
    pub fn last_place(&self) -> u64 {
        self.first_place + self.count() - 1
    }
}
