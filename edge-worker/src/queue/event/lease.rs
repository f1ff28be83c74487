//! The lease keeps the curve going. A curve with a lease is flat once the lease is over, and that
//! time counts against nobody. So anything that keeps fans out although their turn has come ends
//! the lease, and is recorded as a stop when it is over.
//!
//! A pause is different: it stops the curve, and fans whose turn has come go on.

use stanchion_shared::{
    event_settings::{EventSettings, FIXED_BEFORE_ON_SALE_MS},
    ids::Place,
    policy::{HEALTH_EVERY_MS, HEALTH_LEASE_MS, gate::GateMode},
    schedule::{EFFECT_DELAY_MS, LEASE_MS},
    timestamp::UnixMillis,
};

use super::{EventState, OpenTickets};

/// The one that renews the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseHolder {
    /// The origin, with each release.
    Origin,
    /// A protected site, by answering when it is asked for its health. Its lease begins when it
    /// does not answer.
    Site,
    /// The coordinator, each time that it meters a protected site. A site that says that it is not
    /// well ends the lease.
    Meter,
    /// Nobody has to: there is no lease.
    Nobody,
    /// Nobody can: the gate is closed for everybody.
    Closed,
}

impl LeaseHolder {
    pub(super) fn of(settings: &EventSettings) -> LeaseHolder {
        match (settings.policy.gate.mode, &settings.policy.release) {
            (GateMode::Reject, _) => LeaseHolder::Closed,
            (_, Some(release)) if release.meter => LeaseHolder::Meter,
            (_, Some(release)) if release.health_path.is_some() => LeaseHolder::Site,
            (_, Some(_)) => LeaseHolder::Nobody,
            (_, None) => LeaseHolder::Origin,
        }
    }
}

impl EventState {
    /// After a put: the holder of the lease may be another one than `before`.
    pub(super) fn hand_lease_over(&mut self, before: LeaseHolder, now: UnixMillis) {
        let after = LeaseHolder::of(&self.settings);
        if after != before {
            self.live.site_well_at = None;
            self.live.site_is_ill = false;
        }
        match after {
            after if after == before => {}
            LeaseHolder::Closed => self.schedule.end_lease(now),
            LeaseHolder::Nobody => self.schedule.go_on(now),
            // An origin speaks within a second, and a site is asked at once: until then the stop
            // goes on.
            LeaseHolder::Meter if self.all_are_out(now) => self.schedule.go_on(now),
            LeaseHolder::Meter => self.schedule.renew(LEASE_MS.default, now),
            LeaseHolder::Origin | LeaseHolder::Site => {}
        }
        self.live.lease_until = self.schedule.lease_until();
    }

    /// The instant from which the protected site is to be asked for its health; `None` while it is
    /// not asked. Nobody is let in before the on-sale, so it is left alone until shortly before. It
    /// is also left alone while nobody could be let in or be in.
    pub(crate) fn ask_site_at(&self, open_tickets: OpenTickets, now: UnixMillis) -> Option<UnixMillis> {
        if self.health_path().is_none() || (open_tickets == OpenTickets::None && self.all_are_out(now)) {
            return None;
        }
        let first = self.settings.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS);
        let well_at = self.live.site_well_at;
        Some(well_at.map_or(first, |at| first.max(at.plus(HEALTH_EVERY_MS))))
    }

    /// Whether of all fans who were drawn none waits, has a turn, or can still be in the shop.
    pub(super) fn all_are_out(&self, now: UnixMillis) -> bool {
        if self.progress.drawn() == 0 {
            return true;
        }
        if self.in_second_line() > 0 {
            return false;
        }
        let last = Place(self.schedule.last_place());
        if self.schedule.long_past(last) {
            return true;
        }
        let Some(turn_at) = self.schedule.turn_at(last) else {
            return false;
        };
        let turn_over = self.schedule.claim_before(turn_at, now);
        now >= self.schedule.end_of(turn_over, self.live.longest_shopping_ms, now)
    }

    /// The path at which the site is asked for its health, if it is to be asked at `now`.
    pub(crate) fn site_to_ask(&self, open_tickets: OpenTickets, now: UnixMillis) -> Option<&str> {
        self.health_path()
            .filter(|_| self.ask_site_at(open_tickets, now).is_some_and(|at| at <= now))
    }

    /// The path at which the site says how it is, while that matters to the lease.
    fn health_path(&self) -> Option<&str> {
        let matters = matches!(LeaseHolder::of(&self.settings), LeaseHolder::Site | LeaseHolder::Meter);
        let release = self.settings.policy.release.as_ref().filter(|_| matters)?;
        release.health_path.as_deref()
    }

    /// The site was asked, and was well or not. Without a meter a site that is well has no lease:
    /// perhaps no fan is there for whom it would be asked again, and that nobody asks is no stop. The
    /// first failure begins a lease, which ends as if it had begun when the site was last well. With a
    /// meter the first failure ends its lease at that instant, and the meter renews it when the site
    /// is well again.
    pub(crate) fn site_answered(&mut self, is_well: bool, now: UnixMillis) {
        // A put may have come meanwhile.
        if self.health_path().is_none() {
            return;
        }
        let is_metered = LeaseHolder::of(&self.settings) == LeaseHolder::Meter;
        let begins_to_be_ill = match is_metered {
            true => !is_well && !self.live.site_is_ill,
            false => !is_well && self.schedule.lease_until().is_none(),
        };
        self.live.site_is_ill = is_metered && !is_well;
        if is_well {
            self.live.site_well_at = Some(now);
        }
        if is_well && !is_metered {
            self.schedule.go_on(now);
        } else if begins_to_be_ill {
            let well_until = self.live.site_well_at.map(|at| at.plus(HEALTH_LEASE_MS));
            let reached_by = now.plus(EFFECT_DELAY_MS);
            let left_ms = well_until.map_or(0, |until| until.since(reached_by));
            self.schedule.end_lease(now.plus(left_ms));
        }
        self.live.lease_until = self.schedule.lease_until();
    }
}

#[cfg(test)]
mod tests;
