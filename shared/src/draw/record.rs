//! The public record of a closed draw: written once, the same for everybody, enough (with the shards' logs) to check it all.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    draw::{
        beacon::{self, BeaconFault, VerifiedRound},
        chain, digest,
        place::Numbered,
    },
    identity::{Bytes32, Draw, EventId, Shard, ShardCount, Tag, Tier},
    jose::{SigningKeys, VerifyingKeys},
    lives::{self, Life, ONLY_LIFE},
    policy::BeaconPolicy,
    timestamp::UnixMillis,
};

/// A drand round that went into the seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconRound {
    /// The first one whose time is at least `closed_at` + 3 s.
    pub round: u64,
    /// Its signature, hex.
    pub signature: String,
}

/// One tier of a draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierCounts {
    /// Which one.
    pub tier: Tier,
    /// The place that shuffled index 0 gets.
    pub first_place: u64,
    /// Tickets of this tier in all shards.
    pub count: u64,
    /// (shard, tickets) in ascending order, shards without tickets of this tier left out.
    pub shards: Vec<(Shard, u32)>,
}

/// What a draw's record says, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawRecord {
    /// The event.
    pub event_id: EventId,
    /// The draw; numbers of windows without tickets have no record.
    pub draw: Draw,
    /// From when a join could be in it.
    pub opened_at: UnixMillis,
    /// The scheduled boundary, not when the closing was done.
    pub closed_at: UnixMillis,
    /// First place of its best tier.
    pub first_place: u64,
    /// SHA-256 of the event's first secret.
    pub commitment: Bytes32,
    /// This draw's secret.
    pub secret: Bytes32,
    /// See [`digest::tickets_digest`].
    pub tickets_digest: Bytes32,
    /// Null where the event announced no beacon.
    pub beacon: Option<BeaconRound>,
    /// 32 bytes of the beacon's round; null without one.
    pub entropy: Option<Bytes32>,
    /// Tiers 0, 1, 2.
    pub tiers: [TierCounts; 3],
    /// SHA-256 of the canonical bytes of the record before it; zeros for the first.
    pub previous: Bytes32,
    /// Which life of which shard gave the numbers, by shard and then in order; a life without numbers here is left out.
    /// Empty, and absent in JSON, where stores cannot go back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lives: Vec<(Shard, Life)>,
}

/// A record as it is published: `GET /api/v1/events/{id}/draws/{k}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedRecord {
    /// What is signed.
    #[serde(flatten)]
    pub record: DrawRecord,
    /// Which key of the JWKS signed.
    pub kid: String,
    /// Ed25519 over [`DrawRecord::canonical_bytes`], base64url.
    pub signature: String,
}

/// What is wrong with a record. The first thing found is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// The key set does not verify it.
    #[error("the signature does not hold")]
    Signature,
    /// The secret does not hash to the commitment.
    #[error("the secret is not the one committed to")]
    Chain,
    /// The beacon is not the announced one's round for this draw.
    #[error("{0}")]
    Beacon(BeaconFault),
    /// First places, counts, shards or lives contradict each other.
    #[error("the counts do not add up")]
    Counts,
    /// It does not follow the record given as the one before.
    #[error("it does not follow the record before it")]
    Previous,
    /// The logs have other tickets than the digest or the counts say.
    #[error("the shards' logs do not match the record")]
    Logs,
}

impl DrawRecord {
    /// Puts the record of a draw together from what its shards said.
    ///
    /// # Panics
    /// As [`digest::tickets_digest`].
    #[must_use]
    pub fn close(draw: ClosingDraw<'_>, shards: ShardCount, frozen: &[digest::FrozenShard]) -> DrawRecord {
        let mut first_place = draw.first_place;
        let tiers = Tier::ALL.map(|tier| {
            let shards: Vec<_> = frozen
                .iter()
                .map(|one| (one.shard, one.counts[tier.index()]))
                .filter(|&(_, count)| count > 0)
                .collect();
            let count = shards.iter().map(|&(_, count)| u64::from(count)).sum();
            let counts = TierCounts {
                tier,
                first_place,
                count,
                shards,
            };
            first_place += count;
            counts
        });
        DrawRecord {
            event_id: draw.event_id.clone(),
            draw: draw.draw,
            opened_at: draw.opened_at,
            closed_at: draw.closed_at,
            first_place: draw.first_place,
            commitment: draw.commitment,
            secret: draw.secret,
            tickets_digest: digest::tickets_digest(shards, frozen),
            entropy: draw.beacon.as_ref().map(VerifiedRound::entropy),
            beacon: draw.beacon.map(|verified| verified.round().clone()),
            tiers,
            previous: draw.previous,
            lives: draw.lives,
        }
    }

