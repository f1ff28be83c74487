//! Stops: times in which the curve was flat because its lease had run out.

use serde::{Deserialize, Serialize};

use crate::timestamp::UnixMillis;

/// A time during which admission was stopped because the lease had run out. It counts against no
/// turn and no shopping session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Start, in ms since 1970.
    pub from_ms: u64,
    /// End (exclusive), in ms since 1970.
    pub to_ms: u64,
}

/// All stops of an event, in order and without overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stops(pub(super) Vec<Stop>);

impl Stops {
    /// Records a stop. It must not begin before the end of the last one.
    pub fn push(&mut self, stop: Stop) {
        debug_assert!(stop.from_ms <= stop.to_ms && self.0.last().is_none_or(|last| last.to_ms <= stop.from_ms));
        self.0.push(stop);
    }

    /// The stops, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Stop] {
        &self.0
    }

    /// Whether admission was stopped at `instant`.
    #[must_use]
    pub fn contain(&self, instant: UnixMillis) -> bool {
        self.0
            .iter()
            .any(|stop| (stop.from_ms..stop.to_ms).contains(&instant.0))
    }

    /// The instant at which `duration_ms` without stops have passed since `start`.
    #[must_use]
    pub fn end_of(&self, start: UnixMillis, duration_ms: u64) -> UnixMillis {
        let mut end = start.plus(duration_ms);
        for stop in &self.0 {
            if stop.to_ms <= start.0 {
                continue;
            }
            if stop.from_ms >= end.0 {
                break;
            }
            end = end.plus(stop.to_ms - stop.from_ms.max(start.0));
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(pairs: &[(u64, u64)]) -> Stops {
        Stops(pairs.iter().map(|&(from_ms, to_ms)| Stop { from_ms, to_ms }).collect())
    }

    #[test]
    fn stopped_time_does_not_count() {
        let stops = stops(&[(100, 150), (200, 300), (1_000, 2_000)]);
        for (start, duration, end) in [
            (0, 100, 100),     // ends as the stop begins
            (0, 101, 151),     // one ms of it is after the stop
            (120, 10, 160),    // began inside a stop
            (0, 200, 350),     // two stops
            (300, 700, 1_000), // ends as the third begins
            (300, 701, 2_001),
            (5_000, 10, 5_010),
        ] {
            assert_eq!(
                stops.end_of(UnixMillis(start), duration),
                UnixMillis(end),
                "{start} + {duration}"
            );
        }
    }
}
