//! A person who needs no turn: there is room, and a slot is free.

use stanchion_shared::{ids::Tier, timestamp::UnixMillis};

use super::{Person, PersonChange, Slot, token_until};
use crate::platform::{HeldTicket, ShoppingWindow, WalkIn, WalkInOutcome};

/// Finds the shopping window of a person, or opens one without a turn. It needs a slot always.
pub(crate) fn walk_in(
    known: Option<&Person>,
    walk_in: &WalkIn,
    slot: Slot,
    now: UnixMillis,
) -> PersonChange<WalkInOutcome> {
    let stranger = Person::default();
    let before = known.unwrap_or(&stranger);
    let mut change = PersonChange::of(Some(before), WalkInOutcome::Full, |person| {
        person.walk_in(walk_in, slot, now)
    });
    change.changed = change.changed.filter(|person| Some(person) != known);
    change
}

impl Person {
    /// Finds the session that runs, or opens one. One that is idle goes on, if there is a slot for
    /// it.
    pub(super) fn walk_in(&mut self, walk_in: &WalkIn, slot: Slot, now: UnixMillis) -> WalkInOutcome {
        let goes_on = |window: &&mut ShoppingWindow| {
            window.runs(now) || (window.walked_in && window.is_idle(now) && slot == Slot::Given)
        };
        if let Some(window) = self.newest_window().filter(goes_on) {
            window.use_at(now, walk_in.idle_ms);
            return WalkInOutcome::Window(window.clone());
        }
        if !walk_in.only_if_in && self.has_to_queue(walk_in, now) {
            return WalkInOutcome::HasToQueue;
        }
        if walk_in.only_if_in || slot == Slot::None {
            return WalkInOutcome::Full;
        }
        let mut window = ShoppingWindow {
            session: walk_in.session.clone(),
            claimed_at: now,
            ends_at: now.plus(walk_in.shopping_ms),
            ended_at: None,
            idle_at: None,
            walked_in: true,
        };
        window.use_at(now, walk_in.idle_ms);
        self.walked_in = Some(window.clone());
        WalkInOutcome::Window(window)
    }

    /// Whether the person is a suspect, holds a ticket that may still have its turn, was refused, or has
    /// a shop token that may still be good somewhere.
    fn has_to_queue(&self, walk_in: &WalkIn, now: UnixMillis) -> bool {
        let waits = |held: &HeldTicket| {
            !self.left && held.claimed.is_none() && (held.waits_for_slot || walk_in.over != Some(held.serial))
        };
        let is_suspect = walk_in.tier != Tier::Verified && self.worst_tier.max(walk_in.tier) == Tier::Suspect;
        // An idle session goes on and needs no other one.
        let last = self
            .window()
            .filter(|window| !(window.walked_in && window.is_idle(now)));
        let token_until = last.map(token_until).unwrap_or_default();
        is_suspect
            || self.held.as_ref().is_some_and(waits)
            || now < self.refused_until.max(self.busy_until).max(token_until)
    }
}
