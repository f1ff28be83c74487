//! Shuffles that look good at first and are not fair. The statistics must find each of them.

use sha2::{Digest, Sha256};
use stanchion_shared::ids::Bytes32;

fn random(seed: Bytes32, round: u64) -> u64 {
    let digest = Sha256::new()
        .chain_update(seed.0)
        .chain_update(round.to_le_bytes())
        .finalize();
    u64::from_le_bytes(digest[..8].try_into().unwrap())
}

/// Swap-or-not with three rounds instead of ninety. One element in eight stays where it was.
pub(crate) fn too_few_rounds(index: u64, count: u64, seed: Bytes32) -> u64 {
    (0..3).fold(index, |index, round| {
        let flip = (random(seed, round) % count + count - index) % count;
        let coin = random(seed, 1_000 + round * count + index.max(flip)) & 1;
        if coin == 1 { flip } else { index }
    })
}

/// Everybody moves on by the same number, a byte modulo the count. Small numbers come more often,
/// and neighbours stay neighbours.
pub(crate) fn moved_on_by_a_byte(index: u64, count: u64, seed: Bytes32) -> u64 {
    (index + random(seed, 0) % 256 % count) % count
}

/// Everybody moves on by the same number, drawn without bias. Each position by itself gets every
/// place equally often, but all together do not.
pub(crate) fn moved_on_alike(index: u64, count: u64, seed: Bytes32) -> u64 {
    (index + random(seed, 0) % count) % count
}

/// The classic mistake: each element in turn is swapped with any element instead of one of those
/// that follow.
pub(crate) fn swapped_with_any(index: u64, count: u64, seed: Bytes32) -> u64 {
    (0..count).fold(index, |at, turn| {
        let other = random(seed, turn) % count;
        if at == turn {
            other
        } else if at == other {
            turn
        } else {
            at
        }
    })
}
