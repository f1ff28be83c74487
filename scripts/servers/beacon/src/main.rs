//! A local randomness beacon, for machines without a network: `scripts/stack/beacon-server.mjs` asks it for rounds. Its rounds
//! are signed as drand's quicknet signs them, and verify the same way. But one process holds the whole key, so its operator
//! knows every round beforehand. It shows how draws wait for a beacon, and proves nothing.
//!
//! The key is in the environment. The first line that it prints is the public key; then it answers each round's number, one a
//! line, with the round's signature, until its input ends. All in hex.

use std::{
    env,
    io::{self, BufRead, Write},
    process::ExitCode,
};

use bls12_381::{
    G1Affine, G1Projective, G2Affine, Scalar,
    hash_to_curve::{ExpandMsgXmd, HashToCurve},
};
use sha2::{Digest, Sha256};

/// 32 random bytes in hex.
const KEY_VARIABLE: &str = "STANCHION_LOCAL_BEACON_KEY";
/// Of the scheme `bls-unchained-g1-rfc9380`.
const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// The whole signing key, which the members of a real network share among them.
struct Key(Scalar);

impl Key {
    /// From 32 bytes in hex; `None` if it is something else.
    fn parse(text: &str) -> Option<Key> {
        let mut wide = [0; 64];
        hex::decode_to_slice(text, &mut wide[..32]).ok()?;
        Some(Key(Scalar::from_bytes_wide(&wide)))
    }

    fn public(&self) -> String {
        hex::encode(G2Affine::from(G2Affine::generator() * self.0).to_compressed())
    }

    fn sign(&self, round: u64) -> String {
        let message = Sha256::digest(&round.to_be_bytes());
        let point = <G1Projective as HashToCurve<ExpandMsgXmd<Sha256>>>::hash_to_curve(message, DOMAIN);
        hex::encode(G1Affine::from(point * self.0).to_compressed())
    }
}

/// Answers rounds, one a line.
fn answer(key: &Key, rounds: impl BufRead, mut signatures: impl Write) -> io::Result<()> {
    writeln!(signatures, "{}", key.public())?;
    signatures.flush()?;
    for line in rounds.lines() {
        let round = line?.trim().parse().map_err(io::Error::other)?;
        writeln!(signatures, "{}", key.sign(round))?;
        signatures.flush()?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let Some(key) = env::var(KEY_VARIABLE).ok().as_deref().and_then(Key::parse) else {
        eprintln!("stanchion-beacon: {KEY_VARIABLE} must be 32 bytes in hex");
        return ExitCode::FAILURE;
    };
    match answer(&key, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stanchion-beacon: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use stanchion_shared::{
        draw::beacon::{BeaconFault, BeaconRound, verify},
        policy::{BeaconKey, BeaconPolicy},
    };

    use super::*;

    const KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    #[test]
    fn its_rounds_verify_as_those_of_the_public_network_do_and_only_under_its_key() {
        let key = Key::parse(KEY).unwrap();
        let own = BeaconPolicy {
            public_key: BeaconKey::parse(&key.public()).unwrap(),
            chain_hash: stanchion_shared::ids::Bytes32([1; 32]),
            ..BeaconPolicy::quicknet()
        };
        assert_eq!(own.check(), Ok(()));
        for round in [1, 2, 1_000, u64::MAX] {
            let signature = key.sign(round);
            let of = |round| BeaconRound {
                round,
                signature: signature.clone(),
            };
            assert!(verify(&own, of(round)).is_ok(), "{round}");
            assert_eq!(verify(&own, of(round ^ 1)), Err(BeaconFault::Signature));
            assert_eq!(
                verify(&BeaconPolicy::quicknet(), of(round)),
                Err(BeaconFault::Signature)
            );
        }
    }

    #[test]
    fn it_answers_line_by_line_and_ends_with_a_line_that_is_no_number() {
        let key = Key::parse(KEY).unwrap();
        let mut said = Vec::new();
        answer(&key, &b"7\n8\n"[..], &mut said).unwrap();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(
            said.lines().collect::<Vec<_>>(),
            [key.public(), key.sign(7), key.sign(8)]
        );
        assert!(answer(&key, &b"seven\n"[..], Vec::new()).is_err());
    }

    #[test]
    fn a_key_is_32_bytes_in_hex() {
        assert!(Key::parse(KEY).is_some());
        for wrong in ["", &KEY[1..], &KEY[2..], "zz"] {
            assert!(Key::parse(wrong).is_none(), "{wrong}");
        }
    }
}
