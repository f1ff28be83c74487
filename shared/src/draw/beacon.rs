//! A round of a randomness beacon: verified before it is used, never accepted otherwise. What signs it is a threshold of a
//! network's members, so that nobody, us included, knows a round before its time or can choose it.

use drand_verify::{G2PubkeyRfc, Pubkey as _, derive_randomness};

use crate::{draw::record::BeaconRound, identity::Bytes32, policy::BeaconPolicy, timestamp::UnixMillis};

/// Bytes of a signature: a compressed point of G1.
pub const SIGNATURE_LENGTH: usize = 48;

/// A round whose signature holds. Only [`verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRound {
    round: BeaconRound,
    entropy: Bytes32,
}

impl VerifiedRound {
    /// Number and signature.
    #[must_use]
    pub fn round(&self) -> &BeaconRound {
        &self.round
    }

    /// What goes into the seed: SHA-256 of the signature, the network's own `randomness`.
    #[must_use]
    pub fn entropy(&self) -> Bytes32 {
        self.entropy
    }
}

/// What is wrong with the beacon of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeaconFault {
    /// A beacon was announced, and none is in the record.
    #[error("the announced beacon is not in it")]
    Missing,
    /// No beacon was announced, and one is in the record.
    #[error("a beacon is in it that was not announced")]
    Unannounced,
    /// Another round than the draw's.
    #[error("its beacon round is {found}, and the draw's is {expected}")]
    Round {
        /// In the record.
        found: u64,
        /// By the draw's close.
        expected: u64,
    },
    /// The announced network did not sign it.
    #[error("the beacon's signature is not one of the announced network")]
    Signature,
    /// Not the hash of the signature.
    #[error("its entropy is not the hash of the beacon's signature")]
    Entropy,
}

/// Whether the public key is one.
pub(crate) fn is_key(beacon: &BeaconPolicy) -> bool {
    G2PubkeyRfc::from_fixed(beacon.public_key.0).is_ok()
}

/// Verifies that the announced network signed `round`.
///
/// # Errors
/// [`BeaconFault::Signature`].
pub fn verify(beacon: &BeaconPolicy, round: BeaconRound) -> Result<VerifiedRound, BeaconFault> {
    let mut signature = [0; SIGNATURE_LENGTH];
    hex::decode_to_slice(&round.signature, &mut signature).map_err(|_| BeaconFault::Signature)?;
    // Hex in small letters only: what is signed in the record has one form.
    if hex::encode(signature) != round.signature {
        return Err(BeaconFault::Signature);
    }
    let key = G2PubkeyRfc::from_fixed(beacon.public_key.0).map_err(|_| BeaconFault::Signature)?;
    // An error is a signature that is no point of the curve: as wrong as one of somebody else's.
    if !key.verify(round.round, &[], &signature).unwrap_or(false) {
        return Err(BeaconFault::Signature);
    }
    Ok(VerifiedRound {
        round,
        entropy: Bytes32(derive_randomness(&signature)),
    })
}

/// Checks what the record of a draw that closed at `closed_at` says of the beacon against what was announced.
///
/// # Errors
/// The first fault found.
pub fn check(
    announced: Option<&BeaconPolicy>,
    closed_at: UnixMillis,
    round: Option<&BeaconRound>,
    entropy: Option<Bytes32>,
) -> Result<(), BeaconFault> {
    let Some(beacon) = announced else {
        return match (round, entropy) {
            (None, None) => Ok(()),
            _ => Err(BeaconFault::Unannounced),
        };
    };
    let round = round.ok_or(BeaconFault::Missing)?;
    let expected = beacon.round_of(closed_at);
    if round.round != expected {
        let found = round.round;
        return Err(BeaconFault::Round { found, expected });
    }
    let verified = verify(beacon, round.clone())?;
    if entropy == Some(verified.entropy) {
        Ok(())
    } else {
        Err(BeaconFault::Entropy)
    }
}
