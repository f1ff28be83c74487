use super::*;

fn every_three_seconds_from(genesis: u64) -> BeaconPolicy {
    BeaconPolicy {
        chain_hash: Bytes32([1; 32]),
        genesis,
        ..BeaconPolicy::quicknet()
    }
}

#[test]
fn the_round_is_the_first_three_seconds_after_the_close() {
    let beacon = every_three_seconds_from(100);
    // Rounds 1, 2 and 3 are published at 100, 103 and 106 s.
    for (closed_at, round) in [
        (0, 1),
        (97_000, 1),
        (97_001, 2),
        (99_999, 2),
        (100_000, 2),
        (100_001, 3),
        (103_000, 3),
    ] {
        let closed_at = UnixMillis(closed_at);
        assert_eq!(beacon.round_of(closed_at), round, "{closed_at:?}");
        assert!(beacon.drawn_at(closed_at) >= closed_at.plus(FREEZE_MS));
        if round > 1 {
            assert!(beacon.time_of(round - 1) < closed_at.plus(FREEZE_MS), "{closed_at:?}");
        }
    }
}

#[test]
fn limits_hold_at_both_sides_and_name_the_field() {
    let another = every_three_seconds_from(100);
    assert_eq!(another.check(), Ok(()));
    for (period, allowed) in [(0, false), (1, true), (60, true), (61, false)] {
        let checked = BeaconPolicy {
            period,
            ..another.clone()
        }
        .check();
        assert_eq!(checked.is_ok(), allowed, "{period}: {checked:?}");
    }
    for (genesis, allowed) in [
        (0, false),
        (1, true),
        (GENESIS_S.most, true),
        (GENESIS_S.most + 1, false),
    ] {
        let checked = every_three_seconds_from(genesis).check();
        assert_eq!(checked.is_ok(), allowed, "{genesis}: {checked:?}");
    }
    let no_point = BeaconPolicy {
        public_key: BeaconKey([1; 96]),
        ..another
    };
    assert!(no_point.check().unwrap_err().contains("beacon.public_key"));
}

#[test]
fn nobody_may_call_another_network_by_quicknets_name() {
    let quicknet = BeaconPolicy::quicknet();
    assert_eq!(quicknet.check(), Ok(()));
    assert!(quicknet.known_network().is_some());
    // The key of another network: a point, but not the key of quicknet.
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../../../tests/vectors/beacon.json")).unwrap();
    let key = BeaconKey::parse(vectors["networks"][1]["public_key"].as_str().unwrap()).unwrap();
    type Change = fn(&mut BeaconPolicy, BeaconKey);
    let changes: [(&str, Change); 3] = [
        ("public_key", |beacon, key| beacon.public_key = key),
        ("genesis", |beacon, _| beacon.genesis += 1),
        ("period", |beacon, _| beacon.period += 1),
    ];
    for (field, change) in changes {
        let mut beacon = quicknet.clone();
        change(&mut beacon, key);
        assert_eq!(beacon.known_network(), None, "{field}");
        let refused = beacon.check().unwrap_err();
        assert!(
            refused.contains(&format!("beacon.{field} ")) && refused.contains("quicknet"),
            "{refused}"
        );
        beacon.chain_hash = Bytes32([1; 32]);
        assert_eq!(beacon.check(), Ok(()), "{field}: a network of its own");
    }
    let renamed = BeaconPolicy {
        chain_hash: Bytes32([1; 32]),
        ..quicknet
    };
    assert_eq!((renamed.known_network(), renamed.check()), (None, Ok(())));
}

#[test]
fn json_has_hex_and_the_schemes_own_name_and_nothing_unknown() {
    let json = serde_json::to_value(BeaconPolicy::quicknet()).unwrap();
    assert_eq!(json["scheme"], "bls-unchained-g1-rfc9380");
    assert_eq!(json["scheme"], BeaconPolicy::quicknet().scheme.name());
    assert_eq!(json["public_key"].as_str().map(str::len), Some(192));
    assert_eq!(
        serde_json::from_value::<BeaconPolicy>(json.clone()).unwrap(),
        BeaconPolicy::quicknet()
    );
    for (field, value) in [
        ("scheme", "pedersen-bls-chained"),
        ("public_key", "83cf"),
        ("chain_hash", "52db"),
        ("surplus", "1"),
    ] {
        let mut wrong = json.clone();
        wrong[field] = value.into();
        assert!(serde_json::from_value::<BeaconPolicy>(wrong).is_err(), "{field}");
    }
}
