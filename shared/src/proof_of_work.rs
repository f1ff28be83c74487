//! Proof of work in the open protocol of ALTCHA (altcha.org, version 1): find the number that a
//! salted hash hides.
//!
//! The signed salt binds a challenge to an event, a person and an expiry, so it is worth nothing to
//! anybody else. The shard of that person, and nothing else, remembers that a proof was used: see
//! `edge-worker/src/queue/used_proofs.rs`.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    ids::{Bytes32, EventId, Tag},
    timestamp::UnixMillis,
    wire::ChallengeAnswer,
};

/// How long a challenge may be solved and used, in ms.
pub const CHALLENGE_LIFE_MS: u64 = 300_000;
/// Longest solved challenge that is parsed, in bytes.
pub const MAX_PAYLOAD_LENGTH: usize = 1024;
const ALGORITHM: &str = "SHA-256";

/// The person and the event to which a challenge is bound.
#[derive(Clone, Copy, Debug)]
pub struct ChallengeFor<'a> {
    /// The queue to join.
    pub event_id: &'a EventId,
    /// The person who wants to join.
    pub tag: Tag,
}

/// A solved challenge as the ALTCHA widget sends it: base64 of this in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SolvedChallenge {
    /// `SHA-256`.
    pub algorithm: String,
    /// As in the challenge.
    pub challenge: String,
    /// The number found.
    pub number: u64,
    /// As in the challenge.
    pub salt: String,
    /// As in the challenge.
    pub signature: String,
}

/// A challenge that was solved in time by the person for whom it was made. The caller must still
/// make sure that it is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidProof {
    /// The challenge. Its random salt makes it unique.
    pub challenge: Bytes32,
    /// Until then the challenge must be remembered.
    pub expires_at: UnixMillis,
}

/// What follows from a solved challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solved {
    /// The proof; it is good for one join.
    pub proof: ValidProof,
    /// When it was made.
    pub issued_at: UnixMillis,
    /// The number found. As many numbers were tried.
    pub number: u64,
}

/// Why a solved challenge is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProofError {
    /// It is not base64 of the expected JSON, it is too long, or the edge did not sign it.
    #[error("the captcha token is no solved challenge of this queue")]
    Malformed,
    /// The number does not hash to the challenge.
    #[error("the challenge is not solved")]
    Unsolved,
    /// It was made for another person or another event.
    #[error("the challenge was made for somebody else or another event")]
    OtherSubject,
    /// It has expired.
    #[error("the challenge has expired: ask for a new one")]
    Expired,
}

/// The salt of a challenge. The closing `&` separates its parameters from the number that is
/// appended for hashing (ALTCHA's advisory GHSA-6gvq-jcmp-8959).
fn salt(random: &str, expires: u64, issued: u64, bound_to: ChallengeFor<'_>) -> String {
    format!(
        "{random}?expires={expires}&issued={issued}&event={}&for={}&",
        bound_to.event_id, bound_to.tag
    )
}

fn signature(key: &Bytes32, challenge: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
    mac.update(challenge.as_bytes());
    mac
}

/// The hash that a solver has to hit: hex of SHA-256(salt || number in decimal).
#[must_use]
pub fn challenge_hash(salt: &str, number: u64) -> String {
    hex::encode(
        Sha256::new()
            .chain_update(salt)
            .chain_update(number.to_string())
            .finalize(),
    )
}

/// Makes a challenge. `random` must be 12 unpredictable bytes, and `number` an unpredictable number
/// from 0 to `max_number`.
#[must_use]
pub fn challenge(
    key: &Bytes32,
    bound_to: ChallengeFor<'_>,
    now: UnixMillis,
    random: [u8; 12],
    number: u64,
    max_number: u64,
) -> ChallengeAnswer {
    let expires = now.plus(CHALLENGE_LIFE_MS).floor_seconds();
    let salt = salt(&hex::encode(random), expires, now.0, bound_to);
    let challenge = challenge_hash(&salt, number);
    let signature = hex::encode(signature(key, &challenge).finalize().into_bytes());
    ChallengeAnswer {
        algorithm: ALGORITHM.to_owned(),
        challenge,
        maxnumber: max_number,
        salt,
        signature,
    }
}

/// Solves a challenge by trying numbers, as a browser does. `None` if no number up to `maxnumber`
/// fits.
#[must_use]
pub fn solve(challenge: &ChallengeAnswer) -> Option<String> {
    let prefix = Sha256::new().chain_update(&challenge.salt);
    let mut wanted = [0; 32];
    hex::decode_to_slice(&challenge.challenge, &mut wanted).ok()?;
    let hit = |number: &u64| prefix.clone().chain_update(number.to_string()).finalize()[..] == wanted;
    let number = (0..=challenge.maxnumber).find(hit)?;
    Some(with_number(challenge, number))
}

/// The payload that a client sends after it has found `number`.
#[must_use]
pub fn with_number(challenge: &ChallengeAnswer, number: u64) -> String {
    let solved = SolvedChallenge {
        algorithm: challenge.algorithm.clone(),
        challenge: challenge.challenge.clone(),
        number,
        salt: challenge.salt.clone(),
        signature: challenge.signature.clone(),
    };
    STANDARD.encode(serde_json::to_vec(&solved).expect("strings serialise"))
}

/// Checks a solved challenge.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(key: &Bytes32, bound_to: ChallengeFor<'_>, payload: &str, now: UnixMillis) -> Result<Solved, ProofError> {
    if payload.len() > MAX_PAYLOAD_LENGTH {
        return Err(ProofError::Malformed);
    }
    let json = STANDARD.decode(payload).map_err(|_| ProofError::Malformed)?;
    let solved: SolvedChallenge = serde_json::from_slice(&json).map_err(|_| ProofError::Malformed)?;
    let given = hex::decode(&solved.signature).map_err(|_| ProofError::Malformed)?;
    signature(key, &solved.challenge)
        .verify_slice(&given)
        .map_err(|_| ProofError::Malformed)?;
    if solved.algorithm != ALGORITHM {
        return Err(ProofError::Malformed);
    }
    if challenge_hash(&solved.salt, solved.number) != solved.challenge {
        return Err(ProofError::Unsolved);
    }
    // The signed hash covers salt and number together, and does not say where the one ends and the
    // other begins. That is settled below, when the salt is compared with the one that was made.
    let (random, parameters) = solved.salt.split_once('?').ok_or(ProofError::Malformed)?;
    let parameter = |name: &str| {
        parameters
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    let tag = bound_to.tag.to_string();
    if parameter("event") != Some(bound_to.event_id.as_str()) || parameter("for") != Some(tag.as_str()) {
        return Err(ProofError::OtherSubject);
    }
    let instant = |name| -> Result<u64, ProofError> {
        let text = parameter(name).and_then(|text| text.parse().ok());
        text.ok_or(ProofError::Malformed)
    };
    let (expires, issued) = (instant("expires")?, instant("issued")?);
    if solved.salt != salt(random, expires, issued, bound_to) {
        return Err(ProofError::Malformed);
    }
    let expires_at = UnixMillis(expires.saturating_mul(1000));
    if now >= expires_at {
        return Err(ProofError::Expired);
    }
    let challenge = Bytes32::parse(&solved.challenge).map_err(|_| ProofError::Malformed)?;
    Ok(Solved {
        proof: ValidProof { challenge, expires_at },
        issued_at: UnixMillis(issued),
        number: solved.number,
    })
}

#[cfg(test)]
mod tests;
