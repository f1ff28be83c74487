//! Names of things: events, tags, shards, draws, tiers, places. Each is parsed once, at the boundary.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::Sha256;

/// An event's name in URLs: 1 to 64 of `a-z`, `0-9` and `-`, starting with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EventId(String);

impl EventId {
    /// Longest event id in bytes; it travels in every ticket.
    pub const MAX_LENGTH: usize = 64;

    /// # Errors
    /// The text is not of the form above.
    pub fn parse(text: &str) -> Result<EventId, IdentityError> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let fits = (1..=Self::MAX_LENGTH).contains(&text.len());
        if fits && text.bytes().all(allowed) && !text.starts_with('-') {
            Ok(EventId(text.to_owned()))
        } else {
            Err(IdentityError("an event id is 1 to 64 of a-z, 0-9 and '-'"))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        EventId::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A value is not what its name promises; the sentence says what it must be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct IdentityError(pub &'static str);

/// 32 bytes, as lower-case hex in JSON: digests, seeds, secrets, keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes32(pub [u8; 32]);

impl Bytes32 {
    /// Reads 64 hex digits.
    ///
    /// # Errors
    /// The text is something else.
    pub fn parse(text: &str) -> Result<Bytes32, IdentityError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| IdentityError("64 hex digits are expected"))?;
        Ok(Bytes32(bytes))
    }
}

impl std::fmt::Debug for Bytes32 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Bytes32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Bytes32::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The key that turns people into tags, one per event, made by the edge and never shown. It hides who is in a public log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventKey(pub Bytes32);

/// A person within one event: first 16 bytes of HMAC-SHA-256(event key, issuer || 0x00 || subject). Hex in JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 16]);

impl Tag {
    /// The tag of `subject` as named by `issuer` (the `sub` and `iss` of an account token).
    #[must_use]
    pub fn of(key: &EventKey, issuer: &str, subject: &str) -> Tag {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.0.0).expect("HMAC takes keys of any length");
        mac.update(issuer.as_bytes());
        mac.update(&[0]);
        mac.update(subject.as_bytes());
        let digest = mac.finalize().into_bytes();
        Tag(digest[..16].try_into().expect("SHA-256 has 32 bytes"))
    }

    /// The shard this person belongs to: the first log2 N bits of the tag.
    #[must_use]
    pub fn shard(self, shards: ShardCount) -> Shard {
        let head = u16::from_be_bytes([self.0[0], self.0[1]]);
        Shard(if shards.bits() == 0 {
            0
        } else {
            head >> (16 - shards.bits())
        })
    }

    /// Reads 32 hex digits.
    ///
    /// # Errors
    /// The text is something else.
    pub fn parse(text: &str) -> Result<Tag, IdentityError> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| IdentityError("a tag is 32 hex digits"))?;
        Ok(Tag(bytes))
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Tag::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// How many shards an event has: a power of two from 1 to 1,024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ShardCount(u16);

impl ShardCount {
    /// Most shards of an event: some million joins a second on Durable Objects.
    pub const MAX: u16 = 1024;
    /// What an event gets unless it asks for another number.
    pub const DEFAULT: ShardCount = ShardCount(64);

    /// # Errors
    /// `count` is not a power of two from 1 to 1,024.
    pub fn new(count: u16) -> Result<ShardCount, IdentityError> {
        if count.is_power_of_two() && count <= Self::MAX {
            Ok(ShardCount(count))
        } else {
            Err(IdentityError("shards is a power of two from 1 to 1024"))
        }
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }

    /// log2 of the number, 0 to 10.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.0.trailing_zeros()
    }

    /// All shards, in order.
    pub fn all(self) -> impl Iterator<Item = Shard> {
        (0..self.0).map(Shard)
    }
}

impl<'de> Deserialize<'de> for ShardCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ShardCount::new(u16::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// One shard of an event, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u16);

/// A draw: 0 is everyone before the on-sale, k is the k-th arrival window after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Draw(pub u32);

impl Draw {
    /// Everyone who joined before the on-sale.
    pub const PRE_QUEUE: Draw = Draw(0);
}

/// Verified fans come before humans, humans before suspects, inside one draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Tier {
    /// Holds a fan pass signed by the origin.
    Verified = 0,
    /// Scored as a human.
    Human = 1,
    /// Scored as a likely bot; placed behind everybody else of the draw.
    Suspect = 2,
}

impl Tier {
    /// All tiers, in the order of their places.
    pub const ALL: [Tier; 3] = [Tier::Verified, Tier::Human, Tier::Suspect];

    /// 0, 1 or 2: also the index into per-tier arrays.
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

impl From<Tier> for u8 {
    fn from(tier: Tier) -> u8 {
        tier as u8
    }
}

impl TryFrom<u8> for Tier {
    type Error = IdentityError;
    fn try_from(value: u8) -> Result<Self, Self::Error> {
        Tier::ALL
            .get(usize::from(value))
            .copied()
            .ok_or(IdentityError("a tier is 0, 1 or 2"))
    }
}

/// How often a person has been given a ticket for an event, from 1. Only the newest is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(pub u32);

/// A place in the event's one line, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_has_both_its_limits() {
        assert!(EventId::parse(&"a".repeat(64)).is_ok());
        assert!(EventId::parse(&"a".repeat(65)).is_err());
        for text in ["", "-a", "A", "a b", "é", "a/b", "a_b"] {
            assert!(EventId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shards_are_a_power_of_two_up_to_1024() {
        for count in [1, 2, 64, 1024] {
            assert_eq!(ShardCount::new(count).map(ShardCount::get), Ok(count));
        }
        for count in [0, 3, 1023, 2048] {
            assert!(ShardCount::new(count).is_err(), "{count}");
        }
    }

    #[test]
    fn a_shard_is_the_first_bits_of_the_tag() {
        let mut tag = Tag([0xff; 16]);
        assert_eq!(tag.shard(ShardCount::new(1).unwrap()), Shard(0));
        assert_eq!(tag.shard(ShardCount::new(1024).unwrap()), Shard(1023));
        tag.0[0] = 0b1000_0000;
        assert_eq!(tag.shard(ShardCount::new(2).unwrap()), Shard(1));
        assert_eq!(tag.shard(ShardCount::new(64).unwrap()), Shard(32));
    }

    #[test]
    fn issuer_and_subject_cannot_run_into_each_other() {
        let key = EventKey(Bytes32([7; 32]));
        assert_ne!(Tag::of(&key, "ab", "c"), Tag::of(&key, "a", "bc"));
        assert_eq!(Tag::of(&key, "ab", "c"), Tag::of(&key, "ab", "c"));
    }
}
