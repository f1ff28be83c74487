//! The public record of a closed draw.
//!
//! It is written once and is the same for everybody. Together with the logs of the shards it is
//! enough to check the whole draw.
//!
//! [`close`] builds it, [`bytes`] defines the bytes that are signed, and [`check`] finds what is
//! wrong with it. [`carried`] says where the tickets of a shard are that was silent at the close,
//! [`second_line`] where suspects stand.

mod bytes;
mod carried;
mod check;
mod close;
mod second_line;

use serde::{Deserialize, Serialize};

use crate::{
    draw::beacon::BeaconRound,
    epochs::{self, EpochStart, ONLY_EPOCH},
    ids::{Bytes32, Draw, EventId, Shard, TicketNumber, Tier},
    timestamp::UnixMillis,
};

pub use carried::CarriedTickets;
pub use check::RecordFault;
pub use close::{ClosingDraw, SilentShards};
pub use second_line::{Line, RecordSecondLine};

/// One tier of a draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierCounts {
    /// Which one.
    pub tier: Tier,
    /// The place of shuffled index 0, in the [line of the tier](DrawRecord::line_of).
    pub first_place: u64,
    /// Tickets of this tier in all shards.
    pub count: u64,
    /// Pairs (shard, number of tickets) in ascending order. Shards without tickets of this tier are
    /// left out.
    pub shards: Vec<(Shard, u32)>,
}

/// The content of a record, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawRecord {
    /// The event.
    pub event_id: EventId,
    /// The draw. Windows without tickets and without missing shards have no record.
    pub draw: Draw,
    /// The first instant at which a join could be in it.
    pub opened_at: UnixMillis,
    /// The scheduled end of its window, not the time at which the closing was done.
    pub closed_at: UnixMillis,
    /// The first place of its first line.
    pub first_place: u64,
    /// The commitment of the event: SHA-256 of its first secret.
    pub commitment: Bytes32,
    /// The secret of this draw.
    pub secret: Bytes32,
    /// See [`crate::draw::digest::tickets_digest`].
    pub tickets_digest: Bytes32,
    /// The round of the beacon; null if the event announced no beacon.
    pub beacon: Option<BeaconRound>,
    /// The entropy of that round; null without a beacon.
    pub entropy: Option<Bytes32>,
    /// Tiers 0, 1, 2.
    pub tiers: [TierCounts; 3],
    /// SHA-256 of the canonical bytes of the previous record; zeros in the first one.
    pub previous: Bytes32,
    /// Which epoch of which shard issued the numbers, by shard and then in order. An epoch without
    /// numbers in this draw is left out. Empty, and absent in JSON, where stores cannot go back.
    /// In JSON its name is `lives`: names of public fields never change.
    #[serde(rename = "lives", default, skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<(Shard, EpochStart)>,
    /// Shards that had not answered at the deadline of the close, in ascending order. Each is
    /// entered as it last reported, with no tickets if it never did. Its later tickets are in a
    /// later draw. Absent in JSON if there are none, as are the two fields after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Shard>,
    /// Tickets of earlier draws that are in this one because their shards were missing there. They
    /// are the first in the log of their shard. By shard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<CarriedTickets>,
    /// When the entries of the missing shards were fixed, if that was too late for the round that
    /// follows from `closed_at`: the draw's round then follows from this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<UnixMillis>,
    /// What was in the second line before this draw. Absent as long as nobody is in it, and in the
    /// records of earlier versions, whose suspects have places of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_line: Option<RecordSecondLine>,
}

/// A record as it is published: `GET /api/v1/events/{id}/draws/{k}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRecord {
    /// The signed content.
    #[serde(flatten)]
    pub record: DrawRecord,
    /// The key of the JWKS that signed it.
    pub kid: String,
    /// Ed25519 over [`DrawRecord::canonical_bytes`], base64url.
    pub signature: String,
}

impl DrawRecord {
    /// Whether the record counts a ticket. Its number must be below the count of the shard, and it
    /// must be issued by an epoch that the shard still knew when it was frozen. The number of a
    /// lost ticket belongs to another ticket, or to nobody.
    #[must_use]
    pub fn counts_ticket(&self, epoch: u32, ticket: TicketNumber) -> bool {
        let mut epochs = self.epochs_of(ticket.shard);
        if self.epochs.is_empty() {
            epochs.push(EpochStart {
                epoch: ONLY_EPOCH,
                from: [0; 3],
            });
        }
        epochs::issued(&epochs, self.counts_of(ticket.shard), epoch, ticket)
    }

    fn epochs_of(&self, shard: Shard) -> Vec<EpochStart> {
        let of_shard = |&(one, start): &(Shard, EpochStart)| (one == shard).then_some(start);
        self.epochs.iter().filter_map(of_shard).collect()
    }

    /// Tickets of a shard per tier, as they are entered.
    #[must_use]
    pub fn counts_of(&self, shard: Shard) -> [u32; 3] {
        self.tiers.each_ref().map(|tier| {
            let position = tier.shards.binary_search_by_key(&shard, |&(one, _)| one);
            position.map_or(0, |position| tier.shards[position].1)
        })
    }

    /// Number of tickets of all tiers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tiers.iter().map(|tier| tier.count).sum()
    }

    /// The last place of this draw in the line. If nobody is in it, the place before its first.
    #[must_use]
    pub fn last_place(&self) -> u64 {
        let in_line = self.tiers.iter().filter(|tier| self.line_of(tier.tier) == Line::First);
        self.first_place + in_line.map(|tier| tier.count).sum::<u64>() - 1
    }
}
