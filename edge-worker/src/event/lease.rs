//! Who keeps the curve going. A curve with a lease is flat once the lease is over, and that time counts against nobody: so
//! whatever keeps people out whose turn has come ends the lease, and is recorded as a stop when it is over.
//!
//! A pause is no such thing: it stops the curve, and whose turn has come goes on.

use stanchion_shared::{policy::gate::Mode, timestamp::UnixMillis, wire::PutEvent};

use super::Event;

/// Who renews the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// The origin, with each release.
    Origin,
    /// Nobody has to: there is no lease.
    Nobody,
    /// Nobody can: the gate is closed for everybody.
    Closed,
}

impl Keeper {
    pub(super) fn of(put: &PutEvent) -> Keeper {
        match (put.policy.gate.mode, &put.policy.release) {
            (Mode::Reject, _) => Keeper::Closed,
            (_, Some(_)) => Keeper::Nobody,
            (_, None) => Keeper::Origin,
        }
    }
}

impl Event {
    /// After a put: whoever kept the lease `before` may not be who keeps it now.
    pub(super) fn hand_lease_over(&mut self, before: Keeper, now: UnixMillis) {
        match Keeper::of(&self.put.put) {
            after if after == before => {}
            Keeper::Closed => self.schedule.end_lease(now),
            Keeper::Nobody => self.schedule.go_on(now),
            // It speaks within a second, if it is there: until then the stop goes on.
            Keeper::Origin => {}
        }
        self.pulse.lease_until = self.schedule.lease_until();
    }
}

#[cfg(test)]
mod tests;
