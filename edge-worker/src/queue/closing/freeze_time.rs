//! How long freezing takes where a shard is an object of its own.
//!
//! A coordinator that asked 1,024 shards over the few connections that a runtime allows would need
//! many seconds. So a shard freezes itself at the end of a window and says so, and the coordinator
//! asks only those of which it has not heard. Shards speak one after the other, as fast as one object
//! takes messages in.

use stanchion_shared::ids::Shard;

use crate::queue::join::JOIN_GRACE_MS;

/// So many messages a second the shards of an event send to their coordinator at the end of a
/// window. One object takes in some 1,000.
const FROZEN_PER_SECOND: u64 = 1_000;
/// Shards that are asked at once: a runtime allows six connections that wait for an answer.
pub(crate) const FREEZES_AT_ONCE: usize = 6;

/// How long after the end of a window a shard freezes its draw and says so, in ms.
pub(crate) fn freezes_itself_after_ms(shard: Shard) -> u64 {
    JOIN_GRACE_MS + u64::from(shard.0) * 1_000 / FROZEN_PER_SECOND
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use stanchion_shared::{
        ids::ShardCount,
        policy::{FREEZE_MS, PIN_BEFORE_MS},
    };

    use super::*;
    use crate::queue::closing::silent::FREEZE_DEADLINE_MS;

    /// From one region to another, one way, in microseconds.
    const WAY_US: u64 = 50_000;
    /// What the coordinator needs for one message, in microseconds.
    const MESSAGE_US: u64 = 1_000_000 / FROZEN_PER_SECOND;

    /// Plays the messages of one close: `says_so` are the shards that freeze themselves, the others
    /// only answer. The coordinator takes one message after the other, and asks from the last shard
    /// on. Returns when the last shard is frozen, in ms after the end of the window.
    fn frozen_after_ms(shards: ShardCount, says_so: impl Fn(Shard) -> bool) -> u64 {
        // What arrives at the coordinator: when, of which shard, and whether it was asked for.
        let mut arrivals = BinaryHeap::new();
        let sends = |at_us: u64, shard: Shard, asked: bool| std::cmp::Reverse((at_us + WAY_US, shard, asked));
        for shard in shards.all().filter(|&shard| says_so(shard)) {
            arrivals.push(sends(freezes_itself_after_ms(shard) * 1_000, shard, false));
        }
        let mut unheard: Vec<Shard> = shards.all().collect();
        let mut to_ask: Vec<Shard> = shards.all().collect();
        let (mut free_at, mut asking) = (JOIN_GRACE_MS * 1_000, 0);
        loop {
            while asking < FREEZES_AT_ONCE
                && let Some(shard) = to_ask.pop()
            {
                if unheard.binary_search(&shard).is_ok() {
                    asking += 1;
                    arrivals.push(sends(free_at + WAY_US, shard, true));
                }
            }
            let std::cmp::Reverse((at, shard, asked)) = arrivals.pop().expect("every shard is asked or says so");
            free_at = free_at.max(at) + MESSAGE_US;
            asking -= usize::from(asked);
            if let Ok(position) = unheard.binary_search(&shard) {
                unheard.remove(position);
            }
            if unheard.is_empty() {
                return free_at.div_ceil(1_000);
            }
        }
    }

    #[test]
    fn all_shards_of_the_largest_event_are_frozen_within_the_deadline() {
        let largest = ShardCount::new(ShardCount::MAX).unwrap();
        let all = frozen_after_ms(largest, |_| true);
        assert!((1_000..=1_400).contains(&all), "{all}");
        let deadline = JOIN_GRACE_MS + FREEZE_DEADLINE_MS;
        assert!(all < deadline);
        // Some dozen shards that do not speak by themselves are asked meanwhile.
        let most = frozen_after_ms(largest, |shard| shard.0 % 20 != 7);
        assert!(most < deadline, "{most}");
        // Asking alone would not do.
        let none = frozen_after_ms(largest, |_| false);
        assert!(none > 5 * deadline, "{none}");
    }

    #[test]
    fn an_event_of_the_usual_size_is_frozen_within_half_a_second() {
        let usual = frozen_after_ms(ShardCount::DEFAULT, |_| true);
        assert!(usual < 500, "{usual}");
    }

    #[test]
    fn silent_shards_are_entered_before_the_round_of_a_beacon_can_be_known() {
        const { assert!(JOIN_GRACE_MS + FREEZE_DEADLINE_MS + PIN_BEFORE_MS < FREEZE_MS) };
    }
}
