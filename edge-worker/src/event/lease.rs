//! Who keeps the curve going. A curve with a lease is flat once the lease is over, and that time counts against nobody: so
//! whatever keeps people out whose turn has come ends the lease, and is recorded as a stop when it is over.
//!
//! A pause is no such thing: it stops the curve, and whose turn has come goes on.

use stanchion_shared::{
    policy::{HEALTH_EVERY_MS, HEALTH_LEASE_MS, gate::Mode},
    timestamp::UnixMillis,
    wire::{FIXED_BEFORE_ON_SALE_MS, PutEvent},
};

use super::Event;

/// Who renews the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// The origin, with each release.
    Origin,
    /// A site of somebody else's, by answering when it is asked for its health.
    Site,
    /// Nobody has to: there is no lease.
    Nobody,
    /// Nobody can: the gate is closed for everybody.
    Closed,
}

impl Keeper {
    pub(super) fn of(put: &PutEvent) -> Keeper {
        match (put.policy.gate.mode, &put.policy.release) {
            (Mode::Reject, _) => Keeper::Closed,
            (_, Some(release)) if release.health_path.is_some() => Keeper::Site,
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
            // It speaks within a second, if it is there, and a site is asked at once: until then the stop goes on.
            Keeper::Origin | Keeper::Site => {}
        }
        self.pulse.lease_until = self.schedule.lease_until();
    }

    /// From when on the site is to be asked for its health; `None` where it is not asked. Nobody is let in before the on-sale,
    /// so it is left alone until shortly before. When it was last well follows from the lease: nothing else is kept.
    pub(crate) fn ask_site_at(&self) -> Option<UnixMillis> {
        if Keeper::of(&self.put.put) != Keeper::Site {
            return None;
        }
        let first = self.put.put.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS);
        let last_well = self.schedule.lease_until().map(|until| until.minus(HEALTH_LEASE_MS));
        Some(last_well.map_or(first, |at| first.max(at.plus(HEALTH_EVERY_MS))))
    }

    /// The path at which the site says how it is, if it is to be asked at `now`.
    pub(crate) fn site_to_ask(&self, now: UnixMillis) -> Option<&str> {
        let release = self.put.put.policy.release.as_ref()?;
        release
            .health_path
            .as_deref()
            .filter(|_| self.ask_site_at().is_some_and(|at| at <= now))
    }

    /// The site was asked, and was well or not. A lease that it had goes on until it ends; without one the first failure is
    /// the stop.
    pub(crate) fn site_answered(&mut self, is_well: bool, now: UnixMillis) {
        // A put may have come meanwhile.
        if Keeper::of(&self.put.put) != Keeper::Site {
            return;
        }
        if is_well {
            self.schedule.renew(HEALTH_LEASE_MS, now);
        } else if self.schedule.lease_until().is_none() {
            self.schedule.end_lease(now);
        }
        self.pulse.lease_until = self.schedule.lease_until();
    }
}

#[cfg(test)]
mod tests;
