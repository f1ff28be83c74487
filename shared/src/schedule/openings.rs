//! Openings: places that the curve may reach only from a later instant on.
//!
//! A draw's places are public when it is closed, and its fans learn of them when they ask next. The
//! curve must not reach them before all of them could have asked
//! ([`crate::polling::spread_ms`]). So the ceiling for them is raised by a segment that begins
//! later. Rates, leases and stops go on meanwhile: they are decided for the curve without the
//! openings, which are put behind it again.

use super::{EFFECT_DELAY_MS, Schedule, ScheduleChange, SecondLine, Segment};
use crate::timestamp::UnixMillis;

/// The ceiling that holds from an instant on.
pub(super) struct Opening {
    from_ms: u64,
    pub(super) last_place: u64,
    /// How the second line goes on from then on.
    pub(super) second_line: Option<SecondLine>,
}

impl Schedule {
    /// Lets the curve rise up to `last_place`, the last one of a draw that was closed at `now`, from
    /// `wait_ms` later on. A wait that is not longer than [`EFFECT_DELAY_MS`] is no other than that
    /// of every change. From then on the second line goes on as `second_line` says.
    pub fn open_later(&mut self, last_place: u64, second_line: Option<SecondLine>, wait_ms: u64, now: UnixMillis) {
        if wait_ms <= EFFECT_DELAY_MS {
            let change = ScheduleChange {
                last_place: Some(last_place),
                second_line,
                ..ScheduleChange::default()
            };
            self.change(change, now);
            return;
        }
        // A second line that is new begins behind everybody who has a place.
        let is_new = second_line.is_some() && self.second_line().is_none();
        if is_new || self.segments.is_empty() {
            let after_place = self.last_place();
            let change = ScheduleChange {
                second_line: second_line.map(|_| SecondLine {
                    after_place,
                    moved_up: 0,
                }),
                ..ScheduleChange::default()
            };
            self.change(change, now);
        }
        let from_ms = now.plus(wait_ms).0;
        let mut openings = self.take_openings(now);
        openings.push(Opening {
            from_ms,
            last_place,
            second_line,
        });
        self.put_openings(openings);
    }

    /// Changes the curve as if nothing opened after the change, and puts the openings behind it.
    pub(super) fn beside_openings<T>(&mut self, now: UnixMillis, change: impl FnOnce(&mut Schedule) -> T) -> T {
        let openings = self.take_openings(now);
        let result = change(self);
        self.put_openings(openings);
        result
    }

    /// Takes away the segments that begin later than a change of `now` would, and raise the
    /// ceiling. No edge has used them yet.
    pub(super) fn take_openings(&mut self, now: UnixMillis) -> Vec<Opening> {
        let earliest = now.plus(EFFECT_DELAY_MS).0;
        let mut openings = Vec::new();
        while let [.., before, last] = self.segments[..] {
            if last.from_ms <= earliest || last.last_place <= before.last_place {
                break;
            }
            openings.push(Opening {
                from_ms: last.from_ms,
                last_place: last.last_place,
                second_line: last.second_line,
            });
            self.segments.pop();
        }
        openings.reverse();
        openings
    }

    pub(super) fn put_openings(&mut self, openings: Vec<Opening>) {
        for opening in openings {
            let Some(last) = self.segments.last().copied() else {
                return;
            };
            if opening.last_place > last.last_place {
                let from = UnixMillis(opening.from_ms.max(last.from_ms + 1));
                self.segments.push(Segment {
                    from_ms: from.0,
                    served_before_micro: last.served_at(self.leased(from)),
                    last_place: opening.last_place,
                    second_line: opening.second_line.or(last.second_line),
                    is_summary: false,
                    ..last
                });
            }
        }
    }
}

#[cfg(test)]
mod tests;
