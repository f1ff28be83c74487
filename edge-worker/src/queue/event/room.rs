//! How much room an event has, where its sessions need slots.

use stanchion_shared::{
    epochs::Epochs,
    meter::ON_THEIR_WAY_MS,
    policy::gate::GateMode,
    room::{Room, called_ahead},
    schedule::Rate,
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
        let waiting = waiting(&snapshot, now);
        let is_open = snapshot.phase_of_line(now) == Phase::OnSale && reported.wait_for_slot == 0;
        let without_turn = match is_open {
            true => most.saturating_sub(waiting),
            false => 0,
        };
        // Those who are called take their part of the rate.
        let called = match waiting == 0 && open_tickets == OpenTickets::None {
            true => Rate::ZERO,
            false => self.schedule.rate(now),
        };
        let release = self.settings.policy.release.as_ref();
        Room {
            with_turn: snapshot.turns_need_slots().then_some(most),
            without_turn,
            // What the origin does not sell is no room, and its rate says so.
            most_per_second: match release {
                Some(release) => {
                    Rate::from_milli(release.limits().most_per_second.milli().saturating_sub(called.milli()))
                }
                None => self.schedule.rate(now),
            },
        }
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

/// Fans for whom room is kept: those who have joined and are not drawn or not called, those of the
/// second line among them, and those who were called and may not be in yet. What shards have not
/// reported is up to some seconds old.
fn waiting(snapshot: &Snapshot, now: UnixMillis) -> u64 {
    snapshot
        .joined
        .saturating_sub(snapshot.called(now.minus(ON_THEIR_WAY_MS)))
}

#[cfg(test)]
mod tests;
