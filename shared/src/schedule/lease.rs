//! The lease of the curve: how it is renewed and ended, and the stops that it leaves.

use super::{EFFECT_DELAY_MS, Rate, Schedule, Segment, Stop};
use crate::timestamp::UnixMillis;

impl Schedule {
    /// Ends the lease: the curve is flat from [`EFFECT_DELAY_MS`] after `now` until
    /// [`Schedule::renew`] or [`Schedule::go_on`]. A lease that ends sooner keeps its end.
    pub fn end_lease(&mut self, now: UnixMillis) {
        self.beside_openings(now, |schedule| {
            let end = now.plus(EFFECT_DELAY_MS).0;
            schedule.lease_until_ms = Some(schedule.lease_until_ms.map_or(end, |until| until.min(end)));
        });
    }

    /// Continues at `now` without a lease. A stop that is going on is recorded, as in
    /// [`Schedule::renew`].
    pub fn go_on(&mut self, now: UnixMillis) {
        self.beside_openings(now, |schedule| {
            schedule.end_stop(now);
            schedule.lease_until_ms = None;
        });
    }

    /// Renews the lease at `now` for `lease_ms`. If it has run out, or would before a renewal can
    /// reach every edge, a stop is recorded: the curve stayed flat from the end of the lease and
    /// continues [`EFFECT_DELAY_MS`] from now.
    pub fn renew(&mut self, lease_ms: u64, now: UnixMillis) {
        self.beside_openings(now, |schedule| {
            let reaches_all = schedule.end_stop(now);
            schedule.lease_until_ms = Some(reaches_all.max(now.plus(lease_ms)).0);
        });
    }

    /// Records a stop if the lease has run out, or will before its renewal can reach every edge.
    /// Returns the instant at which the renewal has reached every edge.
    fn end_stop(&mut self, now: UnixMillis) -> UnixMillis {
        let reaches_all = now.plus(EFFECT_DELAY_MS);
        if let Some(until) = self.lease_until_ms.filter(|&until| until < reaches_all.0) {
            self.record_stop(until, reaches_all.0);
        }
        reaches_all
    }

    fn record_stop(&mut self, from_ms: u64, to_ms: u64) {
        let served = self.served_micro(UnixMillis(from_ms));
        let Some(last) = self.segments.last().copied() else {
            return;
        };
        // A segment that was accepted but begins after the lease never took effect. Its rate and
        // limits hold after the stop.
        self.segments.retain(|segment| segment.from_ms < from_ms);
        let flat = Segment {
            from_ms,
            served_before_micro: served,
            rate_per_second: Rate::ZERO,
            is_summary: false,
            ..last
        };
        self.segments.push(flat);
        self.segments.push(Segment {
            from_ms: to_ms,
            rate_per_second: last.rate_per_second,
            ..flat
        });
        self.stops.push(Stop { from_ms, to_ms });
    }
}
