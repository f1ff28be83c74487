//! Latecomers: how long from joining to a place.

use serde::Serialize;
use stanchion_shared::identity::Draw;

use super::{
    draws::Drawn,
    options::{ON_SALE_TIME, OPENS_BEFORE_MS},
    people::Join,
};

/// From a join after the on-sale to its place, in seconds.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Late {
    pub(super) fans: u64,
    pub(super) mean_s: f64,
    pub(super) longest_s: f64,
}

impl Late {
    /// The fans of a draw have their places.
    pub(super) fn saw(&mut self, drawn: &Drawn, joins: &[Join]) {
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
