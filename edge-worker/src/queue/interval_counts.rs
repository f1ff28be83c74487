//! Counts within intervals of time. Pure: the clock is passed in.

use std::collections::HashMap;

use stanchion_shared::timestamp::UnixMillis;

use crate::platform::{CountKey, CountOneMore, IntervalCount};

/// Most keys that one place remembers. Beyond it, what is over is forgotten; a place that has more
/// than so many at once forgets all.
pub(crate) const MOST_KEYS: usize = 16_384;

/// One key's interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CountedInterval {
    ends_at: UnixMillis,
    count: u32,
}

/// Counts one more of each key of `message`.
pub(crate) fn count(
    intervals: &mut HashMap<CountKey, CountedInterval>,
    message: &CountOneMore,
    now: UnixMillis,
) -> Vec<IntervalCount> {
    if intervals.len() >= MOST_KEYS {
        intervals.retain(|_, interval| interval.ends_at > now);
        if intervals.len() >= MOST_KEYS {
            intervals.clear();
        }
    }
    let one_more = |key: &CountKey| {
        let fresh = CountedInterval {
            ends_at: now.plus(message.interval_ms),
            count: 0,
        };
        let interval = intervals.entry(*key).or_insert(fresh);
        if interval.ends_at <= now {
            *interval = fresh;
        }
        interval.count = interval.count.saturating_add(1);
        IntervalCount {
            count: interval.count,
            ends_in_ms: interval.ends_at.since(now),
        }
    };
    message.keys.iter().map(one_more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> CountKey {
        let mut key = [0; 16];
        key[..4].copy_from_slice(&number.to_le_bytes());
        CountKey(key)
    }

    fn message(keys: &[u32]) -> CountOneMore {
        CountOneMore {
            place: key(0),
            keys: keys.iter().copied().map(key).collect(),
            interval_ms: 1_000,
        }
    }

    #[test]
    fn an_interval_begins_with_its_first_and_ends_by_itself() {
        let mut intervals = HashMap::new();
        let mut ask = |keys: &[u32], at| {
            let counted = count(&mut intervals, &message(keys), UnixMillis(at));
            counted
                .iter()
                .map(|interval| (interval.count, interval.ends_in_ms))
                .collect::<Vec<_>>()
        };
        assert_eq!(ask(&[1, 2], 0), [(1, 1_000), (1, 1_000)]);
        assert_eq!(ask(&[1, 3], 400), [(2, 600), (1, 1_000)]);
        assert_eq!(ask(&[1], 999), [(3, 1)]);
        assert_eq!(ask(&[1, 3], 1_000), [(1, 1_000), (2, 400)]);
    }

    #[test]
    fn a_place_remembers_so_many_and_no_more() {
        let mut intervals = HashMap::new();
        for number in 0..MOST_KEYS as u32 {
            count(&mut intervals, &message(&[number]), UnixMillis(0));
        }
        assert_eq!(intervals.len(), MOST_KEYS);
        count(&mut intervals, &message(&[u32::MAX]), UnixMillis(999));
        assert_eq!(intervals.len(), 1, "all of them were alive");
        for number in 0..MOST_KEYS as u32 - 1 {
            count(&mut intervals, &message(&[number]), UnixMillis(1_500));
        }
        count(&mut intervals, &message(&[0]), UnixMillis(2_000));
        assert_eq!(intervals.len(), MOST_KEYS - 1, "only the one that was over");
    }
}
