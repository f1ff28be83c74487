//! The locks behind a cart. A cart only lists seats; the locks are in the sections. This module
//! reads them there, and takes seats out of a cart that it lists and does not hold.

use std::collections::BTreeMap;

use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use super::store::{self, CartEntry};
use crate::inventory::{Inventory, InventoryError, SectionId};

/// The locks behind the entries of a cart.
pub(super) struct HeldSeats {
    /// Seats that are held, and when their locks end.
    pub(super) until: BTreeMap<String, UnixMillis>,
    /// Sections that cannot answer now, because they are being loaded.
    pub(super) unloaded: Vec<SectionId>,
}

impl HeldSeats {
    /// Whether the section of `entry` has said that the cart does not hold it.
    fn lacks(&self, entry: &CartEntry) -> bool {
        !self.until.contains_key(&entry.seat_id) && self.unloaded.iter().all(|section| section.code != entry.section)
    }
}

/// Reads the locks, with one script per section.
pub(super) async fn read(
    inventory: &Inventory,
    event: &EventId,
    cart_id: &str,
    entries: &[CartEntry],
) -> Result<HeldSeats, InventoryError> {
    let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries {
        sections.entry(&entry.section).or_default().push(entry.seat_id.clone());
    }
    let (mut until, mut unloaded) = (BTreeMap::new(), Vec::new());
    for (code, seats) in sections {
        match inventory.bare_section(event, code).owned(cart_id, &seats).await {
            Ok(ends) => until.extend(seats.into_iter().zip(ends).filter_map(|(seat, end)| Some((seat, end?)))),
            Err(InventoryError::Unloaded(section)) => unloaded.push(section),
            Err(error) => return Err(error),
        }
    }
    Ok(HeldSeats { until, unloaded })
}

/// Takes the entries out of the cart that it does not hold. Returns the others, and the locks
/// behind them.
pub(super) async fn remove_lost(
    inventory: &Inventory,
    event: &EventId,
    cart_id: &str,
    entries: Vec<CartEntry>,
) -> Result<(Vec<CartEntry>, HeldSeats), InventoryError> {
    let held = read(inventory, event, cart_id, &entries).await?;
    let lacking: Vec<CartEntry> = entries.iter().filter(|entry| held.lacks(entry)).cloned().collect();
    if lacking.is_empty() {
        return Ok((entries, held));
    }
    let left = store::take_out(inventory.redis(), cart_id, &lacking).await?;
    Ok((left, held))
}

/// Takes those of `seats` out of a cart that it does not hold any more. An order of the cart has
/// ended, perhaps long ago, and its fan may have locked some of them again.
///
/// # Errors
/// Redis.
pub async fn drop_lost(
    inventory: &Inventory,
    event: &EventId,
    cart_id: &str,
    seats: &[String],
) -> Result<(), InventoryError> {
    let mut entries = store::read(inventory.redis(), cart_id).await?;
    entries.retain(|entry| seats.contains(&entry.seat_id));
    remove_lost(inventory, event, cart_id, entries).await.map(drop)
}
