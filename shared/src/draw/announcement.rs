//! The announcement: what an event publishes before the first join and never changes afterwards.
//!
//! It is all that the draws depend on, except who joins. Every receipt contains its
//! [`digest`](Announcement::digest). If an operator changes the announcement later, any fan with a
//! receipt can prove it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    draw::membership::Windows,
    ids::{Bytes32, EventId, ShardCount},
    policy::BeaconPolicy,
    timestamp::UnixMillis,
};

/// The announcement. In JSON its fields are a part of `GET /api/v1/events/{id}/queue`, so it can be
/// parsed from that answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The event.
    pub event_id: EventId,
    /// The commitment: SHA-256 of the first secret.
    pub commitment: Bytes32,
    /// The number of shards.
    pub shards: ShardCount,
    /// When draw 0 closes and the sale starts.
    pub on_sale_time: UnixMillis,
    /// Length of each arrival window after it, in ms.
    pub draw_window_ms: u64,
    /// The beacon that every draw waits for; null if there is none.
    pub beacon: Option<BeaconPolicy>,
}

impl Announcement {
    /// The bytes from which the digest is computed. Integers are little-endian:
    ///
    /// ```text
    /// "stanchion/announced/v1" 0x00
    /// length of event_id (u8)  event_id  commitment (32)  shards (u16)  on_sale_time (u64 ms)  draw_window_ms (u64)
    /// 0x00, or 0x01 chain_hash (32)  public_key (96)  genesis (u64)  period (u64)  scheme
    /// ```
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = b"stanchion/announced/v1\0".to_vec();
        bytes.push(self.event_id.as_str().len() as u8);
        bytes.extend_from_slice(self.event_id.as_str().as_bytes());
        bytes.extend_from_slice(&self.commitment.0);
        bytes.extend_from_slice(&self.shards.get().to_le_bytes());
        bytes.extend_from_slice(&self.on_sale_time.0.to_le_bytes());
        bytes.extend_from_slice(&self.draw_window_ms.to_le_bytes());
        bytes.push(self.beacon.is_some().into());
        if let Some(beacon) = &self.beacon {
            bytes.extend_from_slice(&beacon.chain_hash.0);
            bytes.extend_from_slice(&beacon.public_key.0);
            bytes.extend_from_slice(&beacon.genesis.to_le_bytes());
            bytes.extend_from_slice(&beacon.period.to_le_bytes());
            bytes.extend_from_slice(beacon.scheme.name().as_bytes());
        }
        bytes
    }

    /// The digest that a receipt contains as `announced`: SHA-256 of the bytes.
    #[must_use]
    pub fn digest(&self) -> Bytes32 {
        Bytes32(Sha256::digest(self.canonical_bytes()).into())
    }

    /// The arrival windows.
    #[must_use]
    pub fn windows(&self) -> Windows {
        Windows {
            on_sale_time: self.on_sale_time,
            draw_window_ms: self.draw_window_ms,
        }
    }

    /// The names (as in JSON) of the fields in which `other` differs.
    #[must_use]
    pub fn differences(&self, other: &Announcement) -> Vec<&'static str> {
        let fields = [
            ("event_id", self.event_id == other.event_id),
            ("commitment", self.commitment == other.commitment),
            ("shards", self.shards == other.shards),
            ("on_sale_time", self.on_sale_time == other.on_sale_time),
            ("draw_window_ms", self.draw_window_ms == other.draw_window_ms),
            ("beacon", self.beacon == other.beacon),
        ];
        let differs = |(name, same): (&'static str, bool)| (!same).then_some(name);
        fields.into_iter().filter_map(differs).collect()
    }
}
