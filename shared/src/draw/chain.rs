//! The chain of secrets: one per draw, made backwards and published forwards.
//!
//! SHA-256 of secret k is secret k-1, and SHA-256 of secret 0 is the commitment, which is shown
//! before the first join. So every secret was fixed before anybody joined, and every published
//! secret proves itself.

use sha2::{Digest, Sha256};

use crate::ids::{Bytes32, Draw};

/// Number of secrets of one event, 2^20: enough for sixty days of windows of five seconds.
pub const LENGTH: u32 = 1 << 20;
/// Distance between checkpoints. To find a secret takes fewer hashes than this.
pub const CHECKPOINT_EVERY: u32 = 1 << 10;

#[cfg(test)]
thread_local! {
    /// How many hashes this thread has made: tests bound the work of a check by it.
    pub(crate) static HASHES: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// All secrets of an event, stored as 1,024 checkpoints (32 KiB). Private to the edge.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretChain {
    /// Checkpoint i is secret `(i + 1) * CHECKPOINT_EVERY - 1`. The last one is the root.
    checkpoints: Vec<Bytes32>,
}

fn hash(bytes: Bytes32) -> Bytes32 {
    #[cfg(test)]
    HASHES.set(HASHES.get() + 1);
    Bytes32(Sha256::digest(bytes.0).into())
}

fn hash_times(bytes: Bytes32, times: u32) -> Bytes32 {
    (0..times).fold(bytes, |bytes, _| hash(bytes))
}

impl SecretChain {
    /// Length of [`SecretChain::to_bytes`].
    pub const STORED_LENGTH: usize = (LENGTH / CHECKPOINT_EVERY) as usize * 32;

    /// Makes the chain from its last secret, which must be 32 unpredictable bytes. Costs 2^20
    /// hashes.
    #[must_use]
    pub fn generate(root: Bytes32) -> SecretChain {
        let mut checkpoints = vec![root];
        for _ in 1..LENGTH / CHECKPOINT_EVERY {
            let next = checkpoints.last().expect("begins with the root");
            checkpoints.push(hash_times(*next, CHECKPOINT_EVERY));
        }
        checkpoints.reverse();
        SecretChain { checkpoints }
    }

    /// The bytes to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.checkpoints.iter().flat_map(|checkpoint| checkpoint.0).collect()
    }

    /// Restores a chain from stored bytes; `None` if they are not [`SecretChain::STORED_LENGTH`]
    /// bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<SecretChain> {
        if bytes.len() != Self::STORED_LENGTH {
            return None;
        }
        let checkpoints = bytes
            .chunks_exact(32)
            .map(|chunk| Bytes32(chunk.try_into().expect("32 bytes")))
            .collect();
        Some(SecretChain { checkpoints })
    }

    /// The secret of `draw`; `None` beyond the end of the chain.
    #[must_use]
    pub fn secret(&self, draw: Draw) -> Option<Bytes32> {
        let checkpoint = self.checkpoints.get((draw.0 / CHECKPOINT_EVERY) as usize)?;
        Some(hash_times(
            *checkpoint,
            CHECKPOINT_EVERY - 1 - draw.0 % CHECKPOINT_EVERY,
        ))
    }

    /// The commitment: SHA-256 of secret 0. It is shown before the first join.
    #[must_use]
    pub fn commitment(&self) -> Bytes32 {
        hash(self.secret(Draw(0)).expect("the chain has a first secret"))
    }
}

/// A value of a chain that is known to be right. Secrets of later draws are checked from it, so that
/// checking all draws of an event in order costs one hash per window, not one per pair of draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSecret {
    value: Bytes32,
    /// The draw whose secret hashes to `value`.
    next: u32,
}

impl KnownSecret {
    /// The commitment, which comes before all secrets.
    #[must_use]
    pub fn commitment(commitment: Bytes32) -> KnownSecret {
        KnownSecret {
            value: commitment,
            next: 0,
        }
    }

    /// The secret of a draw. The caller has checked it.
    #[must_use]
    pub fn checked(secret: Bytes32, draw: Draw) -> KnownSecret {
        KnownSecret {
            value: secret,
            next: draw.0.saturating_add(1),
        }
    }

    /// Whether `secret` is the secret of `draw`: hashed once per draw since the known value it must
    /// give that value. Never for a draw that is not after the known one, or beyond the chain.
    #[must_use]
    pub fn proves(self, secret: Bytes32, draw: Draw) -> bool {
        let steps = draw.0.checked_sub(self.next).map(|between| between + 1);
        draw.0 < LENGTH && steps.is_some_and(|steps| hash_times(secret, steps) == self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_hashes_to_the_one_before_and_the_first_to_the_commitment() {
        let chain = SecretChain::generate(Bytes32([9; 32]));
        assert_eq!(chain.secret(Draw(LENGTH - 1)), Some(Bytes32([9; 32])));
        assert_eq!(chain.secret(Draw(LENGTH)), None);
        for draw in [
            1,
            CHECKPOINT_EVERY - 1,
            CHECKPOINT_EVERY,
            CHECKPOINT_EVERY + 1,
            77_777,
            LENGTH - 1,
        ] {
            assert_eq!(
                Some(hash(chain.secret(Draw(draw)).unwrap())),
                chain.secret(Draw(draw - 1)),
                "{draw}"
            );
        }
        assert_eq!(hash(chain.secret(Draw(0)).unwrap()), chain.commitment());
        assert_eq!(
            SecretChain::from_bytes(&chain.to_bytes()).map(|same| same == chain),
            Some(true)
        );
        assert!(SecretChain::from_bytes(&chain.to_bytes()[1..]).is_none());
    }
    #[test]
    fn a_secret_is_checked_from_the_commitment_or_from_any_secret_before_it() {
        let chain = SecretChain::generate(Bytes32([9; 32]));
        let secret = |draw| chain.secret(Draw(draw)).unwrap();
        let commitment = KnownSecret::commitment(chain.commitment());
        for (known, draw, steps) in [
            (commitment, 0, 1),
            (commitment, 3, 4),
            (KnownSecret::checked(secret(3), Draw(3)), 4, 1),
            (KnownSecret::checked(secret(3), Draw(3)), 77_777, 77_774),
            (
                KnownSecret::checked(secret(LENGTH - 2), Draw(LENGTH - 2)),
                LENGTH - 1,
                1,
            ),
        ] {
            let right = secret(draw);
            let before = HASHES.get();
            assert!(known.proves(right, Draw(draw)), "{known:?} {draw}");
            assert_eq!(HASHES.get() - before, steps, "{known:?} {draw}");
            assert!(!known.proves(right, Draw(draw + 1)), "{known:?} {draw}");
            assert!(!known.proves(hash(right), Draw(draw)), "{known:?} {draw}");
        }
        let known = KnownSecret::checked(secret(3), Draw(3));
        for draw in [0, 2, 3] {
            assert!(
                !known.proves(secret(draw), Draw(draw)),
                "{draw} is not after the known one"
            );
        }
        let beyond = KnownSecret::checked(hash(hash(secret(LENGTH - 1))), Draw(LENGTH - 3));
        assert!(beyond.proves(secret(LENGTH - 1), Draw(LENGTH - 1)));
        assert!(!KnownSecret::checked(hash(secret(0)), Draw(LENGTH - 1)).proves(secret(0), Draw(LENGTH)));
        assert!(!KnownSecret::checked(secret(0), Draw(u32::MAX)).proves(secret(0), Draw(u32::MAX)));
    }
}