    /// Whether this ticket is counted: its number is below the shard's count, and it was given by a life that the shard
    /// still knew when it was frozen. One that was lost has another ticket in its place, or nobody.
    #[must_use]
    pub fn gave(&self, epoch: u32, ticket: Numbered) -> bool {
        let mut lives = self.lives_of(ticket.shard);
        if self.lives.is_empty() {
            lives.push(Life {
                epoch: ONLY_LIFE,
                from: [0; 3],
            });
        }
        lives::gave(&lives, self.counts_of(ticket.shard), epoch, ticket)
    }

    fn lives_of(&self, shard: Shard) -> Vec<Life> {
        let of_shard = |&(one, life): &(Shard, Life)| (one == shard).then_some(life);
        self.lives.iter().filter_map(of_shard).collect()
    }

    fn counts_of(&self, shard: Shard) -> [u32; 3] {
        self.tiers.each_ref().map(|tier| {
            let position = tier.shards.binary_search_by_key(&shard, |&(one, _)| one);
            position.map_or(0, |position| tier.shards[position].1)
        })
    }

    /// Tickets of all tiers.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.tiers.iter().map(|tier| tier.count).sum()
    }

    /// The last place of this draw: the one before its first if nobody is in it.
    #[must_use]
    pub fn last_place(&self) -> u64 {
        self.first_place + self.count() - 1
    }

    /// The bytes that are signed and chained. Integers are little-endian, instants ms since 1970 as u64:
    ///
    /// ```text
    /// "stanchion/record/v1" 0x00
    /// length of event_id (u8)  event_id  draw (u32)  opened_at  closed_at  first_place (u64)
    /// commitment (32)  secret (32)  tickets_digest (32)
    /// 0x00, or 0x01 round (u64) length of signature (u16) signature in hex digits
    /// 0x00, or 0x01 entropy (32)
    /// per tier: tier (u8)  first_place (u64)  count (u64)  shards listed (u16)  per shard: shard (u16) count (u32)
    /// previous (32)
    /// nothing, or lives listed (u32)  per life: shard (u16)  epoch (u32)  from of tier 0, 1, 2 (u32 each)
    /// ```
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = b"stanchion/record/v1\0".to_vec();
        bytes.push(self.event_id.as_str().len() as u8);
        bytes.extend_from_slice(self.event_id.as_str().as_bytes());
        bytes.extend_from_slice(&self.draw.0.to_le_bytes());
        for number in [self.opened_at.0, self.closed_at.0, self.first_place] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for hash in [self.commitment, self.secret, self.tickets_digest] {
            bytes.extend_from_slice(&hash.0);
        }
        bytes.push(self.beacon.is_some().into());
        if let Some(beacon) = &self.beacon {
            bytes.extend_from_slice(&beacon.round.to_le_bytes());
            bytes.extend_from_slice(&(beacon.signature.len() as u16).to_le_bytes());
            bytes.extend_from_slice(beacon.signature.as_bytes());
        }
        bytes.push(self.entropy.is_some().into());
        bytes.extend_from_slice(self.entropy.as_ref().map_or(&[][..], |entropy| &entropy.0));
        for tier in &self.tiers {
            bytes.push(tier.tier.into());
            bytes.extend_from_slice(&tier.first_place.to_le_bytes());
            bytes.extend_from_slice(&tier.count.to_le_bytes());
            bytes.extend_from_slice(&(tier.shards.len() as u16).to_le_bytes());
            for (shard, count) in &tier.shards {
                bytes.extend_from_slice(&shard.0.to_le_bytes());
                bytes.extend_from_slice(&count.to_le_bytes());
            }
        }
        bytes.extend_from_slice(&self.previous.0);
        if !self.lives.is_empty() {
            bytes.extend_from_slice(&(self.lives.len() as u32).to_le_bytes());
        }
        for (shard, life) in &self.lives {
            bytes.extend_from_slice(&shard.0.to_le_bytes());
            for number in [life.epoch, life.from[0], life.from[1], life.from[2]] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        bytes
    }

    /// SHA-256 of the canonical bytes: the next record's `previous`.
    #[must_use]
    pub fn hash(&self) -> Bytes32 {
        Bytes32(Sha256::digest(self.canonical_bytes()).into())
    }

    /// Signs it.
    #[must_use]
    pub fn sign(self, keys: &SigningKeys) -> SignedRecord {
        let (kid, signature) = keys.sign(&self.canonical_bytes());
        SignedRecord {
            record: self,
            kid,
            signature,
        }
    }

    fn counts_add_up(&self) -> bool {
        let mut place = self.first_place;
        self.tiers.iter().zip(Tier::ALL).all(|(counts, tier)| {
            let starts_here = counts.first_place == place;
            place = place.saturating_add(counts.count);
            let sum: u64 = counts.shards.iter().map(|&(_, count)| u64::from(count)).sum();
            let ascending = counts.shards.windows(2).all(|pair| pair[0].0 < pair[1].0);
            starts_here && counts.tier == tier && sum == counts.count && ascending && self.first_place > 0
        })
    }

    /// Where lives are listed, they are listed for exactly the shards with tickets, by shard, and cover all numbers in order.
    fn lives_add_up(&self) -> bool {
        let listed = self.lives.iter().map(|&(shard, _)| shard).collect::<BTreeSet<_>>();
        let with_tickets = self
            .tiers
            .iter()
            .flat_map(|tier| tier.shards.iter().map(|&(shard, _)| shard));
        let by_shard = self.lives.is_sorted_by_key(|&(shard, _)| shard);
        let covers = |shard: &Shard| {
            let lives = self.lives_of(*shard);
            let ends = lives
                .iter()
                .skip(1)
                .map(|life| life.from)
                .chain([self.counts_of(*shard)]);
            let grows = |(life, until): (&Life, [u32; 3])| {
                life.from != until && life.from.iter().zip(until).all(|(from, until)| *from <= until)
            };
            lives.first().is_some_and(|first| first.from == [0; 3]) && lives.iter().zip(ends).all(grows)
        };
        self.lives.is_empty()
            || (by_shard && listed == with_tickets.collect::<BTreeSet<_>>() && listed.iter().all(covers))
    }

    /// Checks this record against the shards' public logs: shard by shard, in order, none left out that has tickets.
    ///
    /// # Errors
    /// [`RecordFault::Logs`].
    pub fn check_logs(&self, shards: ShardCount, logs: &[(Shard, Vec<(Tier, Tag)>)]) -> Result<(), RecordFault> {
        let mut frozen = Vec::with_capacity(logs.len());
        for (shard, log) in logs {
            let in_order = frozen
                .last()
                .is_none_or(|last: &digest::FrozenShard| last.shard < *shard);
            let belong = log.iter().all(|(_, tag)| tag.shard(shards) == *shard);
            if !in_order || !belong || shard.0 >= shards.get() {
                return Err(RecordFault::Logs);
            }
            let mut counts = [0; 3];
            log.iter().for_each(|(tier, _)| counts[tier.index()] += 1);
            let digest = log.iter().fold(digest::ShardDigest::EMPTY, |digest, &(tier, tag)| {
                digest.with(tier, tag)
            });
            frozen.push(digest::FrozenShard {
                shard: *shard,
                digest,
                counts,
            });
        }
        let counts_match = self.tiers.iter().all(|tier| {
            let listed = frozen
                .iter()
                .map(|one| (one.shard, one.counts[tier.tier.index()]))
                .filter(|one| one.1 > 0);
            listed.eq(tier.shards.iter().copied())
        });
        if counts_match && digest::tickets_digest(shards, &frozen) == self.tickets_digest {
            Ok(())
        } else {
            Err(RecordFault::Logs)
        }
    }
}

