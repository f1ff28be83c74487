//! Names and numbers of events, people, shards, draws, tiers and places.
//!
//! Each value is parsed once, at the boundary, so that the code inside handles only valid ones.

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::Sha256;

/// The id of an event, as used in URLs: 1 to 64 characters of `a-z`, `0-9` and `-`. The first one
/// is a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EventId(String);

impl EventId {
    /// Longest event id in bytes. Every queue ticket carries the id.
    pub const MAX_LENGTH: usize = 64;

    /// # Errors
    /// The text is not of that form.
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

/// The error of parsing a value. Its sentence says what the value must be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct IdentityError(pub &'static str);

/// A value of 32 bytes: a digest, seed, secret or key. In JSON it is lower-case hex.
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

/// The key from which the tags of an event are computed, one per event. The edge makes it and never
/// shows it, so a public log does not reveal who joined.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventKey(pub Bytes32);

/// The pseudonym of a person within one event: the first 16 bytes of HMAC-SHA-256(event key, issuer
/// || 0x00 || subject). In JSON it is hex.
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

    /// The shard to which the person belongs: the first log2 N bits of the tag, where N is the
    /// number of shards.
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

/// The number of shards of an event: a power of two from 1 to 1,024.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ShardCount(u16);

impl ShardCount {
    /// Most shards of an event. Enough for some 200,000 joins a second on Durable Objects, see
    /// `docs/operating/arithmetic.md`.
    pub const MAX: u16 = 1024;
    /// Used unless an event asks for another number.
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

/// One shard of an event, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shard(pub u16);

/// The number of a draw. Draw 0 is for everyone who joined before the on-sale, draw k for the k-th
/// arrival window after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Draw(pub u32);

impl Draw {
    /// The draw of everyone who joined before the on-sale.
    pub const PRE_QUEUE: Draw = Draw(0);
}

/// The rank: verified fans are placed before the humans of their draw, and suspects in a line of
/// their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Tier {
    /// Holds a fan pass signed by the origin.
    Verified = 0,
    /// Scored as a human.
    Human = 1,
    /// Scored as a likely bot. In the second line: behind everybody else who waits, of any draw.
    Suspect = 2,
}

impl Tier {
    /// All tiers, in the order of their places.
    pub const ALL: [Tier; 3] = [Tier::Verified, Tier::Human, Tier::Suspect];

    /// The number 0, 1 or 2. It is also the index into per-tier arrays.
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

/// The number of a queue ticket, unique within its draw. The draw's record turns it into a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketNumber {
    /// Its tier.
    pub tier: Tier,
    /// The shard that issued it.
    pub shard: Shard,
    /// From 0 within draw, tier and shard.
    pub number: u32,
}

/// How many queue tickets a person has had for an event, counted from 1. Only the newest is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Serial(pub u32);

/// A place in a line of the event, counted from 1: mostly in the one that the curve serves, see
/// [`crate::draw::record::Line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Place(pub u64);

#[cfg(test)]
mod tests;
