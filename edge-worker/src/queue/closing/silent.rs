//! Shards that are silent when a draw is to be closed. Each has a deadline. Whoever misses it is
//! entered as it last reported; that is on disk before anything follows from it, and never taken
//! back, whatever the shard says later. What it numbered after the report is in a later draw, see
//! [`crate::queue::shard_tickets`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::record::SilentShards,
    ids::{Draw, Shard},
    policy::Pinned,
    snapshot::MissingShard,
    timestamp::UnixMillis,
};

use crate::queue::{
    event::EventState,
    shard_reports::ShardReport,
    shard_tickets::{EnteredDraw, ShardTickets},
};

/// Shards may answer until this long after a draw has closed, in ms; or after its closing began, if
/// that was later. It is less than [`stanchion_shared::policy::FREEZE_MS`], so that what is entered
/// is fixed before the round of a beacon is out.
pub(crate) const FREEZE_DEADLINE_MS: u64 = 2_000;

/// A draw that is closed without the answer of a shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MissedDraw {
    pub(crate) draw: Draw,
    /// The shard as it is entered: as it last reported.
    pub(crate) entered: ShardTickets,
    pub(crate) decided_at: UnixMillis,
    /// When the shard last reported; `None`: it never did.
    pub(crate) heard_at: Option<UnixMillis>,
}

impl MissedDraw {
    pub(crate) fn shard(&self) -> Shard {
        self.entered.frozen.shard
    }
}

impl EventState {
    /// Until when shards may answer for a draw.
    pub(crate) fn freeze_deadline(&self, draw: Draw) -> UnixMillis {
        let began = self.closed_at(draw).max(self.progress.closing_since);
        began.plus(FREEZE_DEADLINE_MS)
    }

    /// Enters the `silent` shards of draws whose deadline has passed at `now`, and returns what is
    /// new: each as its last report says. A draw whose tickets are public already is not changed: on a
    /// runtime where several close at once, another one heard the shard.
    pub(crate) fn enter_silent(
        &mut self,
        silent: &[(Draw, Shard)],
        reports: &BTreeMap<Shard, ShardReport>,
        now: UnixMillis,
    ) -> Vec<MissedDraw> {
        let mut new = Vec::new();
        for &(draw, shard) in silent {
            let is_noted = Some(draw) <= self.progress.frozen_through;
            if is_noted || now < self.freeze_deadline(draw) || self.entry_of(draw, shard).is_some() {
                continue;
            }
            let report = reports.get(&shard);
            let reported = report.and_then(|report| report.draws.iter().find(|one| one.draw == draw));
            new.push(MissedDraw {
                draw,
                entered: reported.map_or_else(|| ShardTickets::none(shard), |one| one.tickets.clone()),
                decided_at: now,
                heard_at: report.map(|report| report.heard_at),
            });
        }
        self.progress.missed.extend(new.iter().cloned());
        self.progress.missed.sort_by_key(|missed| (missed.draw, missed.shard()));
        new
    }

    /// How a silent shard is entered in a draw; `None` if it is not.
    pub(crate) fn entry_of(&self, draw: Draw, shard: Shard) -> Option<&ShardTickets> {
        let missed = self.missed_in(draw).find(|missed| missed.shard() == shard);
        missed.map(|missed| &missed.entered)
    }

    /// The shards that are entered in a draw without an answer, in ascending order.
    pub(crate) fn missed_in(&self, draw: Draw) -> impl Iterator<Item = &MissedDraw> {
        self.progress.missed.iter().filter(move |missed| missed.draw == draw)
    }

    /// From which instant the round of a draw follows, where a beacon was announced: from its close,
    /// or from the decision on silent shards if that was too late for the round.
    pub(crate) fn pinned(&self, draw: Draw) -> Pinned {
        let closed_at = self.closed_at(draw);
        let decided_at = self.missed_in(draw).map(|missed| missed.decided_at).max();
        let beacon = self.settings.policy.beacon.as_ref();
        let late_at = decided_at.filter(|&at| beacon.is_some_and(|beacon| beacon.is_late(closed_at, at)));
        Pinned { closed_at, late_at }
    }

    /// What the record of a draw with these shards says of silent ones.
    pub(super) fn silent_shards(&self, draw: Draw, shards: &[ShardTickets]) -> SilentShards {
        SilentShards {
            missing: self.missed_in(draw).map(MissedDraw::shard).collect(),
            carried: shards.iter().flat_map(|shard| shard.carried.iter().copied()).collect(),
            pinned_at: self.pinned(draw).late_at,
        }
    }

    /// What silent shards have to learn of closed draws, by shard.
    pub(crate) fn unsettled(&self) -> BTreeMap<Shard, Vec<EnteredDraw>> {
        let mut all = BTreeMap::<Shard, Vec<EnteredDraw>>::new();
        for missed in &self.progress.missed {
            if Some(missed.draw) <= self.progress.closed_through {
                all.entry(missed.shard()).or_default().push(EnteredDraw {
                    draw: missed.draw,
                    counts: missed.entered.frozen.counts,
                });
            }
        }
        all
    }

    /// A shard is back: it knows how these draws were closed, and what they left over has a draw. If
    /// nobody of the first line was left over, the second line moves up.
    pub(crate) fn settled(&mut self, shard: Shard, draws: &[EnteredDraw], now: UnixMillis) {
        let knows = |missed: &MissedDraw| missed.shard() == shard && draws.iter().any(|one| one.draw == missed.draw);
        self.progress.missed.retain(|missed| !knows(missed));
        self.move_up(now);
    }

    /// The shards that are silent, and since when.
    pub(crate) fn missing_shards(&self) -> Vec<MissingShard> {
        let mut all = BTreeMap::new();
        for missed in &self.progress.missed {
            let since = missed.heard_at.unwrap_or_else(|| self.closed_at(missed.draw));
            let earliest = all.entry(missed.shard()).or_insert(since);
            *earliest = since.min(*earliest);
        }
        all.into_iter()
            .map(|(shard, since)| MissingShard { shard, since })
            .collect()
    }
}
