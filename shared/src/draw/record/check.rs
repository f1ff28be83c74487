//! What anybody can find wrong with a record: by itself, after the one before it, and against its logs.

use std::collections::BTreeSet;

use super::{DrawRecord, SignedRecord};
use crate::{
    draw::{
        announcement::Announcement,
        beacon::{self, BeaconFault},
        chain, digest,
    },
    identity::{Bytes32, Shard, ShardCount, Tag, Tier},
    jose::VerifyingKeys,
    lives::Life,
};

/// What is wrong with a record. The first thing found is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// The key set does not verify it.
    #[error("the signature does not hold")]
    Signature,
    /// The secret does not hash to the commitment.
    #[error("the secret is not the one committed to")]
    Chain,
    /// It opened or closed at other instants than its window: they choose the beacon's round.
    #[error("its times are not those of its arrival window")]
    Times,
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

impl SignedRecord {
    /// Checks all that the record alone can show: signature, secret, times and beacon's round as `announced`, sums, and that
    /// it follows `previous`.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(
        &self,
        keys: &VerifyingKeys,
        announced: &Announcement,
        previous: Option<&DrawRecord>,
    ) -> Result<(), RecordFault> {
        let record = &self.record;
        let bytes = record.canonical_bytes();
        keys.verify(&self.kid, &bytes, &self.signature)
            .map_err(|_| RecordFault::Signature)?;
        let commitment = announced.commitment;
        if record.commitment != commitment || !chain::proves(record.secret, record.draw, commitment) {
            return Err(RecordFault::Chain);
        }
        // Before the beacon: a round is right only for the right close.
        if !announced
            .windows()
            .are_times_of(record.draw, record.opened_at, record.closed_at)
        {
            return Err(RecordFault::Times);
        }
        beacon::check(
            announced.beacon.as_ref(),
            record.closed_at,
            record.beacon.as_ref(),
            record.entropy,
        )
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
