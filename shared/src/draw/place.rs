//! From a ticket number in a closed draw to a place.

use sha2::{Digest, Sha256};

use crate::{
    draw::{record::DrawRecord, shuffle::compute_shuffled_index},
    ids::{Bytes32, Place, TicketNumber, Tier},
};

/// The seed of one tier: SHA-256("stanchion/draw/v1" || 0x00 || event_id || 0x00 || draw as u32 LE
/// || tier || secret || tickets_digest || entropy).
#[must_use]
pub fn seed(record: &DrawRecord, tier: Tier) -> Bytes32 {
    let mut hasher = Sha256::new();
    hasher.update(b"stanchion/draw/v1\0");
    hasher.update(record.event_id.as_str().as_bytes());
    hasher.update([0]);
    hasher.update(record.draw.0.to_le_bytes());
    hasher.update([u8::from(tier)]);
    hasher.update(record.secret.0);
    hasher.update(record.tickets_digest.0);
    hasher.update(record.entropy.as_ref().map_or(&[][..], |entropy| &entropy.0));
    Bytes32(hasher.finalize().into())
}

/// The place of a ticket in a closed draw, in the [line of its tier](DrawRecord::line_of). `None` if the record does not count the ticket: it is of
/// another epoch, or the caller made a mistake.
#[must_use]
pub fn place(record: &DrawRecord, ticket: TicketNumber) -> Option<Place> {
    let tier = &record.tiers[ticket.tier.index()];
    let position = tier
        .shards
        .binary_search_by_key(&ticket.shard, |&(shard, _)| shard)
        .ok()?;
    if ticket.number >= tier.shards[position].1 {
        return None;
    }
    let before: u64 = tier.shards[..position].iter().map(|&(_, count)| u64::from(count)).sum();
    let index = before + u64::from(ticket.number);
    let shuffled = compute_shuffled_index(index, tier.count, seed(record, ticket.tier));
    Some(Place(tier.first_place + shuffled))
}
