//! Removes expired locks from Redis, a bounded number at a time. Nothing depends on it: every read and
//! every lock sees their seats as available from the millisecond in which they expire. It only keeps
//! Redis's memory small.

use std::{sync::Arc, time::Duration};

use super::{
    error::InventoryError,
    lock_times::CHECKOUT_LOCK_MS,
    stock::{Inventory, SectionStock},
};

/// Pause between two rounds over all sections.
pub const SWEEP_EVERY: Duration = Duration::from_secs(1);
/// Locks removed by one script: some 100 microseconds of Redis.
pub const SWEEP_BATCH: u64 = 200;
/// Scripts per section and round.
pub const SWEEP_ROUNDS: u32 = 10;

/// Removes expired locks until the task is stopped.
pub async fn remove_forever(inventory: Arc<Inventory>) {
    loop {
        tokio::time::sleep(SWEEP_EVERY).await;
        for stock in inventory.all() {
            // A section in which this process locked nothing for so long has none of its locks
            // left.
            let quiet_after = Duration::from_millis(2 * (stock.plan.lock_ms + CHECKOUT_LOCK_MS));
            for section in &stock.sections {
                if is_busy(section, quiet_after) {
                    sweep_section(section).await;
                }
            }
        }
    }
}

fn is_busy(section: &SectionStock, quiet_after: Duration) -> bool {
    let last = *section.last_lock.lock().expect("no holder panics");
    last.is_some_and(|last| last.elapsed() < quiet_after)
}

async fn sweep_section(section: &SectionStock) {
    for _ in 0..SWEEP_ROUNDS {
        match section.seats.sweep(SWEEP_BATCH).await {
            Ok(removed) if removed == SWEEP_BATCH => {}
            Ok(_) | Err(InventoryError::Unloaded(_)) => return,
            Err(error) => {
                tracing::warn!(%error, section = %section.seats.id(), "sweep failed");
                return;
            }
        }
    }
}
