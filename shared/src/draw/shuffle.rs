//! The shuffle: where one element of a list goes, computed without the list.
//!
//! It is `compute_shuffled_index` of the Ethereum consensus specification
//! (ethereum/consensus-specs, phase0/beacon-chain.md): swap-or-not by Hoang, Morris and Rogaway,
//! 2012.

use sha2::{Digest, Sha256};

use crate::ids::Bytes32;

/// `SHUFFLE_ROUND_COUNT` of the specification's mainnet preset.
pub const ROUNDS: u8 = 90;
/// Most elements. A position divided by 256 must fit 32 bits.
pub const MAX_COUNT: u64 = 1 << 40;

/// The position to which element `index` of `count` goes under `seed`. Costs 180 hashes.
///
/// # Panics
/// `index >= count` or `count > MAX_COUNT`. Such a call is a mistake, and any result would be a
/// wrong place.
#[must_use]
pub fn compute_shuffled_index(index: u64, count: u64, seed: Bytes32) -> u64 {
    assert!(index < count && count <= MAX_COUNT, "index {index} of {count}");
    let mut index = index;
    for round in 0..ROUNDS {
        let mut hasher = Sha256::new();
        hasher.update(seed.0);
        hasher.update([round]);
        // hash(seed + round) and hash(seed + round + position // 256) have a common prefix.
        let prefix = hasher.clone();
        let pivot_hash = hasher.finalize();
        let pivot = u64::from_le_bytes(pivot_hash[..8].try_into().expect("8 of 32 bytes")) % count;
        let flip = (pivot + count - index) % count;
        let position = index.max(flip);
        let mut hasher = prefix;
        hasher.update(
            u32::try_from(position / 256)
                .expect("count is at most 2^40")
                .to_le_bytes(),
        );
        let source = hasher.finalize();
        let byte = source[usize::try_from(position % 256 / 8).expect("below 32")];
        if (byte >> (position % 8)) & 1 == 1 {
            index = flip;
        }
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_permutation(count in 1u64..600, seed: [u8; 32]) {
            let mut places: Vec<u64> =
                (0..count).map(|index| compute_shuffled_index(index, count, Bytes32(seed))).collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_largest_list_works() {
        let last = compute_shuffled_index(MAX_COUNT - 1, MAX_COUNT, Bytes32([1; 32]));
        assert!(last < MAX_COUNT);
    }

    #[test]
    #[should_panic(expected = "index 5 of 5")]
    fn an_index_beyond_the_list_is_a_mistake_of_the_caller() {
        let _ = compute_shuffled_index(5, 5, Bytes32([1; 32]));
    }
}
