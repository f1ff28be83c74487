//! The bytes of a record, as they are signed and chained.

use sha2::{Digest, Sha256};

use super::{DrawRecord, SignedRecord};
use crate::{ids::Bytes32, jose::SigningKeys};

impl DrawRecord {
    /// The canonical bytes. Integers are little-endian, instants ms since 1970 as u64:
    ///
    /// ```text
    /// "stanchion/record/v1" 0x00
    /// length of event_id (u8)  event_id  draw (u32)  opened_at  closed_at  first_place (u64)
    /// commitment (32)  secret (32)  tickets_digest (32)
    /// 0x00, or 0x01 round (u64) length of signature (u16) signature in hex digits
    /// 0x00, or 0x01 entropy (32)
    /// per tier: tier (u8)  first_place (u64)  count (u64)  shards listed (u16)  per shard: shard (u16) count (u32)
    /// previous (32)
    /// nothing, or epochs listed (u32)  per epoch: shard (u16)  epoch (u32)  from of tier 0, 1, 2 (u32 each)
    /// nothing, or missing shards listed (u16)  per shard: shard (u16)
    ///             carried listed (u32)  per entry: shard (u16)  from (u32)  first, counts of tier 0, 1, 2 (u32 each)
    ///             0x00, or 0x01 pinned_at
    /// nothing, or before (u64)  moved_up (u64)
    /// ```
    /// The part with the missing shards is there if a shard is missing or tickets are carried, the
    /// last part if there is a second line. If one of them is there, so is all before it, even if it
    /// lists nothing. The number of epochs never is 0 otherwise, and neither are missing shards and
    /// carried tickets both, so no two records have the same bytes.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = b"stanchion/record/v1\0".to_vec();
        bytes.push(self.event_id.as_str().len() as u8);
        bytes.extend_from_slice(self.event_id.as_str().as_bytes());
        bytes.extend_from_slice(&self.draw.0.to_le_bytes());
        for number in [self.opened_at.0, self.closed_at.0, self.first_place] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for hash in [self.commitment, self.secret, self.tickets_digest] {
            bytes.extend_from_slice(&hash.0);
        }
        bytes.push(self.beacon.is_some().into());
        if let Some(beacon) = &self.beacon {
            bytes.extend_from_slice(&beacon.round.to_le_bytes());
            bytes.extend_from_slice(&(beacon.signature.len() as u16).to_le_bytes());
            bytes.extend_from_slice(beacon.signature.as_bytes());
        }
        bytes.push(self.entropy.is_some().into());
        bytes.extend_from_slice(self.entropy.as_ref().map_or(&[][..], |entropy| &entropy.0));
        for tier in &self.tiers {
            bytes.push(tier.tier.into());
            bytes.extend_from_slice(&tier.first_place.to_le_bytes());
            bytes.extend_from_slice(&tier.count.to_le_bytes());
            bytes.extend_from_slice(&(tier.shards.len() as u16).to_le_bytes());
            for (shard, count) in &tier.shards {
                bytes.extend_from_slice(&shard.0.to_le_bytes());
                bytes.extend_from_slice(&count.to_le_bytes());
            }
        }
        bytes.extend_from_slice(&self.previous.0);
        let silence = !self.missing.is_empty()
            || !self.carried.is_empty()
            || self.pinned_at.is_some()
            || self.second_line.is_some();
        if silence || !self.epochs.is_empty() {
            bytes.extend_from_slice(&(self.epochs.len() as u32).to_le_bytes());
        }
        for (shard, start) in &self.epochs {
            bytes.extend_from_slice(&shard.0.to_le_bytes());
            for number in [start.epoch, start.from[0], start.from[1], start.from[2]] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        if silence {
            self.append_silence(&mut bytes);
        }
        if let Some(line) = self.second_line {
            bytes.extend_from_slice(&line.before.to_le_bytes());
            bytes.extend_from_slice(&line.moved_up.to_le_bytes());
        }
        bytes
    }

    fn append_silence(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&(self.missing.len() as u16).to_le_bytes());
        for shard in &self.missing {
            bytes.extend_from_slice(&shard.0.to_le_bytes());
        }
        bytes.extend_from_slice(&(self.carried.len() as u32).to_le_bytes());
        for carried in &self.carried {
            bytes.extend_from_slice(&carried.shard.0.to_le_bytes());
            bytes.extend_from_slice(&carried.from.0.to_le_bytes());
            for number in carried.first.iter().chain(&carried.counts) {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        bytes.push(self.pinned_at.is_some().into());
        bytes.extend(self.pinned_at.map(|at| at.0.to_le_bytes()).into_iter().flatten());
    }

    /// SHA-256 of the canonical bytes. The next record contains it as `previous`.
    #[must_use]
    pub fn hash(&self) -> Bytes32 {
        Bytes32(Sha256::digest(self.canonical_bytes()).into())
    }

    /// Signs the record.
    #[must_use]
    pub fn sign(self, keys: &SigningKeys) -> SignedRecord {
        let (kid, signature) = keys.sign(&self.canonical_bytes());
        SignedRecord {
            record: self,
            kid,
            signature,
        }
    }
}
