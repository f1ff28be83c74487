//! What goes on at an instant, and what the edge knows of it.

use stanchion_shared::{
    epochs::Epochs, schedule::Stop, score::counts::ScoreCounts, snapshot::Snapshot, timestamp::UnixMillis,
};

use super::SimulatedOnSale;
use crate::{options::ON_SALE_TIME, polls::PollPhase};

/// The stop begins so long after the on-sale, in ms.
const OUTAGE_AFTER_MS: u64 = 15 * 60_000;
/// The pause begins so long after the on-sale, in ms.
const PAUSED_AFTER_MS: u64 = 20 * 60_000;

impl SimulatedOnSale<'_> {
    pub(super) fn stopped(&self, now: UnixMillis) -> bool {
        (OUTAGE_AFTER_MS..OUTAGE_AFTER_MS + self.setting.outage_ms).contains(&now.since(ON_SALE_TIME))
    }

    pub(super) fn pause(&self) -> Stop {
        let from = ON_SALE_TIME.plus(PAUSED_AFTER_MS);
        Stop {
            from_ms: from.0,
            to_ms: from.plus(self.setting.pause_ms).0,
        }
    }

    pub(super) fn paused(&self, now: UnixMillis) -> bool {
        let pause = self.pause();
        (pause.from_ms..pause.to_ms).contains(&now.0)
    }

    pub(super) fn phase(&self, now: UnixMillis) -> PollPhase {
        if now < ON_SALE_TIME {
            PollPhase::PreQueue
        } else if self.sold_out {
            PollPhase::SoldOut
        } else if self.paused(now) {
            PollPhase::Paused
        } else if self.stopped(now) {
            PollPhase::Stopped
        } else if self.turns.came == 0 {
            PollPhase::Drawing
        } else {
            PollPhase::OnSale
        }
    }

    pub(super) fn snapshot(&self, now: UnixMillis) -> Snapshot {
        Snapshot {
            frozen: None,
            missing: Vec::new(),
            meter: None,
            sessions: Default::default(),
            ended: Default::default(),
            at_once: None,
            as_of: now,
            event_id: self.setting.event_id.clone(),
            settings: self.setting.event.clone(),
            version: 1,
            commitment: self.draws.commitment(),
            joined: self.joined as u64,
            draws_closed: self.draws.counts.draws,
            last_closed: self.draws.last_closed,
            last_place: self.schedule.last_place(),
            in_second_line: self.draws.drawn().saturating_sub(self.schedule.last_place()),
            schedule: self.schedule.live_part(now, self.setting.event.shopping_ms),
            paused: self.paused(now),
            sold_out: self.sold_out,
            epochs: Epochs::default(),
            scores: ScoreCounts::default(),
            joins_per_second: 0,
        }
    }
}
