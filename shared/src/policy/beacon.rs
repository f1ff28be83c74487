//! Which public randomness beacon an event's draws wait for: a chain of drand (<https://drand.love>). It is announced before
//! the first join and never changes, so the round of every draw is known before anybody knows what it will say.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{identity::Bytes32, timestamp::UnixMillis, wire::Limits};

/// A draw's round is the first one whose time is at least this long after the draw closed, in ms: its shards are frozen
/// meanwhile, so that nobody can add a ticket and know the round.
pub const FREEZE_MS: u64 = 3_000;
/// Seconds between rounds. drand's own networks have 3 and 30; every draw waits for up to one of them more.
pub const PERIOD_S: Limits = Limits {
    default: 3,
    least: 1,
    most: 60,
};
/// Seconds since 1970 of round 1. The upper end is the year 2500.
pub const GENESIS_S: Limits = Limits {
    default: QUICKNET_GENESIS,
    least: 1,
    most: 16_725_225_600,
};

/// Of the League of Entropy's quicknet, as its `/info` says.
const QUICKNET_GENESIS: u64 = 1_692_803_367;
const QUICKNET_NAME: &str = "the League of Entropy's quicknet";
const QUICKNET_CHAIN_HASH: &str = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
const QUICKNET_PUBLIC_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c\
    8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";

/// How a network signs. One so far: later rounds need no earlier ones, and signatures are 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeaconScheme {
    /// Signatures on G1 of BLS12-381, hashed to the curve as RFC 9380 says: quicknet's.
    #[serde(rename = "bls-unchained-g1-rfc9380")]
    UnchainedG1Rfc9380,
}

impl BeaconScheme {
    /// Its name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BeaconScheme::UnchainedG1Rfc9380 => "bls-unchained-g1-rfc9380",
        }
    }
}

/// A compressed point of G2, hex: the key of a whole network, of which no member has more than a share. Whether it is a
/// point at all is found by [`BeaconPolicy::check`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BeaconKey(pub [u8; 96]);

impl BeaconKey {
    /// Reads 192 hex digits.
    ///
    /// # Errors
    /// It is something else; a sentence says so.
    pub fn parse(text: &str) -> Result<BeaconKey, &'static str> {
        let mut key = [0; 96];
        let bytes = hex::decode_to_slice(text, &mut key);
        bytes
            .map(|()| BeaconKey(key))
            .map_err(|_| "a beacon's public key has 96 bytes in hex")
    }
}

impl fmt::Debug for BeaconKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl Serialize for BeaconKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for BeaconKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BeaconKey, D::Error> {
        BeaconKey::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// One chain of drand, as its `/info` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeaconPolicy {
    /// Names the chain in drand's API.
    pub chain_hash: Bytes32,
    /// Verifies its rounds.
    pub public_key: BeaconKey,
    /// Seconds since 1970 of round 1. See [`GENESIS_S`].
    pub genesis: u64,
    /// Seconds between rounds. See [`PERIOD_S`].
    pub period: u64,
    /// How it signs.
    pub scheme: BeaconScheme,
}

impl BeaconPolicy {
    /// The public network that draws should use: the League of Entropy's, one round each three seconds.
    ///
    /// # Panics
    /// Never: the values are the ones that tests verify real rounds with.
    #[must_use]
    pub fn quicknet() -> BeaconPolicy {
        BeaconPolicy {
            chain_hash: Bytes32::parse(QUICKNET_CHAIN_HASH).expect("64 hex digits"),
            public_key: BeaconKey::parse(QUICKNET_PUBLIC_KEY).expect("192 hex digits"),
            genesis: QUICKNET_GENESIS,
            period: PERIOD_S.default,
            scheme: BeaconScheme::UnchainedG1Rfc9380,
        }
    }

    /// The public network that it is, where this program knows it. Compared whole: a name alone binds no signature.
    #[must_use]
    pub fn known_network(&self) -> Option<&'static str> {
        (*self == BeaconPolicy::quicknet()).then_some(QUICKNET_NAME)
    }

    /// Says which field is out of its limits, or is not the one of the public network that `chain_hash` names.
    ///
    /// # Errors
    /// A sentence that names the field and what it must be.
    pub fn check(&self) -> Result<(), String> {
        for (name, value, limits) in [("genesis", self.genesis, GENESIS_S), ("period", self.period, PERIOD_S)] {
            if !limits.allow(value) {
                return Err(format!("beacon.{name} must be {} to {}", limits.least, limits.most));
            }
        }
        if !crate::draw::beacon::is_key(self) {
            return Err("beacon.public_key must be a compressed point of G2 on BLS12-381".to_owned());
        }
        self.check_name()
    }

    /// Nobody may call another network by quicknet's name.
    fn check_name(&self) -> Result<(), String> {
        let quicknet = BeaconPolicy::quicknet();
        let fields = [
            ("public_key", self.public_key == quicknet.public_key),
            ("genesis", self.genesis == quicknet.genesis),
            ("period", self.period == quicknet.period),
            ("scheme", self.scheme == quicknet.scheme),
        ];
        match fields.iter().find(|(_, same)| !same) {
            Some((field, _)) if self.chain_hash == quicknet.chain_hash => Err(format!(
                "beacon.{field} is not that of {QUICKNET_NAME}, which beacon.chain_hash names"
            )),
            _ => Ok(()),
        }
    }

    /// The round of a draw that closes at `closed_at`: the first whose time is at least [`FREEZE_MS`] later.
    #[must_use]
    pub fn round_of(&self, closed_at: UnixMillis) -> u64 {
        let after_genesis = closed_at.plus(FREEZE_MS).since(UnixMillis(self.genesis * 1_000));
        after_genesis.div_ceil(self.period * 1_000) + 1
    }

    /// When a round is out.
    #[must_use]
    pub fn time_of(&self, round: u64) -> UnixMillis {
        let seconds = self.period.saturating_mul(round.saturating_sub(1));
        UnixMillis(self.genesis.saturating_add(seconds).saturating_mul(1_000))
    }

    /// When the round of a draw that closes at `closed_at` is out.
    #[must_use]
    pub fn drawn_at(&self, closed_at: UnixMillis) -> UnixMillis {
        self.time_of(self.round_of(closed_at))
    }
}

#[cfg(test)]
mod tests {
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
        // Rounds 1, 2, 3 are out at 100, 103, 106 s.
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
        // Another network's key: a point, and not quicknet's.
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../../tests/vectors/beacon.json")).unwrap();
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
}
