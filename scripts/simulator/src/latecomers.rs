//! Latecomers: how long from joining to a place.

use serde::Serialize;
use stanchion_shared::ids::Draw;

use crate::{
    draws::SimulatedDraw,
    options::{ON_SALE_TIME, OPENS_BEFORE_MS},
    people::SimulatedJoin,
};

/// From a join after the on-sale to its place, in seconds.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct LatecomerWaits {
    pub(crate) fans: u64,
    pub(crate) mean_s: f64,
    pub(crate) longest_s: f64,
}

impl LatecomerWaits {
    /// The fans of a draw have their places.
    pub(crate) fn saw(&mut self, drawn: &SimulatedDraw, joins: &[SimulatedJoin]) {
        if drawn.record.draw == Draw::PRE_QUEUE {
            return;
        }
        for join in joins {
            let joined_at = ON_SALE_TIME.minus(OPENS_BEFORE_MS).plus(join.joins_ms());
            let took_s = drawn.out_at.since(joined_at) as f64 / 1000.0;
            self.fans += 1;
            self.mean_s += (took_s - self.mean_s) / self.fans as f64;
            self.longest_s = self.longest_s.max(took_s);
        }
    }
}
