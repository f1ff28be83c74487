//! The beacon: rounds that real networks signed are accepted, and everything else is refused.

use serde_json::Value;
use stanchion_shared::{
    draw::beacon::{self, BeaconFault, BeaconRound},
    ids::Bytes32,
    policy::{BeaconKey, BeaconPolicy, PIN_BEFORE_MS, Pinned, QueuePolicy},
    timestamp::UnixMillis,
};

struct Recorded {
    beacon: BeaconPolicy,
    round: BeaconRound,
    randomness: Option<String>,
}

fn recorded() -> Vec<Recorded> {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/beacon.json")).unwrap();
    let mut all = Vec::new();
    for network in vectors["networks"].as_array().unwrap() {
        let text = |name: &str| network[name].as_str().unwrap();
        let beacon = BeaconPolicy {
            chain_hash: Bytes32::parse(text("chain_hash")).unwrap(),
            public_key: BeaconKey::parse(text("public_key")).unwrap(),
            ..BeaconPolicy::quicknet()
        };
        for round in network["rounds"].as_array().unwrap() {
            all.push(Recorded {
                beacon: beacon.clone(),
                round: serde_json::from_value(round.clone()).unwrap(),
                randomness: round["randomness"].as_str().map(str::to_owned),
            });
        }
    }
    assert!(all.len() > 4);
    all
}

#[test]
fn rounds_of_real_networks_hold_and_give_the_networks_own_randomness() {
    assert_eq!(recorded()[0].beacon, BeaconPolicy::quicknet(), "the public network's");
    let mut compared = 0;
    for Recorded {
        beacon,
        round,
        randomness,
    } in recorded()
    {
        let verified = beacon::verify(&beacon, round.clone()).unwrap();
        assert_eq!(verified.round(), &round);
        if let Some(randomness) = randomness {
            assert_eq!(hex::encode(verified.entropy().0), randomness);
            compared += 1;
        }
    }
    assert!(compared > 0);
}

#[test]
fn nothing_but_the_networks_signature_of_that_round_is_accepted() {
    let all = recorded();
    let quicknet = &all[0];
    let refuse = |round: u64, signature: &str, why: &str| {
        let round = BeaconRound {
            round,
            signature: signature.to_owned(),
        };
        let verified = beacon::verify(&quicknet.beacon, round);
        assert_eq!(verified, Err(BeaconFault::Signature), "{why}");
    };
    let good = &quicknet.round.signature;
    refuse(124, good, "of another round");
    refuse(123, &all[1].round.signature, "another round's");
    refuse(123, &all[2].round.signature, "another network's");
    refuse(123, &good.to_uppercase(), "written otherwise");
    refuse(123, &good[2..], "too short");
    refuse(123, &format!("{good}00"), "too long");
    refuse(123, "", "empty");
    refuse(123, &"zz".repeat(48), "no hex");
    refuse(123, &"11".repeat(48), "no point of the curve");
    // The neutral element of the group, compressed. It would verify under a broken key.
    refuse(123, &format!("c0{}", "00".repeat(47)), "the point at infinity");
}

#[test]
fn a_record_has_exactly_what_was_announced() {
    let quicknet = &recorded()[0];
    let (beacon, round) = (&quicknet.beacon, &quicknet.round);
    let entropy = beacon::verify(beacon, round.clone()).unwrap().entropy();
    let closed_at = beacon.time_of(round.round).minus(3_000);
    let check = |announced, closed_at, round, entropy| {
        let late_at = None;
        beacon::check(announced, Pinned { closed_at, late_at }, round, entropy)
    };

    assert_eq!(check(None, closed_at, None, None), Ok(()));
    assert_eq!(check(Some(beacon), closed_at, Some(round), Some(entropy)), Ok(()));
    let faults = [
        (
            check(None, closed_at, Some(round), Some(entropy)),
            BeaconFault::Unannounced,
        ),
        (check(None, closed_at, None, Some(entropy)), BeaconFault::Unannounced),
        (
            check(Some(beacon), closed_at, None, Some(entropy)),
            BeaconFault::Missing,
        ),
        (check(Some(beacon), closed_at, Some(round), None), BeaconFault::Entropy),
        (
            check(Some(beacon), closed_at, Some(round), Some(Bytes32([1; 32]))),
            BeaconFault::Entropy,
        ),
        (
            check(Some(beacon), closed_at.plus(1), Some(round), Some(entropy)),
            BeaconFault::Round {
                found: 123,
                expected: 124,
            },
        ),
        (
            check(Some(beacon), UnixMillis(0), Some(round), Some(entropy)),
            BeaconFault::Round {
                found: 123,
                expected: 1,
            },
        ),
    ];
    for (found, expected) in faults {
        assert_eq!(found, Err(expected));
    }
    let another = BeaconRound {
        signature: recorded()[1].round.signature.clone(),
        ..round.clone()
    };
    assert_eq!(
        check(Some(beacon), closed_at, Some(&another), Some(entropy)),
        Err(BeaconFault::Signature)
    );
}

/// Whoever decides what a missing shard is entered with must not know the round meanwhile.
#[test]
fn tickets_that_were_pinned_late_wait_for_a_later_round_and_others_may_not() {
    let quicknet = recorded().remove(0);
    let (beacon, round) = (&quicknet.beacon, &quicknet.round);
    let entropy = beacon::verify(beacon, round.clone()).unwrap().entropy();
    let out_at = beacon.time_of(round.round);
    // The round is the first that is out three seconds after the tickets were pinned.
    let pinned_at = out_at.minus(3_000);
    let check = |closed_at, late_at| {
        let late_at = Some(late_at);
        beacon::check(Some(beacon), Pinned { closed_at, late_at }, Some(round), Some(entropy))
    };
    // The draw's own round was out three seconds before.
    let closed_at = out_at.minus(9_000);
    assert_eq!(check(closed_at, pinned_at), Ok(()));
    let by_another_instant = check(closed_at, pinned_at.plus(1));
    assert!(matches!(by_another_instant, Err(BeaconFault::Round { .. })));
    let in_time = check(pinned_at.minus(2_000), pinned_at);
    assert_eq!(in_time, Err(BeaconFault::NotLate), "its own round is this one");
    let last = beacon.drawn_at(closed_at).minus(PIN_BEFORE_MS);
    assert!(!beacon.is_late(closed_at, last) && beacon.is_late(closed_at, last.plus(1)));
    let pinned = Pinned {
        closed_at,
        late_at: Some(pinned_at),
    };
    assert_eq!(beacon::check(None, pinned, None, None), Err(BeaconFault::Unannounced));
}

#[test]
fn the_beacon_is_fixed_from_the_first_put() {
    let with = |beacon| QueuePolicy {
        beacon,
        ..QueuePolicy::default()
    };
    let (none, quicknet) = (with(None), with(Some(BeaconPolicy::quicknet())));
    let slower = with(Some(BeaconPolicy {
        period: 30,
        ..BeaconPolicy::quicknet()
    }));
    for (before, after) in [(&none, &quicknet), (&quicknet, &none), (&quicknet, &slower)] {
        assert!(after.fixed_by(before).unwrap().contains("beacon"));
    }
    assert_eq!(quicknet.fixed_by(&quicknet), None);
    assert_eq!(serde_json::to_value(&none).unwrap().get("beacon"), None);
}
