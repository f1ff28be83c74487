//! A person leaves: the ticket is given up, and the session is over.

use stanchion_shared::timestamp::UnixMillis;

use super::{Person, PersonChange, newest};
use crate::platform::{Leave, LeaveOutcome};

/// Gives a ticket up, and ends its session. A person whom the shard does not know has none.
pub(crate) fn leave(known: Option<&Person>, leave: &Leave, now: UnixMillis) -> PersonChange<LeaveOutcome> {
    PersonChange::of(known, LeaveOutcome::Dead, |person| person.leave(leave, now))
}

impl Person {
    /// Gives the ticket up. A session that it opened is over.
    pub(super) fn leave(&mut self, leave: &Leave, now: UnixMillis) -> LeaveOutcome {
        let Some(held) = newest(&mut self.held, leave.epoch, leave.serial) else {
            return LeaveOutcome::Dead;
        };
        held.waits_for_slot = false;
        // Who leaves is out, however the session began.
        if let Some(window) = self.newest_window() {
            window.end(now);
        }
        self.left = true;
        LeaveOutcome::Left
    }
}
