//! The seats in Redis, against a model and against crowds: no seat has two owners, and in every read
//! available + locked + sold = capacity.

#[path = "../stage/mod.rs"]
mod stage;

mod crash;
mod loading;
mod locks;
mod model;
mod payment;
mod scripts;

use stage::{event_id, redis_url};
use stanchion_origin::inventory::{Counts, Inventory, Lock, LockRequest, Paying, Section, section::SectionState};
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

pub(crate) const LONG_MS: u64 = 600_000;

pub(crate) fn a_section() -> Section {
    let inventory = Inventory::new(&redis_url()).unwrap();
    inventory.bare_section(&EventId::parse(&event_id()).unwrap(), "A")
}

pub(crate) async fn loaded(capacity: u64) -> Section {
    let section = a_section();
    assert!(section.load(capacity, &[]).await.unwrap());
    section
}

pub(crate) fn seats(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("A-1-{number}")).collect()
}

pub(crate) async fn lock_for(section: &Section, owner: &str, wanted: &[String], lock_ms: u64) -> Lock {
    let request = LockRequest {
        owner,
        lock_ms,
        not_after: UnixMillis::MAX,
        seats: wanted,
    };
    section.lock(&request).await.unwrap().unwrap()
}

pub(crate) async fn read(section: &Section) -> SectionState {
    let state = section.read().await.unwrap().unwrap();
    let Counts { capacity, locked, sold } = state.counts;
    let held = |sold: bool| state.held.iter().filter(|(_, letter)| (*letter == 'S') == sold).count() as u64;
    assert_eq!(
        (held(false), held(true)),
        (locked, sold),
        "the counters say what the seats say"
    );
    assert_eq!(state.counts.available() + locked + sold, capacity);
    state
}

pub(crate) fn is_locked(lock: &Lock) -> bool {
    matches!(lock, Lock::Locked { .. })
}

/// The checkout of `cart` that is its `attempt`-th.
pub(crate) fn paying(cart: &str, attempt: u32) -> Paying<'_> {
    Paying { cart, attempt }
}
