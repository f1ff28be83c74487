//! The digests that pin who joined a draw: one per shard over its tickets in order, and one over
//! all shards.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{Bytes32, Shard, ShardCount, Tag, Tier};

/// Length of one ticket in the public log of a shard: tier and tag.
pub const LOG_ENTRY_LENGTH: usize = 17;

/// The running digest D of a shard. It starts as 32 zero bytes, and each ticket makes it SHA-256(D
/// || tier || tag).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardDigest(pub Bytes32);

impl ShardDigest {
    /// The digest of a shard without tickets.
    pub const EMPTY: ShardDigest = ShardDigest(Bytes32([0; 32]));

    /// The digest after one more ticket.
    #[must_use]
    pub fn with(self, tier: Tier, tag: Tag) -> ShardDigest {
        let mut hasher = Sha256::new();
        hasher.update(self.0.0);
        hasher.update([u8::from(tier)]);
        hasher.update(tag.0);
        ShardDigest(Bytes32(hasher.finalize().into()))
    }
}

/// What a shard reports of a draw once it is frozen. The report never changes afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenShard {
    /// Which one.
    pub shard: Shard,
    /// The digest over all of its tickets of the draw.
    pub digest: ShardDigest,
    /// Tickets per tier.
    pub counts: [u32; 3],
}

/// The digest of all tickets of a draw: SHA-256 over shards 0..N-1 of (D || count of tier 0, 1, 2
/// as u32 little-endian). Shards that are not listed count as empty.
///
/// # Panics
/// `frozen` is not in ascending order of shards below N. Otherwise a count would be lost silently.
#[must_use]
pub fn tickets_digest(shards: ShardCount, frozen: &[FrozenShard]) -> Bytes32 {
    assert!(
        frozen.windows(2).all(|pair| pair[0].shard < pair[1].shard),
        "shards in ascending order"
    );
    assert!(frozen.iter().all(|one| one.shard.0 < shards.get()), "shards below N");
    let mut hasher = Sha256::new();
    let mut listed = frozen.iter().peekable();
    for shard in shards.all() {
        let found = listed.next_if(|one| one.shard == shard);
        hasher.update(found.map_or(ShardDigest::EMPTY, |one| one.digest).0.0);
        for count in found.map_or([0; 3], |one| one.counts) {
            hasher.update(count.to_le_bytes());
        }
    }
    Bytes32(hasher.finalize().into())
}

/// One ticket as an entry of the log.
#[must_use]
pub fn log_entry(tier: Tier, tag: Tag) -> [u8; LOG_ENTRY_LENGTH] {
    let mut entry = [0; LOG_ENTRY_LENGTH];
    entry[0] = tier.into();
    entry[1..].copy_from_slice(&tag.0);
    entry
}

/// Parses the public log of a shard; `None` if it has an incomplete entry or an unknown tier.
#[must_use]
pub fn parse_log(bytes: &[u8]) -> Option<Vec<(Tier, Tag)>> {
    if !bytes.len().is_multiple_of(LOG_ENTRY_LENGTH) {
        return None;
    }
    let entry = |chunk: &[u8]| Some((Tier::try_from(chunk[0]).ok()?, Tag(chunk[1..].try_into().ok()?)));
    bytes.chunks_exact(LOG_ENTRY_LENGTH).map(entry).collect()
}
