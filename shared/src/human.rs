//! Proof of work in ALTCHA's open protocol (altcha.org, version 1): find the number that the salted hash hides.
//!
//! A challenge is bound to an event, a person and an expiry inside its signed salt. So it is worth nothing to anybody else,
//! and the person's own shard is all the memory that 'once only' needs.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    identity::{Bytes32, EventId, Tag},
    timestamp::UnixMillis,
    wire::ChallengeAnswer,
};

/// How long a challenge may be solved and used, in ms.
pub const CHALLENGE_LIFE_MS: u64 = 300_000;
/// Longest solved challenge that is looked at, in bytes.
pub const MAX_PAYLOAD_LENGTH: usize = 1024;
const ALGORITHM: &str = "SHA-256";

/// What a challenge is bound to.
#[derive(Clone, Copy, Debug)]
pub struct ChallengeFor<'a> {
    /// The queue to join.
    pub event_id: &'a EventId,
    /// Who wants to join.
    pub tag: Tag,
}

/// A solved challenge, as ALTCHA's widget sends it: base64 of this in JSON.
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

/// A challenge that was solved in time by whom it was made for. The caller must still see that it is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidProof {
    /// Which challenge: unique by its random salt.
    pub challenge: Bytes32,
    /// It must be remembered until then.
    pub expires_at: UnixMillis,
}

/// What a solved challenge tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solved {
    /// It is good for one join.
    pub proof: ValidProof,
    /// When it was made.
    pub issued_at: UnixMillis,
    /// The number found: as many were tried.
    pub number: u64,
}

/// Why a solved challenge proves nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ProofError {
    /// Not base64 of the JSON expected, too long, or not signed by us.
    #[error("the captcha token is not a solved challenge of ours")]
    Malformed,
    /// The number does not hash to the challenge.
    #[error("the challenge is not solved")]
    Unsolved,
    /// Made for somebody else or another event.
    #[error("the challenge was made for somebody else or another event")]
    OtherSubject,
    /// Too late.
    #[error("the challenge has expired: ask for a new one")]
    Expired,
}

fn signature(key: &Bytes32, challenge: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
    mac.update(challenge.as_bytes());
    mac
}

/// Hex of SHA-256(salt || number in decimal): what a solver has to hit.
#[must_use]
pub fn challenge_hash(salt: &str, number: u64) -> String {
    hex::encode(
        Sha256::new()
            .chain_update(salt)
            .chain_update(number.to_string())
            .finalize(),
    )
}

/// Makes a challenge. `random` are 12 unpredictable bytes, `number` an unpredictable number from 0 to `max_number`.
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
    // The closing '&' keeps the salt's parameters and the number that follows apart.
    let salt = format!(
        "{}?expires={expires}&issued={}&event={}&for={}&",
        hex::encode(random),
        now.0,
        bound_to.event_id,
        bound_to.tag
    );
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

/// Solves a challenge by trying (what a browser does). `None` if no number up to `maxnumber` fits.
#[must_use]
pub fn solve(challenge: &ChallengeAnswer) -> Option<String> {
    let prefix = Sha256::new().chain_update(&challenge.salt);
    let mut wanted = [0; 32];
    hex::decode_to_slice(&challenge.challenge, &mut wanted).ok()?;
    let hit = |number: &u64| prefix.clone().chain_update(number.to_string()).finalize()[..] == wanted;
    let number = (0..=challenge.maxnumber).find(hit)?;
    Some(with_number(challenge, number))
}

/// What the client sends of a challenge for which it has found this number.
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

/// Judges a solved challenge.
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
    // From here on the salt is the one we made: the signed hash covers it.
    let (_, parameters) = solved.salt.split_once('?').ok_or(ProofError::Malformed)?;
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
mod tests {
    use super::*;

    const KEY: Bytes32 = Bytes32([5; 32]);
    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn event() -> EventId {
        EventId::parse("arena").unwrap()
    }

    #[test]
    fn a_solved_challenge_is_accepted_until_it_expires() {
        let event = event();
        let bound_to = ChallengeFor {
            event_id: &event,
            tag: Tag([1; 16]),
        };
        let made = challenge(&KEY, bound_to, NOW, [2; 12], 777, 1_000);
        let payload = solve(&made).unwrap();
        let expires_at = NOW.plus(CHALLENGE_LIFE_MS);
        let solved = verify(&KEY, bound_to, &payload, expires_at.minus(1)).unwrap();
        assert_eq!(
            (solved.proof.expires_at, solved.issued_at, solved.number),
            (expires_at, NOW, 777)
        );
        assert_eq!(verify(&KEY, bound_to, &payload, expires_at), Err(ProofError::Expired));
    }

    #[test]
    fn it_is_worth_nothing_to_anybody_else() {
        let (event, other_event) = (event(), EventId::parse("other").unwrap());
        let bound_to = ChallengeFor {
            event_id: &event,
            tag: Tag([1; 16]),
        };
        let payload = solve(&challenge(&KEY, bound_to, NOW, [2; 12], 3, 1_000)).unwrap();
        let elsewhere = ChallengeFor {
            event_id: &other_event,
            ..bound_to
        };
        let stranger = ChallengeFor {
            tag: Tag([9; 16]),
            ..bound_to
        };
        assert_eq!(verify(&KEY, elsewhere, &payload, NOW), Err(ProofError::OtherSubject));
        assert_eq!(verify(&KEY, stranger, &payload, NOW), Err(ProofError::OtherSubject));
        assert_eq!(
            verify(&Bytes32([6; 32]), bound_to, &payload, NOW),
            Err(ProofError::Malformed)
        );
    }

    #[test]
    fn what_is_altered_is_refused() {
        let event = event();
        let bound_to = ChallengeFor {
            event_id: &event,
            tag: Tag([1; 16]),
        };
        let payload = solve(&challenge(&KEY, bound_to, NOW, [2; 12], 3, 1_000)).unwrap();
        let solved: SolvedChallenge = serde_json::from_slice(&STANDARD.decode(&payload).unwrap()).unwrap();
        let judge = |solved: &SolvedChallenge| {
            verify(
                &KEY,
                bound_to,
                &STANDARD.encode(serde_json::to_vec(solved).unwrap()),
                NOW,
            )
        };
        assert!(judge(&solved).is_ok());
        assert_eq!(
            judge(&SolvedChallenge {
                number: 4,
                ..solved.clone()
            }),
            Err(ProofError::Unsolved)
        );
        let later = solved.salt.replace("expires=18", "expires=19");
        assert_eq!(
            judge(&SolvedChallenge {
                salt: later,
                ..solved.clone()
            }),
            Err(ProofError::Unsolved)
        );
        // The end of the salt cannot be spliced into the number.
        let spliced = SolvedChallenge {
            salt: solved.salt.trim_end_matches('&').to_owned(),
            ..solved.clone()
        };
        assert_eq!(judge(&spliced), Err(ProofError::Unsolved));
        assert_eq!(
            judge(&SolvedChallenge {
                algorithm: "SHA-1".into(),
                ..solved
            }),
            Err(ProofError::Malformed)
        );
        for text in ["", "e30=", "!", &"A".repeat(MAX_PAYLOAD_LENGTH + 4)] {
            assert_eq!(verify(&KEY, bound_to, text, NOW), Err(ProofError::Malformed));
        }
    }
}
