//! Checks of a record: by itself, against the record before it, and against the logs of the shards.

use std::collections::BTreeSet;

use super::{DrawRecord, SignedRecord};
use crate::{
    draw::{
        announcement::Announcement,
        beacon::{self, BeaconFault},
        chain::KnownSecret,
        digest,
    },
    epochs::EpochStart,
    ids::{Bytes32, Shard, ShardCount, Tag, Tier},
    jose::VerifyingKeys,
    policy::Pinned,
};

/// What is wrong with a record: the first fault found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// The signature does not match.
    #[error("the signature does not hold")]
    Signature,
    /// The secret does not hash to the commitment.
    #[error("the secret is not the one committed to")]
    Chain,
    /// It opened or closed at other instants than its window. These instants choose the round of
    /// the beacon.
    #[error("its times are not those of its arrival window")]
    Times,
    /// The beacon round is wrong.
    #[error("{0}")]
    Beacon(BeaconFault),
    /// First places, counts, shards, epochs, missing shards or carried tickets contradict each
    /// other.
    #[error("the counts do not add up")]
    Counts,
    /// It does not continue the record before it.
    #[error("it does not follow the record before it")]
    Previous,
    /// The logs contain other tickets than the digest or the counts say.
    #[error("the shards' logs do not match the record")]
    Logs,
}

impl DrawRecord {
    fn counts_add_up(&self) -> bool {
        let mut place = self.first_place;
        self.tiers.iter().zip(Tier::ALL).all(|(counts, tier)| {
            let starts_here = match (tier, self.second_line) {
                (Tier::Suspect, Some(line)) => counts.first_place == line.before.saturating_add(1),
                _ => counts.first_place == place,
            };
            place = place.saturating_add(counts.count);
            let sum: u64 = counts.shards.iter().map(|&(_, count)| u64::from(count)).sum();
            let ascending = counts.shards.windows(2).all(|pair| pair[0].0 < pair[1].0);
            starts_here && counts.tier == tier && sum == counts.count && ascending && self.first_place > 0
        })
    }

    /// If epochs are listed, they are listed by shard for exactly the shards with tickets, and
    /// cover all numbers in order.
    fn epochs_add_up(&self) -> bool {
        let listed = self.epochs.iter().map(|&(shard, _)| shard).collect::<BTreeSet<_>>();
        let with_tickets = self
            .tiers
            .iter()
            .flat_map(|tier| tier.shards.iter().map(|&(shard, _)| shard));
        let by_shard = self.epochs.is_sorted_by_key(|&(shard, _)| shard);
        let covers = |shard: &Shard| {
            let epochs = self.epochs_of(*shard);
            let ends = epochs
                .iter()
                .skip(1)
                .map(|start| start.from)
                .chain([self.counts_of(*shard)]);
            let grows = |(start, until): (&EpochStart, [u32; 3])| {
                start.from != until && start.from.iter().zip(until).all(|(from, until)| *from <= until)
            };
            epochs.first().is_some_and(|first| first.from == [0; 3]) && epochs.iter().zip(ends).all(grows)
        };
        self.epochs.is_empty()
            || (by_shard && listed == with_tickets.collect::<BTreeSet<_>>() && listed.iter().all(covers))
    }

    /// From which instant the round of the beacon follows. Only a draw with missing shards may name
    /// a later one than its close: these shards' entries were a choice until then.
    fn pinned(&self) -> Result<Pinned, RecordFault> {
        if self.pinned_at.is_some() && self.missing.is_empty() {
            return Err(RecordFault::Times);
        }
        Ok(Pinned {
            closed_at: self.closed_at,
            late_at: self.pinned_at,
        })
    }

    /// Checks this record against the public logs of the shards. `logs` must be in ascending order
    /// and contain every shard that has tickets.
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
    /// Checks all that the record alone can show: the signature, the secret, the times and the
    /// beacon round as `announced`, the sums, and that it continues `previous`. The secret is checked
    /// from the one of `previous`, so `previous` must have passed this check itself.
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
        let known = match previous {
            Some(previous) if previous.draw < record.draw => KnownSecret::checked(previous.secret, previous.draw),
            _ => KnownSecret::commitment(announced.commitment),
        };
        if record.commitment != announced.commitment || !known.proves(record.secret, record.draw) {
            return Err(RecordFault::Chain);
        }
        // The times come before the beacon, because a round is right only for the right close.
        if !announced
            .windows()
            .match_times(record.draw, record.opened_at, record.closed_at)
        {
            return Err(RecordFault::Times);
        }
        beacon::check(
            announced.beacon.as_ref(),
            record.pinned()?,
            record.beacon.as_ref(),
            record.entropy,
        )
        .map_err(RecordFault::Beacon)?;
        if !record.counts_add_up() || !record.epochs_add_up() || !record.silence_adds_up(announced.shards) {
            return Err(RecordFault::Counts);
        }
        let hash = previous.map_or(Bytes32([0; 32]), DrawRecord::hash);
        let later = previous.is_none_or(|previous| previous.draw < record.draw && previous.event_id == record.event_id);
        if record.previous == hash && later && record.continues_lines_of(previous) {
            Ok(())
        } else {
            Err(RecordFault::Previous)
        }
    }
}
