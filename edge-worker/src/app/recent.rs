//! A bounded memory that forgets what was not asked for lately.

use std::{collections::HashMap, hash::Hash, mem};

/// Remembers the last [`Recent::new`] entries that were put or found, and at most twice as many.
///
/// Two generations instead of a list by age: whatever is found in the old one moves to the young one, and when the young
/// one is full it becomes the old one. Nothing is ever searched or sorted.
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation: usize,
}

impl<K: Eq + Hash, V: Clone> Recent<K, V> {
    /// With room for `generation` entries that are surely remembered; at least one.
    pub(super) fn new(generation: usize) -> Recent<K, V> {
        Recent {
            young: HashMap::new(),
            old: HashMap::new(),
            generation: generation.max(1),
        }
    }

    /// What was put under `key`, unless it is forgotten.
    pub(super) fn find(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    /// Remembers `value` in place of what was under `key`.
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u32) -> Recent<u32, u32> {
        let mut recent = Recent::new(10);
        (0..count).for_each(|number| recent.put(number, number * 2));
        recent
    }

    #[test]
    fn the_last_entries_are_remembered_and_no_more_than_twice_as_many() {
        let mut recent = filled(1_000);
        assert!((990..1_000).all(|number| recent.find(&number) == Some(number * 2)));
        assert!((0..980).all(|number| recent.find(&number).is_none()));
        assert!(recent.young.len() + recent.old.len() <= 20);
    }

    #[test]
    fn what_is_asked_for_again_and_again_stays() {
        let mut recent = filled(1);
        for number in 1..1_000 {
            recent.put(number, 0);
            assert_eq!(recent.find(&0), Some(0), "after {number}");
        }
    }

    #[test]
    fn a_new_value_takes_the_place_of_the_old_one_in_either_generation() {
        for between in [0, 10] {
            let mut recent = filled(1);
            (100..100 + between).for_each(|number| recent.put(number, 0));
            recent.put(0, 7);
            assert_eq!(recent.find(&0), Some(7));
        }
    }
}
