//! Who is in the shop first: whether it matters how a fan asks. Those who were drawn first are compared with those who were in
//! first, of the fans who ask as told and the fans who ask every second.

use serde::Serialize;
use stanchion_shared::timestamp::UnixMillis;

use crate::{
    people::{Manner, People},
    polls::Arrival,
};

/// So many are compared, or half of all if they are fewer.
const COMPARED: usize = 10_000;
/// A fair queue goes beyond the bound once in a million on-sales.
const DEVIATIONS: f64 = 4.891_638;

/// Fans who were let in, in any order.
#[derive(Default)]
pub(crate) struct FirstInShop {
    arrivals: Vec<(UnixMillis, u64, Manner)>,
}

/// Shares of fans who ask as told, among them and those who ask every second.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AskedAsTold {
    pub(crate) compared: usize,
    /// Among those who were drawn first and came.
    pub(crate) of_first_drawn: f64,
    /// Among those who were in the shop first.
    pub(crate) of_first_in: f64,
    /// How far apart both may be: as if both were random samples of the same crowd.
    pub(crate) bound: f64,
}

impl AskedAsTold {
    pub(crate) fn is_fair(&self) -> bool {
        (self.of_first_drawn - self.of_first_in).abs() <= self.bound
    }
}

impl FirstInShop {
    /// The fan is in.
    pub(crate) fn saw(&mut self, people: &People, arrival: Arrival) {
        let manner = people.manners[arrival.fan as usize];
        // Who comes later than told is later by choice.
        if manner != Manner::LaterThanTold {
            self.arrivals.push((arrival.at, arrival.place.0, manner));
        }
    }

    /// `None` where too few were let in.
    pub(crate) fn compare(mut self) -> Option<AskedAsTold> {
        let compared = COMPARED.min(self.arrivals.len() / 2);
        let share = |arrivals: &[(UnixMillis, u64, Manner)]| {
            let as_told = arrivals
                .iter()
                .filter(|(_, _, manner)| *manner == Manner::AsTold)
                .count();
            as_told as f64 / compared as f64
        };
        if compared < 100 {
            return None;
        }
        self.arrivals.sort_unstable_by_key(|(_, place, _)| *place);
        let of_first_drawn = share(&self.arrivals[..compared]);
        self.arrivals.sort_unstable_by_key(|(at, place, _)| (*at, *place));
        let of_first_in = share(&self.arrivals[..compared]);
        let variance = 2.0 * of_first_drawn * (1.0 - of_first_drawn) / compared as f64;
        Some(AskedAsTold {
            compared,
            of_first_drawn,
            of_first_in,
            bound: DEVIATIONS * variance.sqrt(),
        })
    }
}
