//! Counts in windows of time. Pure: the clock is passed in.

use std::collections::HashMap;

use stanchion_shared::timestamp::UnixMillis;

use crate::platform::{CountKey, CountOneMore, WindowCount};

/// Most keys that one place remembers. Beyond it, what is over is forgotten; a place that has more
/// than so many at once forgets all.
pub(crate) const MOST_KEYS: usize = 16_384;

/// One key's window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    ends_at: UnixMillis,
    count: u32,
}

/// Counts one more of each key of `message`.
pub(crate) fn count(
    windows: &mut HashMap<CountKey, Window>,
    message: &CountOneMore,
    now: UnixMillis,
) -> Vec<WindowCount> {
    if windows.len() >= MOST_KEYS {
        windows.retain(|_, window| window.ends_at > now);
        if windows.len() >= MOST_KEYS {
            windows.clear();
        }
    }
    let one_more = |key: &CountKey| {
        let fresh = Window {
            ends_at: now.plus(message.window_ms),
            count: 0,
        };
        let window = windows.entry(*key).or_insert(fresh);
        if window.ends_at <= now {
            *window = fresh;
        }
        window.count = window.count.saturating_add(1);
        WindowCount {
            count: window.count,
            ends_in_ms: window.ends_at.since(now),
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
            window_ms: 1_000,
        }
    }

    #[test]
    fn a_window_begins_with_its_first_and_ends_by_itself() {
        let mut windows = HashMap::new();
        let mut ask = |keys: &[u32], at| {
            let counted = count(&mut windows, &message(keys), UnixMillis(at));
            counted
                .iter()
                .map(|window| (window.count, window.ends_in_ms))
                .collect::<Vec<_>>()
        };
        assert_eq!(ask(&[1, 2], 0), [(1, 1_000), (1, 1_000)]);
        assert_eq!(ask(&[1, 3], 400), [(2, 600), (1, 1_000)]);
        assert_eq!(ask(&[1], 999), [(3, 1)]);
        assert_eq!(ask(&[1, 3], 1_000), [(1, 1_000), (2, 400)]);
    }

    #[test]
    fn a_place_remembers_so_many_and_no_more() {
        let mut windows = HashMap::new();
        for number in 0..MOST_KEYS as u32 {
            count(&mut windows, &message(&[number]), UnixMillis(0));
        }
        assert_eq!(windows.len(), MOST_KEYS);
        count(&mut windows, &message(&[u32::MAX]), UnixMillis(999));
        assert_eq!(windows.len(), 1, "all of them were alive");
        for number in 0..MOST_KEYS as u32 - 1 {
            count(&mut windows, &message(&[number]), UnixMillis(1_500));
        }
        count(&mut windows, &message(&[0]), UnixMillis(2_000));
        assert_eq!(windows.len(), MOST_KEYS - 1, "only the one that was over");
    }
}
