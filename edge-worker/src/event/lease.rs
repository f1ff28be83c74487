//! Who keeps the curve going. A curve with a lease is flat once the lease is over, and that time counts against nobody: so
//! whatever keeps people out whose turn has come ends the lease, and is recorded as a stop when it is over.
//!
//! A pause is no such thing: it stops the curve, and whose turn has come goes on.

use stanchion_shared::{
    identity::Place,
    policy::{HEALTH_EVERY_MS, HEALTH_LEASE_MS, gate::Mode},
    schedule::EFFECT_DELAY_MS,
    timestamp::UnixMillis,
    wire::{FIXED_BEFORE_ON_SALE_MS, PutEvent},
};

use super::{Event, Joined};

/// Who renews the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// The origin, with each release.
    Origin,
    /// A site of somebody else's, by answering when it is asked for its health. Its lease begins when it does not answer.
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
        let after = Keeper::of(&self.put.put);
        if after != before {
            self.pulse.site_well_at = None;
        }
        match after {
            after if after == before => {}
            Keeper::Closed => self.schedule.end_lease(now),
            Keeper::Nobody => self.schedule.go_on(now),
            // It speaks within a second, if it is there, and a site is asked at once: until then the stop goes on.
            Keeper::Origin | Keeper::Site => {}
        }
        self.pulse.lease_until = self.schedule.lease_until();
    }

    /// From when on the site is to be asked for its health; `None` while it is not: nobody is let in before the on-sale, so it
    /// is left alone until shortly before, and it is left alone while nobody could be let in or be in.
    pub(crate) fn ask_site_at(&self, joined: Joined, now: UnixMillis) -> Option<UnixMillis> {
        if Keeper::of(&self.put.put) != Keeper::Site || (joined == Joined::Nobody && self.all_are_out(now)) {
            return None;
        }
        let first = self.put.put.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS);
        let well_at = self.pulse.site_well_at;
        Some(well_at.map_or(first, |at| first.max(at.plus(HEALTH_EVERY_MS))))
    }

    /// Whether of all who were drawn nobody waits, has a turn, or can still be in the shop.
    fn all_are_out(&self, now: UnixMillis) -> bool {
        let last = Place(self.progress.last_place);
        if last == Place(0) || self.schedule.long_past(last) {
            return true;
        }
        let Some(turn_at) = self.schedule.turn_at(last) else {
            return false;
        };
        let turn_over = self.schedule.claim_before(turn_at, now);
        now >= self.schedule.end_of(turn_over, self.put.longest_shopping_ms, now)
    }

    /// The path at which the site says how it is, if it is to be asked at `now`.
    pub(crate) fn site_to_ask(&self, joined: Joined, now: UnixMillis) -> Option<&str> {
        let release = self.put.put.policy.release.as_ref()?;
        release
            .health_path
            .as_deref()
            .filter(|_| self.ask_site_at(joined, now).is_some_and(|at| at <= now))
    }

    /// The site was asked, and was well or not. A site that is well has no lease, for nobody may be there to ask it again: that
    /// nobody asks is no stop. The first failure begins one that ends when it would have, had it begun when the site was last
    /// well.
    pub(crate) fn site_answered(&mut self, is_well: bool, now: UnixMillis) {
        // A put may have come meanwhile.
        if Keeper::of(&self.put.put) != Keeper::Site {
            return;
        }
        if is_well {
            self.schedule.go_on(now);
            self.pulse.site_well_at = Some(now);
        } else if self.schedule.lease_until().is_none() {
            let well_until = self.pulse.site_well_at.map(|at| at.plus(HEALTH_LEASE_MS));
            let reached_by = now.plus(EFFECT_DELAY_MS);
            let left_ms = well_until.map_or(0, |until| until.since(reached_by));
            self.schedule.end_lease(now.plus(left_ms));
        }
        self.pulse.lease_until = self.schedule.lease_until();
    }
}

#[cfg(test)]
mod tests;
