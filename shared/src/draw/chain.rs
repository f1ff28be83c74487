//! The chain of secrets: made backwards, published forwards. SHA-256(secret k) = secret k-1, and the commitment, shown
//! before the first join, is SHA-256(secret 0). So every secret was fixed before anybody joined, and each one published
//! proves itself.

use sha2::{Digest, Sha256};

use crate::identity::{Bytes32, Draw};

/// Secrets of one event, 2^20: sixty days of windows of five seconds.
pub const LENGTH: u32 = 1 << 20;
/// One checkpoint each this many secrets: finding a secret costs fewer hashes than this.
pub const CHECKPOINT_EVERY: u32 = 1 << 10;

/// An event's secrets, as 1,024 checkpoints (32 KiB). Private to the edge.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretChain {
    /// Checkpoint i is secret `(i + 1) * CHECKPOINT_EVERY - 1`; the last one is the root.
    checkpoints: Vec<Bytes32>,
}

fn hash(bytes: Bytes32) -> Bytes32 {
    Bytes32(Sha256::digest(bytes.0).into())
}

fn hash_times(bytes: Bytes32, times: u32) -> Bytes32 {
    (0..times).fold(bytes, |bytes, _| hash(bytes))
}

impl SecretChain {
    /// Bytes of [`SecretChain::to_bytes`].
    pub const STORED_LENGTH: usize = (LENGTH / CHECKPOINT_EVERY) as usize * 32;

    /// Makes all secrets from the last one, which must be 32 unpredictable bytes. Costs 2^20 hashes.
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

    /// For storage.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.checkpoints.iter().flat_map(|checkpoint| checkpoint.0).collect()
    }

    /// From storage; `None` if it is not [`SecretChain::STORED_LENGTH`] bytes.
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

    /// The secret of `draw`; `None` past the end of the chain.
    #[must_use]
    pub fn secret(&self, draw: Draw) -> Option<Bytes32> {
        let checkpoint = self.checkpoints.get((draw.0 / CHECKPOINT_EVERY) as usize)?;
        Some(hash_times(
            *checkpoint,
            CHECKPOINT_EVERY - 1 - draw.0 % CHECKPOINT_EVERY,
        ))
    }

    /// SHA-256 of secret 0: shown before the first join.
    #[must_use]
    pub fn commitment(&self) -> Bytes32 {
        hash(self.secret(Draw(0)).expect("the chain has a first secret"))
    }
}

/// Whether `secret` is the one of `draw` in the chain with this `commitment`: hashing it `draw + 1` times gives it.
#[must_use]
pub fn proves(secret: Bytes32, draw: Draw, commitment: Bytes32) -> bool {
    draw.0 < LENGTH && hash_times(secret, draw.0 + 1) == commitment
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
        assert!(proves(chain.secret(Draw(3)).unwrap(), Draw(3), chain.commitment()));
        assert!(!proves(chain.secret(Draw(3)).unwrap(), Draw(2), chain.commitment()));
        assert_eq!(
            SecretChain::from_bytes(&chain.to_bytes()).map(|same| same == chain),
            Some(true)
        );
        assert!(SecretChain::from_bytes(&chain.to_bytes()[1..]).is_none());
    }
}
