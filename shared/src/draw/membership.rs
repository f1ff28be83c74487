//! Which draw a join belongs to: that of the clock, but never one that the shard has frozen
//! already.

use crate::{draw::chain, ids::Draw, timestamp::UnixMillis};
use serde::{Deserialize, Serialize};

/// The arrival windows of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// Draw 0 ends and the sale starts here.
    pub on_sale_time: UnixMillis,
    /// Length of each window after it, in ms; at least 1.
    pub draw_window_ms: u64,
}

impl Windows {
    /// The draw of a join at `now`: draw 0 before the on-sale, then one per window. `None` after
    /// the end of the chain of secrets.
    #[must_use]
    pub fn draw_at(&self, now: UnixMillis) -> Option<Draw> {
        if now < self.on_sale_time {
            return Some(Draw::PRE_QUEUE);
        }
        let window = now.since(self.on_sale_time) / self.draw_window_ms;
        u32::try_from(window + 1)
            .ok()
            .filter(|&draw| draw < chain::LENGTH)
            .map(Draw)
    }

    /// The draw of a join at `now` in a shard that has frozen all draws up to `frozen_through`.
    /// `None` after the end of the chain of secrets.
    #[must_use]
    pub fn draw_after(&self, frozen_through: Option<Draw>, now: UnixMillis) -> Option<Draw> {
        let by_clock = self.draw_at(now)?;
        let after_frozen = frozen_through.map_or(Draw::PRE_QUEUE, |frozen| Draw(frozen.0 + 1));
        Some(by_clock.max(after_frozen)).filter(|draw| draw.0 < chain::LENGTH)
    }

    /// When `draw` closes: the first instant of the next one.
    #[must_use]
    pub fn closed_at(&self, draw: Draw) -> UnixMillis {
        self.on_sale_time
            .plus(u64::from(draw.0).saturating_mul(self.draw_window_ms))
    }

    /// When `draw` opened. Draw 0 opened with the queue, at `queue_opened_at`. A store may stamp
    /// that instant some moments ahead, so for an event that is put right before its on-sale, draw
    /// 0 opens when it closes at the latest.
    #[must_use]
    pub fn opened_at(&self, draw: Draw, queue_opened_at: UnixMillis) -> UnixMillis {
        match draw.0 {
            0 => queue_opened_at.min(self.on_sale_time),
            number => self.closed_at(Draw(number - 1)),
        }
    }

    /// Whether the record of a draw may state these times. Nobody announces when the queue opened,
    /// and nothing depends on it: draw 0 may have opened at any time before it closed.
    #[must_use]
    pub fn match_times(&self, draw: Draw, opened_at: UnixMillis, closed_at: UnixMillis) -> bool {
        opened_at == self.opened_at(draw, opened_at) && closed_at == self.closed_at(draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_where_the_next_begins() {
        let windows = Windows {
            on_sale_time: UnixMillis(100_000),
            draw_window_ms: 5_000,
        };
        for (now, draw) in [(0, 0), (99_999, 0), (100_000, 1), (104_999, 1), (105_000, 2)] {
            assert_eq!(windows.draw_at(UnixMillis(now)), Some(Draw(draw)), "{now}");
        }
        for draw in [0, 1, 2, 1_000] {
            let closed = windows.closed_at(Draw(draw));
            assert_eq!(windows.draw_at(closed.minus(1)), Some(Draw(draw)));
            assert_eq!(windows.draw_at(closed), Some(Draw(draw + 1)));
            assert_eq!(windows.opened_at(Draw(draw + 1), UnixMillis(0)), closed);
        }
    }

    #[test]
    fn a_draw_has_the_times_of_its_window_to_the_millisecond() {
        let windows = Windows {
            on_sale_time: UnixMillis(100_000),
            draw_window_ms: 5_000,
        };
        for (draw, opened_at, closed_at, right) in [
            (0, 1, 100_000, true),
            (0, 100_000, 100_000, true),
            (0, 100_001, 100_000, false),
            (0, 1, 99_999, false),
            (0, 1, 100_001, false),
            (1, 100_000, 105_000, true),
            (1, 99_999, 105_000, false),
            (1, 100_001, 105_000, false),
            (1, 100_000, 104_999, false),
            (1, 100_000, 105_001, false),
            (1, 105_000, 110_000, false),
            (2, 105_000, 110_000, true),
        ] {
            let times = (UnixMillis(opened_at), UnixMillis(closed_at));
            let judged = windows.match_times(Draw(draw), times.0, times.1);
            assert_eq!(judged, right, "{draw} {times:?}");
            let recorded = windows.opened_at(Draw(draw), times.0);
            assert!(windows.match_times(Draw(draw), recorded, windows.closed_at(Draw(draw))));
        }
    }

    #[test]
    fn the_chain_ends_and_then_nobody_can_join() {
        let windows = Windows {
            on_sale_time: UnixMillis(0),
            draw_window_ms: 1_000,
        };
        let last = u64::from(chain::LENGTH - 1) * 1_000;
        assert_eq!(windows.draw_at(UnixMillis(last - 1)), Some(Draw(chain::LENGTH - 1)));
        assert_eq!(windows.draw_at(UnixMillis(last)), None);
        let all = Some(Draw(chain::LENGTH - 1));
        assert_eq!(windows.draw_after(all, UnixMillis(0)), None);
    }

    #[test]
    fn a_join_is_never_in_a_frozen_draw_whatever_the_clock_says() {
        let windows = Windows {
            on_sale_time: UnixMillis(100_000),
            draw_window_ms: 5_000,
        };
        for (frozen, now, draw) in [
            (None, 0, 0),
            (Some(0), 99_999, 1),
            (Some(0), 106_000, 2),
            (Some(7), 106_000, 8),
        ] {
            let draw_after = windows.draw_after(frozen.map(Draw), UnixMillis(now));
            assert_eq!(draw_after, Some(Draw(draw)), "{frozen:?} {now}");
        }
    }
}
