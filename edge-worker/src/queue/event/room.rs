//! How much room an event has, where its sessions need slots.

use stanchion_shared::{
    epochs::Epochs,
    meter::ON_THEIR_WAY_MS,
    policy::gate::GateMode,
    room::{Room, called_ahead},
    snapshot::{Phase, Snapshot},
    timestamp::UnixMillis,
};

use super::{EventState, OpenTickets};
use crate::queue::shard_reports::ReportTotals;

impl EventState {
    /// The room at `now`. Sessions and slots that are taken are not subtracted.
    pub(crate) fn room(&self, open_tickets: OpenTickets, reported: &ReportTotals, now: UnixMillis) -> Room {
        let snapshot = self.snapshot(reported.clone(), Epochs::default(), now);
        let Some(most) = snapshot.slots().map(u64::from) else {
            // A put may have come while a shard asked.
            return Room {
                with_turn: None,
                ..Room::NONE
            };
        };
        let without_turn = match open_tickets == OpenTickets::None && reported.wait_for_slot == 0 {
            true => most.saturating_sub(self.wait_or_come(&snapshot, now).unwrap_or(most)),
            false => 0,
        };
        let release = self.settings.policy.release.as_ref();
        Room {
            with_turn: snapshot.turns_need_slots().then_some(most),
            without_turn,
            // What the origin does not sell is no room, and its rate says so.
            most_per_second: release.map_or(self.schedule.rate(now), |release| release.limits().most_per_second),
        }
    }

    /// Fans who were called and may not be in yet; `None` if somebody waits to be called, or nobody is
    /// let in.
    fn wait_or_come(&self, snapshot: &Snapshot, now: UnixMillis) -> Option<u64> {
        let last_place = self.progress.last_place;
        let is_open = snapshot.phase(now) == Phase::OnSale && self.schedule.served(now) >= last_place;
        is_open.then(|| last_place.saturating_sub(snapshot.called(now.minus(ON_THEIR_WAY_MS))))
    }

    /// Fans that a protected site calls beyond its room.
    pub(super) fn called_ahead(&self) -> u32 {
        let policy = &self.settings.policy;
        match &policy.release {
            Some(release) if policy.gate.mode == GateMode::WhenBusy => called_ahead(release.at_once),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests;
