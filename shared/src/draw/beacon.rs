//! A round of a randomness beacon, used only after its signature is verified.
//!
//! A threshold of the members of a network signs each round. Nobody, the operator of this site
//! included, knows a round before its time or can choose it.

use drand_verify::{G2PubkeyRfc, Pubkey as _, derive_randomness};

use serde::{Deserialize, Serialize};

use crate::{
    ids::Bytes32,
    policy::{BeaconPolicy, Pinned},
};

/// Length of a signature in bytes: a compressed point of G1.
pub const SIGNATURE_LENGTH: usize = 48;

/// A round as a record contains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconRound {
    /// Number of the round: the first whose time is at least 3 s after `closed_at`, or after
    /// `pinned_at` where the record has that.
    pub round: u64,
    /// Its signature, in hex.
    pub signature: String,
}

/// A round whose signature is verified. Only [`verify`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRound {
    round: BeaconRound,
    entropy: Bytes32,
}

impl VerifiedRound {
    /// Its number and signature.
    #[must_use]
    pub fn round(&self) -> &BeaconRound {
        &self.round
    }

    /// The entropy that goes into the seed: SHA-256 of the signature, which the network itself
    /// calls `randomness`.
    #[must_use]
    pub fn entropy(&self) -> Bytes32 {
        self.entropy
    }
}

/// What is wrong with the beacon round of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeaconFault {
    /// A beacon was announced, but the record contains no round.
    #[error("the announced beacon is not in it")]
    Missing,
    /// No beacon was announced, but the record contains a round.
    #[error("a beacon is in it that was not announced")]
    Unannounced,
    /// The round is not the one of this draw.
    #[error("its beacon round is {found}, and the draw's is {expected}")]
    Round {
        /// As the record says.
        found: u64,
        /// As it follows from the close of the draw.
        expected: u64,
    },
    /// The record names an instant at which its tickets were pinned, although its own round was not
    /// out by then.
    #[error("its tickets were pinned in time, and it names a later round")]
    NotLate,
    /// The announced network did not sign the round.
    #[error("the beacon's signature is not one of the announced network")]
    Signature,
    /// The entropy is not the hash of the signature.
    #[error("its entropy is not the hash of the beacon's signature")]
    Entropy,
}

/// Verifies that the announced network signed `round`.
///
/// # Errors
/// [`BeaconFault::Signature`].
pub fn verify(beacon: &BeaconPolicy, round: BeaconRound) -> Result<VerifiedRound, BeaconFault> {
    let mut signature = [0; SIGNATURE_LENGTH];
    hex::decode_to_slice(&round.signature, &mut signature).map_err(|_| BeaconFault::Signature)?;
    // Only lower-case hex is accepted, so that the signed record has exactly one form.
    if hex::encode(signature) != round.signature {
        return Err(BeaconFault::Signature);
    }
    let key = G2PubkeyRfc::from_fixed(beacon.public_key.0).map_err(|_| BeaconFault::Signature)?;
    // The check returns an error if the signature is no point of the curve. Such a signature is as
    // wrong as one of another network.
    if !key.verify(round.round, &[], &signature).unwrap_or(false) {
        return Err(BeaconFault::Signature);
    }
    Ok(VerifiedRound {
        round,
        entropy: Bytes32(derive_randomness(&signature)),
    })
}

/// Checks the beacon round in the record of a draw whose tickets were `pinned` then, against the
/// announced beacon.
///
/// # Errors
/// The first fault found.
pub fn check(
    announced: Option<&BeaconPolicy>,
    pinned: Pinned,
    round: Option<&BeaconRound>,
    entropy: Option<Bytes32>,
) -> Result<(), BeaconFault> {
    let Some(beacon) = announced else {
        return match (round, entropy, pinned.late_at) {
            (None, None, None) => Ok(()),
            _ => Err(BeaconFault::Unannounced),
        };
    };
    if pinned.late_at.is_some_and(|at| !beacon.is_late(pinned.closed_at, at)) {
        return Err(BeaconFault::NotLate);
    }
    let round = round.ok_or(BeaconFault::Missing)?;
    let expected = beacon.round_of_pinned(pinned);
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
