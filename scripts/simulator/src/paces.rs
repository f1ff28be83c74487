//! What the edge would find for the pace at past seconds, each worked out once.

use std::cell::RefCell;

use stanchion_shared::{
    schedule::{Pace, Schedule},
    timestamp::UnixMillis,
};

/// More seconds than the longest interval between two polls, twice.
const REMEMBERED_SECONDS: usize = 4_096;

/// The paces at the last seconds.
pub(crate) struct RememberedPaces {
    paces: RefCell<Vec<Option<(UnixMillis, Pace)>>>,
}

impl RememberedPaces {
    pub(crate) fn new() -> RememberedPaces {
        RememberedPaces {
            paces: RefCell::new(vec![None; REMEMBERED_SECONDS]),
        }
    }

    /// The pace at `second`, which is not in the future. The former law asks at any instant; the second is near enough for it.
    pub(crate) fn at(&self, schedule: &Schedule, second: UnixMillis) -> Pace {
        let second = UnixMillis(second.floor_seconds() * 1000);
        let remembered = &mut self.paces.borrow_mut()[(second.floor_seconds() % REMEMBERED_SECONDS as u64) as usize];
        match remembered {
            Some((at, pace)) if *at == second => pace.clone(),
            _ => {
                let pace = schedule.pace(second);
                *remembered = Some((second, pace.clone()));
                pace
            }
        }
    }
}
