//! Gives back the seats of a session that has ended.

use std::collections::BTreeMap;

use stanchion_shared::ids::EventId;

use super::store::{self, CartEntry};
use crate::inventory::{Inventory, InventoryError, UnlockResult};

/// Empties the cart of an ended session. Seats that are being paid for stay: the payment decides.
///
/// # Errors
/// Redis, or a section that is being loaded. What was given back stays given back.
pub async fn empty_of_ended(inventory: &Inventory, event: &EventId, session: &str) -> Result<(), InventoryError> {
    let cart_id = store::cart_id_of(event, session);
    let mut sections: BTreeMap<String, Vec<CartEntry>> = BTreeMap::new();
    for entry in store::read(inventory.redis(), &cart_id).await? {
        sections.entry(entry.section.clone()).or_default().push(entry);
    }
    for (section, entries) in sections {
        let seats: Vec<String> = entries.iter().map(|entry| entry.seat_id.clone()).collect();
        let section = inventory.bare_section(event, &section);
        if let UnlockResult::Unlocked(_) = section.unlock(&cart_id, &seats).await? {
            store::take_out(inventory.redis(), &cart_id, &entries).await?;
        }
    }
    Ok(())
}
