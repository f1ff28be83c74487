//! A person who needs no turn: nobody waits, and a slot is free.

use stanchion_shared::timestamp::UnixMillis;

use super::{Person, Slot, token_until};
use crate::platform::{ShoppingWindow, WalkIn, WalkInOutcome};

impl Person {
    /// Finds the window that runs, or opens one.
    pub(super) fn walk_in(&mut self, walk_in: &WalkIn, slot: Slot, now: UnixMillis) -> WalkInOutcome {
        let runs = |window: &&mut ShoppingWindow| window.ended_at.is_none() && now < window.over_at();
        if let Some(window) = self.newest_window().filter(runs) {
            window.use_at(now, walk_in.idle_ms);
            return WalkInOutcome::Window(window.clone());
        }
        if self.waits_with_ticket(walk_in) || self.is_kept_out(now) {
            return WalkInOutcome::HasToQueue;
        }
        if slot == Slot::None {
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

    /// Whether the person holds a ticket that may still have its turn.
    fn waits_with_ticket(&self, walk_in: &WalkIn) -> bool {
        let waits = |held: &crate::platform::HeldTicket| {
            !self.left && held.claimed.is_none() && walk_in.over != Some(held.serial)
        };
        self.held.as_ref().is_some_and(waits)
    }

    /// Whether the person was refused, or a shop token of theirs may still be good somewhere.
    fn is_kept_out(&self, now: UnixMillis) -> bool {
        let token_until = self.window().map(token_until).unwrap_or_default();
        now < self.refused_until.max(self.busy_until).max(token_until)
    }
}