/// What is known of a draw that is being closed, apart from its tickets.
pub struct ClosingDraw<'a> {
    /// The event.
    pub event_id: &'a EventId,
    /// The draw.
    pub draw: Draw,
    /// See [`DrawRecord::opened_at`].
    pub opened_at: UnixMillis,
    /// See [`DrawRecord::closed_at`].
    pub closed_at: UnixMillis,
    /// One past the last place before it.
    pub first_place: u64,
    /// The event's.
    pub commitment: Bytes32,
    /// This draw's.
    pub secret: Bytes32,
    /// The round that the announced beacon has for it; `None` where none was announced.
    pub beacon: Option<VerifiedRound>,
    /// Hash of the record before it, or zeros.
    pub previous: Bytes32,
    /// See [`DrawRecord::lives`].
    pub lives: Vec<(Shard, Life)>,
}

impl SignedRecord {
    /// Checks all that the record alone can show: signature, secret, the `announced` beacon's round, sums, and that it
    /// follows `previous`.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(
        &self,
        keys: &VerifyingKeys,
        commitment: Bytes32,
        announced: Option<&BeaconPolicy>,
        previous: Option<&DrawRecord>,
    ) -> Result<(), RecordFault> {
        let record = &self.record;
        let bytes = record.canonical_bytes();
        keys.verify(&self.kid, &bytes, &self.signature)
            .map_err(|_| RecordFault::Signature)?;
        if record.commitment != commitment || !chain::proves(record.secret, record.draw, commitment) {
            return Err(RecordFault::Chain);
        }
        beacon::check(announced, record.closed_at, record.beacon.as_ref(), record.entropy)
            .map_err(RecordFault::Beacon)?;
        if !record.counts_add_up() || !record.lives_add_up() {
            return Err(RecordFault::Counts);
        }
        let expected = previous.map_or((Bytes32([0; 32]), 1), |previous| {
            (previous.hash(), previous.last_place() + 1)
        });
        let later = previous.is_none_or(|previous| previous.draw < record.draw && previous.event_id == record.event_id);
        if (record.previous, record.first_place) == expected && later {
            Ok(())
        } else {
            Err(RecordFault::Previous)
        }
    }
}
