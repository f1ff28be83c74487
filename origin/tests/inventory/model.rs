//! What Redis should say, in a few lines: the specification the scripts are held against.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::seats;

/// What Redis should say, in a few lines: the specification the scripts are held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    Locked { owner: usize, paying: bool },
    Sold { order: usize },
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Lock {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Release {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Extend {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Unpin {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Sell {
        order: usize,
        seats: BTreeSet<usize>,
    },
    Free {
        order: usize,
        owner: usize,
        seats: BTreeSet<usize>,
    },
    /// All locks of one owner are over.
    Expire {
        owner: usize,
    },
    Sweep,
}

pub(crate) const MODEL_SEATS: usize = 8;

pub(crate) const MODEL_OWNERS: usize = 3;

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    let owner = || 0..MODEL_OWNERS;
    let seats = || prop::collection::btree_set(0..MODEL_SEATS, 1..4);
    prop_oneof![
        4 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Lock { owner, seats }),
        2 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Release { owner, seats }),
        2 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Extend { owner, seats }),
        1 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Unpin { owner, seats }),
        2 => (owner(), seats()).prop_map(|(order, seats)| Operation::Sell { order, seats }),
        1 => (owner(), owner(), seats()).prop_map(|(order, owner, seats)| Operation::Free { order, owner, seats }),
        1 => owner().prop_map(|owner| Operation::Expire { owner }),
        1 => Just(Operation::Sweep),
    ]
}

pub(crate) type Model = BTreeMap<usize, Seat>;

pub(crate) fn is_lock_of(seat: Option<&Seat>, wanted: usize) -> bool {
    matches!(seat, Some(Seat::Locked { owner, .. }) if *owner == wanted)
}

/// Changes the model; says what the script must answer.
pub(crate) fn apply(model: &mut Model, operation: &Operation) -> String {
    match operation {
        Operation::Lock { owner, seats: wanted } => {
            let taken = |seat: &&usize| model.contains_key(seat) && !is_lock_of(model.get(seat), *owner);
            let taken: Vec<usize> = wanted.iter().filter(taken).copied().collect();
            if !taken.is_empty() {
                return format!("taken {:?}", seats(taken));
            }
            for seat in wanted {
                model.entry(*seat).or_insert(Seat::Locked {
                    owner: *owner,
                    paying: false,
                });
            }
            "locked".to_owned()
        }
        Operation::Release { owner, seats: wanted } => {
            let paying = Some(Seat::Locked {
                owner: *owner,
                paying: true,
            });
            let pinned: Vec<usize> = wanted
                .iter()
                .filter(|seat| model.get(seat) == paying.as_ref())
                .copied()
                .collect();
            if !pinned.is_empty() {
                return format!("paying {:?}", seats(pinned));
            }
            let own: Vec<usize> = wanted
                .iter()
                .filter(|seat| is_lock_of(model.get(seat), *owner))
                .copied()
                .collect();
            model.retain(|seat, _| !own.contains(seat));
            format!("released {}", own.len())
        }
        Operation::Extend { owner, seats: wanted } => {
            let lost: Vec<usize> = wanted
                .iter()
                .filter(|seat| !is_lock_of(model.get(seat), *owner))
                .copied()
                .collect();
            if !lost.is_empty() {
                return format!("lost {:?}", seats(lost));
            }
            for seat in wanted {
                model.insert(
                    *seat,
                    Seat::Locked {
                        owner: *owner,
                        paying: true,
                    },
                );
            }
            "extended".to_owned()
        }
        Operation::Unpin { owner, seats: wanted } => {
            let paying = Seat::Locked {
                owner: *owner,
                paying: true,
            };
            let pinned: Vec<usize> = wanted
                .iter()
                .filter(|seat| model.get(seat) == Some(&paying))
                .copied()
                .collect();
            for seat in &pinned {
                model.insert(
                    *seat,
                    Seat::Locked {
                        owner: *owner,
                        paying: false,
                    },
                );
            }
            format!("unpinned {}", pinned.len())
        }
        Operation::Sell { order, seats: wanted } => {
            let sold = |seat: &usize| matches!(model.get(seat), Some(Seat::Sold { .. }));
            let contradictions = wanted
                .iter()
                .filter(|seat| sold(seat) && model[seat] != Seat::Sold { order: *order });
            let contradictions: Vec<usize> = contradictions.copied().collect();
            let fresh: Vec<usize> = wanted.iter().filter(|seat| !sold(seat)).copied().collect();
            for seat in &fresh {
                model.insert(*seat, Seat::Sold { order: *order });
            }
            format!("sold {} {:?}", fresh.len(), seats(contradictions))
        }
        Operation::Free {
            order,
            owner,
            seats: wanted,
        } => {
            let sold = Seat::Sold { order: *order };
            let ours = |seat: &&usize| model.get(seat) == Some(&sold) || is_lock_of(model.get(seat), *owner);
            let ours: Vec<usize> = wanted.iter().filter(ours).copied().collect();
            model.retain(|seat, _| !ours.contains(seat));
            format!("freed {}", ours.len())
        }
        Operation::Expire { owner } => {
            model.retain(|_, seat| !is_lock_of(Some(seat), *owner));
            String::new()
        }
        Operation::Sweep => String::new(),
    }
}
