//! The shuffle of a whole tier at once: swap-or-not on a list, as Ethereum clients do it. `shared/` works it out position
//! by position. Two ways to one permutation check each other, and this one needs n / 256 hashes a round instead of 2 n.

use sha2::{Digest, Sha256};

const ROUNDS: u8 = 90;

/// For `count` elements in order of their index: which element stands at each position after the shuffle under `seed`.
pub fn shuffled(count: u64, seed: [u8; 32]) -> Vec<u64> {
    let mut at: Vec<u64> = (0..count).collect();
    for round in 0..ROUNDS {
        one_round(&mut at, &seed, round);
    }
    at
}

fn one_round(at: &mut [u64], seed: &[u8; 32], round: u8) {
    let count = at.len() as u64;
    if count < 2 {
        return;
    }
    let prefix = Sha256::new().chain_update(seed).chain_update([round]);
    let pivot_hash = prefix.clone().finalize();
    let pivot = u64::from_le_bytes(pivot_hash[..8].try_into().expect("8 of 32 bytes")) % count;
    let sources: Vec<[u8; 32]> = (0..=(count - 1) / 256)
        .map(|block| {
            let block = u32::try_from(block).expect("a tier has fewer than 2^40 tickets");
            prefix.clone().chain_update(block.to_le_bytes()).finalize().into()
        })
        .collect();
    for index in 0..count {
        let flip = (pivot + count - index) % count;
        // Each pair once, by its larger position, which alone decides.
        if flip < index && bit(&sources, index) {
            at.swap(index as usize, flip as usize);
        }
    }
}

fn bit(sources: &[[u8; 32]], position: u64) -> bool {
    let byte = sources[(position / 256) as usize][(position % 256 / 8) as usize];
    (byte >> (position % 8)) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::{draw::shuffle::compute_shuffled_index, ids::Bytes32};

    #[test]
    fn both_ways_lead_to_the_same_place() {
        for count in [1, 2, 3, 255, 256, 257, 1_000] {
            let seed = [count as u8; 32];
            for (position, element) in shuffled(count, seed).into_iter().enumerate() {
                assert_eq!(
                    compute_shuffled_index(element, count, Bytes32(seed)),
                    position as u64,
                    "{count}"
                );
            }
        }
        assert!(shuffled(0, [0; 32]).is_empty());
    }
}
