//! A bounded map that forgets the entries that were least recently used.

use std::{collections::HashMap, hash::Hash, mem};

/// Remembers at least the last entries that were put or found, and at most twice as many; see
/// [`Lru::new`].
///
/// Entries are in two generations instead of a list by age. An entry that is found in the old
/// generation moves to the young one, and a young generation that is full becomes the old one.
/// Nothing is ever searched or sorted.
pub(crate) struct Lru<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation: usize,
}

impl<K: Eq + Hash, V: Clone> Lru<K, V> {
    /// A map in which the last `generation` entries, at least one, are surely remembered.
    pub(crate) fn new(generation: usize) -> Lru<K, V> {
        Lru {
            young: HashMap::new(),
            old: HashMap::new(),
            generation: generation.max(1),
        }
    }

    /// The value of `key`, unless it is forgotten.
    pub(crate) fn find(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let (key, value) = self.old.remove_entry(key)?;
        self.put(key, value.clone());
        Some(value)
    }

    /// Remembers `value` in place of the former value of `key`.
    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation && !self.young.contains_key(&key) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: u32) -> Lru<u32, u32> {
        let mut lru = Lru::new(10);
        (0..count).for_each(|number| lru.put(number, number * 2));
        lru
    }

    #[test]
    fn the_last_entries_are_remembered_and_no_more_than_twice_as_many() {
        let mut lru = filled(1_000);
        assert!((990..1_000).all(|number| lru.find(&number) == Some(number * 2)));
        assert!((0..980).all(|number| lru.find(&number).is_none()));
        assert!(lru.young.len() + lru.old.len() <= 20);
    }

    #[test]
    fn what_is_asked_for_again_and_again_stays() {
        let mut lru = filled(1);
        for number in 1..1_000 {
            lru.put(number, 0);
            assert_eq!(lru.find(&0), Some(0), "after {number}");
        }
    }

    #[test]
    fn a_new_value_takes_the_place_of_the_old_one_in_either_generation() {
        for between in [0, 10] {
            let mut lru = filled(1);
            (100..100 + between).for_each(|number| lru.put(number, 0));
            lru.put(0, 7);
            assert_eq!(lru.find(&0), Some(7));
        }
    }
}
