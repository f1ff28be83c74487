//! The beacon policy: the public randomness beacon that the draws of an event wait for, a chain of
//! drand (<https://drand.love>).
//!
//! It is announced before the first join and never changes. So the round of every draw is known
//! before anybody knows its content.

use std::fmt;

use drand_verify::{G2PubkeyRfc, Pubkey as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{ids::Bytes32, limits::Limits, timestamp::UnixMillis};

/// The round of a draw is the first one whose time is at least this long after the close of the
/// draw, in ms. The shards are frozen meanwhile, so nobody can add a ticket and know the round.
pub const FREEZE_MS: u64 = 3_000;
/// The tickets of a draw must be pinned this long before its round is out, in ms: the clocks of a
/// site and of a network differ. A draw whose missing shards were entered later waits for a later
/// round.
pub const PIN_BEFORE_MS: u64 = 500;
/// Seconds between rounds. The networks of drand have 3 and 30. Every draw waits for up to one
/// period more.
pub const PERIOD_S: Limits = Limits {
    default: 3,
    least: 1,
    most: 60,
};
/// Time of round 1, in seconds since 1970. The upper limit is the year 2500.
pub const GENESIS_S: Limits = Limits {
    default: QUICKNET_GENESIS,
    least: 1,
    most: 16_725_225_600,
};

/// Values of quicknet, a network of the League of Entropy, as its `/info` states them.
const QUICKNET_GENESIS: u64 = 1_692_803_367;
const QUICKNET_NAME: &str = "the League of Entropy's quicknet";
const QUICKNET_CHAIN_HASH: &str = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
const QUICKNET_PUBLIC_KEY: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c\
    8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";

/// The signature scheme of a network. One is supported so far: its rounds need no earlier ones, and
/// signatures have 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BeaconScheme {
    /// Signatures on G1 of BLS12-381, hashed to the curve as RFC 9380 says. Quicknet uses it.
    #[serde(rename = "bls-unchained-g1-rfc9380")]
    UnchainedG1Rfc9380,
}

impl BeaconScheme {
    /// The name in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BeaconScheme::UnchainedG1Rfc9380 => "bls-unchained-g1-rfc9380",
        }
    }
}

/// The public key of a whole network: a compressed point of G2, in hex. No member has more than a
/// share of the private key. [`BeaconPolicy::check`] finds out whether it is a point at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BeaconKey(pub [u8; 96]);

impl BeaconKey {
    /// Parses 192 hex digits.
    ///
    /// # Errors
    /// A sentence if the text is anything else.
    pub fn parse(text: &str) -> Result<BeaconKey, &'static str> {
        let mut key = [0; 96];
        let bytes = hex::decode_to_slice(text, &mut key);
        bytes
            .map(|()| BeaconKey(key))
            .map_err(|_| "a beacon's public key has 96 bytes in hex")
    }

    /// Whether the bytes are a point of the curve. Only then can the key verify anything.
    fn is_point(self) -> bool {
        G2PubkeyRfc::from_fixed(self.0).is_ok()
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
    /// The name of the chain in the API of drand.
    pub chain_hash: Bytes32,
    /// The key that verifies its rounds.
    pub public_key: BeaconKey,
    /// Time of round 1, in seconds since 1970. See [`GENESIS_S`].
    pub genesis: u64,
    /// Seconds between rounds. See [`PERIOD_S`].
    pub period: u64,
    /// Its signature scheme.
    pub scheme: BeaconScheme,
}

/// The instant from which the round of a draw follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// When the draw closed.
    pub closed_at: UnixMillis,
    /// When its tickets were pinned, if that was [late](BeaconPolicy::is_late).
    pub late_at: Option<UnixMillis>,
}

impl BeaconPolicy {
    /// The public network that draws should use: quicknet of the League of Entropy, with a round
    /// every three seconds.
    ///
    /// # Panics
    /// Never: tests verify real rounds with these values.
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

    /// The name of the public network, if this program knows it. The policy is compared as a whole,
    /// because a name alone binds no signature.
    #[must_use]
    pub fn known_network(&self) -> Option<&'static str> {
        (*self == BeaconPolicy::quicknet()).then_some(QUICKNET_NAME)
    }

    /// Checks every field against its limits. If `chain_hash` is that of a known network, the other
    /// fields must be, too.
    ///
    /// # Errors
    /// A sentence that names the field and what it must be.
    pub fn check(&self) -> Result<(), String> {
        for (name, value, limits) in [("genesis", self.genesis, GENESIS_S), ("period", self.period, PERIOD_S)] {
            if !limits.allow(value) {
                return Err(format!("beacon.{name} must be {} to {}", limits.least, limits.most));
            }
        }
        if !self.public_key.is_point() {
            return Err("beacon.public_key must be a compressed point of G2 on BLS12-381".to_owned());
        }
        self.check_name()
    }

    /// Refuses another network under the name of quicknet.
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

    /// The round of a draw that closes at `closed_at`: the first whose time is at least
    /// [`FREEZE_MS`] later.
    #[must_use]
    pub fn round_of(&self, closed_at: UnixMillis) -> u64 {
        let after_genesis = closed_at.plus(FREEZE_MS).since(UnixMillis(self.genesis * 1_000));
        after_genesis.div_ceil(self.period * 1_000) + 1
    }

    /// Whether tickets that were pinned at `pinned_at` could have been chosen by the round of a draw
    /// that closed at `closed_at`.
    #[must_use]
    pub fn is_late(&self, closed_at: UnixMillis, pinned_at: UnixMillis) -> bool {
        pinned_at.plus(PIN_BEFORE_MS) > self.drawn_at(closed_at)
    }

    /// The round of a draw: by its close, or by the instant at which its tickets were pinned late.
    #[must_use]
    pub fn round_of_pinned(&self, pinned: Pinned) -> u64 {
        self.round_of(pinned.late_at.unwrap_or(pinned.closed_at))
    }

    /// When a round is published.
    #[must_use]
    pub fn time_of(&self, round: u64) -> UnixMillis {
        let seconds = self.period.saturating_mul(round.saturating_sub(1));
        UnixMillis(self.genesis.saturating_add(seconds).saturating_mul(1_000))
    }

    /// When the round of a draw that closes at `closed_at` is published.
    #[must_use]
    pub fn drawn_at(&self, closed_at: UnixMillis) -> UnixMillis {
        self.time_of(self.round_of(closed_at))
    }
}

#[cfg(test)]
mod tests;
