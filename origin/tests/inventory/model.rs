//! The inventory's rules in a few lines: the specification that the scripts are compared with.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::seats;

/// The inventory's rules in a few lines: the specification that the scripts are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    Locked { owner: usize, paying: Option<u32> },
    Sold { order: usize },
}

#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Lock {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Unlock {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Extend {
        owner: usize,
        attempt: u32,
        seats: BTreeSet<usize>,
    },
    Unpin {
        owner: usize,
        attempt: u32,
        seats: BTreeSet<usize>,
    },
    Sell {
        order: usize,
        seats: BTreeSet<usize>,
    },
    Free {
        order: usize,
        owner: usize,
        attempt: u32,
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
pub(crate) const MODEL_ATTEMPTS: u32 = 3;

pub(crate) fn operation() -> impl Strategy<Value = Operation> {
    let owner = || 0..MODEL_OWNERS;
    let attempt = || 1..=MODEL_ATTEMPTS;
    let seats = || prop::collection::btree_set(0..MODEL_SEATS, 1..4);
    prop_oneof![
        4 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Lock { owner, seats }),
        2 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Unlock { owner, seats }),
        2 => (owner(), attempt(), seats())
            .prop_map(|(owner, attempt, seats)| Operation::Extend { owner, attempt, seats }),
        1 => (owner(), attempt(), seats())
            .prop_map(|(owner, attempt, seats)| Operation::Unpin { owner, attempt, seats }),
        2 => (owner(), seats()).prop_map(|(order, seats)| Operation::Sell { order, seats }),
        1 => (owner(), owner(), attempt(), seats())
            .prop_map(|(order, owner, attempt, seats)| Operation::Free { order, owner, attempt, seats }),
        1 => owner().prop_map(|owner| Operation::Expire { owner }),
        1 => Just(Operation::Sweep),
    ]
}

pub(crate) type Model = BTreeMap<usize, Seat>;

pub(crate) fn is_lock_of(seat: Option<&Seat>, wanted: usize) -> bool {
    matches!(seat, Some(Seat::Locked { owner, .. }) if *owner == wanted)
}

/// Which attempt of `wanted` is paying for the seat.
fn attempt_of(model: &Model, seat: usize, wanted: usize) -> Option<u32> {
    match model.get(&seat) {
        Some(Seat::Locked { owner, paying }) if *owner == wanted => *paying,
        _ => None,
    }
}

fn pay(model: &mut Model, seats: &BTreeSet<usize>, owner: usize, paying: Option<u32>) {
    for seat in seats {
        model.insert(*seat, Seat::Locked { owner, paying });
    }
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
                    paying: None,
                });
            }
            "locked".to_owned()
        }
        Operation::Unlock { owner, seats: wanted } => {
            let is_paid = |seat: &&usize| attempt_of(model, **seat, *owner).is_some();
            let pinned: Vec<usize> = wanted.iter().filter(is_paid).copied().collect();
            if !pinned.is_empty() {
                return format!("paying {:?}", seats(pinned));
            }
            let own: Vec<usize> = wanted
                .iter()
                .filter(|seat| is_lock_of(model.get(seat), *owner))
                .copied()
                .collect();
            model.retain(|seat, _| !own.contains(seat));
            format!("unlocked {}", own.len())
        }
        Operation::Extend {
            owner,
            attempt,
            seats: wanted,
        } => {
            if wanted
                .iter()
                .any(|seat| attempt_of(model, *seat, *owner) > Some(*attempt))
            {
                return "overtaken".to_owned();
            }
            let lost: Vec<usize> = wanted
                .iter()
                .filter(|seat| !is_lock_of(model.get(seat), *owner))
                .copied()
                .collect();
            if !lost.is_empty() {
                return format!("lost {:?}", seats(lost));
            }
            pay(model, wanted, *owner, Some(*attempt));
            "extended".to_owned()
        }
        Operation::Unpin {
            owner,
            attempt,
            seats: wanted,
        } => {
            let is_over = |seat: &&usize| attempt_of(model, **seat, *owner).is_some_and(|paying| paying <= *attempt);
            let over: BTreeSet<usize> = wanted.iter().filter(is_over).copied().collect();
            pay(model, &over, *owner, None);
            format!("unpinned {}", over.len())
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
            attempt,
            seats: wanted,
        } => {
            let sold = Seat::Sold { order: *order };
            let ours =
                |seat: &&usize| model.get(seat) == Some(&sold) || attempt_of(model, **seat, *owner) == Some(*attempt);
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
