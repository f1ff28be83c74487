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

#[test]
fn no_digit_can_move_between_the_salt_and_the_number() {
    let event = event();
    let bound_to = ChallengeFor {
        event_id: &event,
        tag: Tag([1; 16]),
    };
    let number = 47_292;
    let payload = solve(&challenge(&KEY, bound_to, NOW, [2; 12], number, 50_000)).unwrap();
    let solved: SolvedChallenge = serde_json::from_slice(&STANDARD.decode(&payload).unwrap()).unwrap();
    let judge = |salt: String, number: u64| {
        let moved = SolvedChallenge {
            salt,
            number,
            ..solved.clone()
        };
        let payload = STANDARD.encode(serde_json::to_vec(&moved).unwrap());
        verify(&KEY, bound_to, &payload, NOW).map(|solved| solved.number)
    };
    assert_eq!(judge(solved.salt.clone(), number), Ok(number));
    // The number's leading digits, moved behind the salt: the hash is the same.
    for (moved, rest) in [("4", 7_292), ("47", 292), ("472", 92), ("4729", 2)] {
        let salt = format!("{}{moved}", solved.salt);
        assert_eq!(challenge_hash(&salt, rest), solved.challenge, "{moved}");
        assert_eq!(judge(salt, rest), Err(ProofError::Malformed), "{moved}");
    }
    // The salt's last characters, moved before the number, make another hash.
    let shorter = solved.salt.trim_end_matches('&').to_owned();
    assert_eq!(judge(shorter, number), Err(ProofError::Unsolved));
    // A number with zeros before it, or written otherwise, is no number of the same hash either.
    let json = String::from_utf8(STANDARD.decode(&payload).unwrap()).unwrap();
    for text in ["047292", "47292.0", "4.7292e4", "\"47292\""] {
        let payload = STANDARD.encode(json.replace("47292", text));
        assert_eq!(
            verify(&KEY, bound_to, &payload, NOW).map(|solved| solved.number),
            Err(ProofError::Malformed),
            "{text}"
        );
    }
}
