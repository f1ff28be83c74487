//! The seats in Redis, against a model and against crowds: no seat has two owners, and in every read
//! available + locked + sold = capacity.

mod crash;
mod loading;
mod locks;
mod model;
mod payment;
mod scripts;

use crate::harness::{event_id, redis_url};
use stanchion_origin::inventory::{
    Inventory, InventoryError, LockRequest, LockResult, PayingOrder, SeatCounts, Section, SectionState,
};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

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

pub(crate) async fn lock_for(section: &Section, owner: &str, wanted: &[String], lock_ms: u64) -> LockResult {
    let request = LockRequest {
        owner,
        lock_ms,
        not_after: UnixMillis::MAX,
        seats: wanted,
    };
    section.lock(&request).await.unwrap()
}

pub(crate) async fn read(section: &Section) -> SectionState {
    let state = section.read().await.unwrap();
    let SeatCounts { capacity, locked, sold } = state.counts;
    let held = |sold: bool| state.held.iter().filter(|(_, letter)| (*letter == 'S') == sold).count() as u64;
    assert_eq!(
        (held(false), held(true)),
        (locked, sold),
        "the counters say what the seats say"
    );
    assert_eq!(state.counts.available() + locked + sold, capacity);
    state
}

pub(crate) fn is_unloaded<T>(result: Result<T, InventoryError>) -> bool {
    matches!(result, Err(InventoryError::Unloaded(_)))
}

pub(crate) fn is_locked(lock: &LockResult) -> bool {
    matches!(lock, LockResult::Locked { .. })
}

/// The checkout of `cart` that is its `attempt`-th.
pub(crate) fn paying(cart: &str, attempt: u32) -> PayingOrder<'_> {
    PayingOrder { cart, attempt }
}
