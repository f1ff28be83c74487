//! Random numbers that follow from a seed: the same run can be had again.

use std::time::Duration;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// Random numbers of one fan (ChaCha8, one stream per fan). For behaviour only: its slight bias is no matter
/// there.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The numbers of fan `number` under `seed`.
    #[must_use]
    pub fn of(seed: u64, number: u32) -> Dice {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(u64::from(number));
        Dice(generator)
    }

    /// A number from 0 to `below` - 1.
    pub fn below(&mut self, below: u64) -> u64 {
        self.0.next_u64() % below.max(1)
    }

    /// True in `times` of a thousand cases, on average.
    pub fn in_a_thousand(&mut self, times: u64) -> bool {
        self.below(1_000) < times
    }

    /// A duration of at least `from` and less than `to`; `from` if `to` is not longer.
    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from);
        from + span.mul_f64(self.below(1 << 20) as f64 / (1 << 20) as f64)
    }

    /// 32 hex digits that no other call returns.
    pub fn name(&mut self) -> String {
        format!("{:016x}{:016x}", self.0.next_u64(), self.0.next_u64())
    }
}
