//! The proof of work against its published vector. `altcha.test.mjs` lets the library of ALTCHA
//! verify, solve and make the same challenges.

use serde::Deserialize;
use stanchion_shared::{
    ids::{Bytes32, EventId, Tag},
    proof_of_work::{self, CHALLENGE_LIFE_MS, ChallengeFor},
    timestamp::UnixMillis,
    wire::ChallengeAnswer,
};

#[derive(Deserialize)]
struct Vector {
    /// The key: 32 ASCII characters, because the library takes keys as text.
    key: String,
    event_id: EventId,
    tag: Tag,
    issued_at_ms: u64,
    random: String,
    number: u64,
    challenge: ChallengeAnswer,
    payload: String,
}

fn vector() -> Vector {
    serde_json::from_str(include_str!("../vectors/altcha.json")).unwrap()
}

impl Vector {
    fn key(&self) -> Bytes32 {
        Bytes32(self.key.as_bytes().try_into().unwrap())
    }

    fn bound_to(&self) -> ChallengeFor<'_> {
        ChallengeFor {
            event_id: &self.event_id,
            tag: self.tag,
        }
    }
}

#[test]
fn the_vector_is_what_is_made_and_solved_here() {
    let vector = vector();
    let random = hex::decode(&vector.random).unwrap().try_into().unwrap();
    let issued_at = UnixMillis(vector.issued_at_ms);
    let max_number = vector.challenge.maxnumber;
    let made = proof_of_work::challenge(
        &vector.key(),
        vector.bound_to(),
        issued_at,
        random,
        vector.number,
        max_number,
    );
    assert_eq!(made, vector.challenge);
    assert_eq!(proof_of_work::solve(&made), Some(vector.payload));
}

#[test]
fn the_solved_vector_is_accepted_in_its_time_with_what_it_tells() {
    let vector = vector();
    let verify = |at: u64| proof_of_work::verify(&vector.key(), vector.bound_to(), &vector.payload, UnixMillis(at));
    let solved = verify(vector.issued_at_ms).unwrap();
    assert_eq!(
        (solved.number, solved.issued_at.0),
        (vector.number, vector.issued_at_ms)
    );
    assert!(verify(vector.issued_at_ms + CHALLENGE_LIFE_MS).is_err());
}
