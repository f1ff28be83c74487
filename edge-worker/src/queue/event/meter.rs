//! The meter of a protected site: the coordinator decides once a second how fast people come in, by
//! the rule of the shop's origin ([`stanchion_shared::meter`]).
//!
//! The rate that it decides holds for as long as there is room, by a lease: if nobody meters again
//! in time, admission stops by itself. While nobody waits or is in, nobody meters and there is no
//! lease. All that the meter remembers is stored with the event.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    epochs::Epochs,
    event_settings::FIXED_BEFORE_ON_SALE_MS,
    meter::{
        LineReading, METER_EVERY_MS, MeterLimits, MeterReading, SiteAnswers, SiteLimits, SiteMeter, SiteMeterReport,
        SiteReading, Stock, decide,
    },
    schedule::{LEASE_MS, Rate, ScheduleChange},
    timestamp::UnixMillis,
};

use super::{EventState, OpenTickets, lease::LeaseHolder};
use crate::queue::shard_reports::ReportTotals;

/// The meter of an event, and what it decided last.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MeterState {
    meter: SiteMeter,
    report: SiteMeterReport,
    /// When that was.
    decided_at: UnixMillis,
    /// Settings have changed since: it has to decide at once.
    is_outdated: bool,
}

impl EventState {
    /// The instant from which the meter has to decide; `None` while there is no meter, or nobody for
    /// whom it would decide. So many sessions are `active`, those that are about to begin included
    /// ([`ReportTotals::active`]).
    pub(crate) fn meter_at(&self, open_tickets: OpenTickets, active: u64, now: UnixMillis) -> Option<UnixMillis> {
        if LeaseHolder::of(&self.settings) != LeaseHolder::Meter {
            return None;
        }
        let last = self.live.meter.as_ref().filter(|state| !state.is_outdated);
        let Some(last) = last else {
            return Some(now);
        };
        if !self.is_idle(open_tickets, active, now) {
            return Some(last.decided_at.plus(METER_EVERY_MS));
        }
        // Once more, to let the lease go. A site that is ill keeps its stop.
        let has_lease = self.schedule.lease_until().is_some() && !self.live.site_is_ill;
        let first = self.first_metered_at();
        let begins_later = open_tickets == OpenTickets::Possible && now < first;
        match has_lease {
            true => Some(last.decided_at.plus(METER_EVERY_MS)),
            false => begins_later.then_some(first),
        }
    }

    /// Nobody is let in before the on-sale.
    fn first_metered_at(&self) -> UnixMillis {
        self.settings.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS)
    }

    /// Whether nobody waits for a turn, has one, or is in.
    fn is_idle(&self, open_tickets: OpenTickets, active: u64, now: UnixMillis) -> bool {
        let is_empty = open_tickets == OpenTickets::None && active == 0 && self.all_are_out(now);
        is_empty || now < self.first_metered_at()
    }

    /// Decides the rate, if that is due. `answers` are all that gates ever told of the site.
    pub(crate) fn meter_site(
        &mut self,
        open_tickets: OpenTickets,
        reported: &ReportTotals,
        answers: SiteAnswers,
        now: UnixMillis,
    ) {
        let active = reported.active();
        let is_due = self.meter_at(open_tickets, active, now).is_some_and(|at| at <= now);
        let release = self.settings.policy.release.as_ref().filter(|_| is_due);
        let Some(limits) = release.map(|release| release.limits()) else {
            return;
        };
        let limits = SiteLimits {
            called_ahead: self.called_ahead(),
            ..limits
        };
        let rate = self.rate_decided();
        let served = self.schedule.served(now);
        let called = self.snapshot(reported.clone(), Epochs::default(), now).called(now);
        let reading = SiteReading {
            line: LineReading { served, called },
            waiting: self.schedule.last_place().saturating_sub(served),
            begun: reported.sessions.begun_by_turns(),
            active,
            wait_for_slot: reported.wait_for_slot,
            answers,
            rate,
        };
        let known = self.live.meter.take().map(|state| state.meter);
        let mut meter = known.unwrap_or_else(|| SiteMeter::new(rate));
        let (decision, report) = meter.decide(&limits, &reading, now);
        // The lease first: a stop that it ends must be in the curve before the curve goes on.
        let is_idle = self.is_idle(open_tickets, active, now);
        match (self.live.site_is_ill, is_idle) {
            // Its lease runs out, or has.
            (true, _) => {}
            (false, true) => self.schedule.go_on(now),
            (false, false) => self.schedule.renew(decision.lease_ms, now),
        }
        let change = ScheduleChange {
            rate: Some(decision.rate),
            ..self.curve(now)
        };
        self.schedule.change(change, now);
        self.live.lease_until = self.schedule.lease_until();
        self.live.meter = Some(MeterState {
            meter,
            report,
            decided_at: now,
            is_outdated: false,
        });
    }

    /// What the meter decided last.
    pub(super) fn meter_report(&self) -> Option<SiteMeterReport> {
        self.live.meter.as_ref().map(|state| state.report)
    }

    /// The settings have changed.
    pub(super) fn outdate_meter(&mut self) {
        if let Some(state) = &mut self.live.meter {
            state.is_outdated = true;
        }
    }

    /// The rate by new limits and what the meter saw last: a put holds when its answer says so, also
    /// where nobody meters before. `None`: nothing was seen yet, and people may be in.
    pub(super) fn rate_after_put(&self, now: UnixMillis) -> Option<Rate> {
        let limits = self.settings.policy.release.as_ref()?.limits();
        let Some(MeterState { report, .. }) = &self.live.meter else {
            return self.all_are_out(now).then(|| limits.first_rate());
        };
        let braked_to = report.braked_by.map(|_| report.most_at_once);
        let observed = MeterReading {
            shopping: u32::try_from(report.active).unwrap_or(u32::MAX),
            on_their_way: report.on_their_way,
            stock: Stock::Uncounted,
            paused: false,
            rate: self.rate_decided(),
        };
        let limits = MeterLimits {
            most_per_second: limits.most_per_second,
            most_shoppers: braked_to.map_or(limits.at_once, |most| most.min(limits.at_once)),
        };
        Some(decide(&limits, &observed).rate)
    }

    /// From now on people wait, or may: if nobody meters in time, they are not let in.
    pub(super) fn lease_to_meter(&mut self, now: UnixMillis) {
        if LeaseHolder::of(&self.settings) == LeaseHolder::Meter && self.schedule.lease_until().is_none() {
            self.schedule.renew(LEASE_MS.default, now);
        }
        self.live.lease_until = self.schedule.lease_until();
    }

    /// The rate that was decided last, also during a stop.
    fn rate_decided(&self) -> Rate {
        let last = self.schedule.segments().last();
        last.map_or(Rate::ZERO, |segment| segment.rate_per_second)
    }
}

#[cfg(test)]
mod tests;
