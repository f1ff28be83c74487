//! What a cart really holds. A cart lists seats, their sections hold the locks: this asks the sections, and takes out of a
//! cart what it lists and does not hold.

use std::collections::{BTreeMap, BTreeSet};

use redis::RedisResult;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use super::store::{self, CartEntry};
use crate::inventory::{Inventory, section::Unloaded};

/// The locks behind the entries of a cart.
pub(super) struct Holdings {
    /// Seats that are held, and until when.
    pub(super) held: BTreeMap<String, UnixMillis>,
    /// Sections that cannot say now, because they are being loaded.
    pub(super) unloaded: BTreeSet<String>,
}

impl Holdings {
    /// Whether the section of `entry` has said that the cart does not hold it.
    fn lacks(&self, entry: &CartEntry) -> bool {
        !self.held.contains_key(&entry.seat_id) && !self.unloaded.contains(&entry.section)
    }
}

/// Asks the sections, one script each.
pub(super) async fn of(
    inventory: &Inventory,
    event: &EventId,
    cart_id: &str,
    entries: &[CartEntry],
) -> RedisResult<Holdings> {
    let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for entry in entries {
        sections.entry(&entry.section).or_default().push(entry.seat_id.clone());
    }
    let (mut held, mut unloaded) = (BTreeMap::new(), BTreeSet::new());
    for (code, seats) in sections {
        match inventory.bare_section(event, code).owned(cart_id, &seats).await? {
            Ok(ends) => held.extend(seats.into_iter().zip(ends).filter_map(|(seat, end)| Some((seat, end?)))),
            Err(Unloaded) => {
                unloaded.insert(code.to_owned());
            }
        }
    }
    Ok(Holdings { held, unloaded })
}

/// Takes the entries out of the cart that it does not hold; what is left, and the locks behind it.
pub(super) async fn keep_held(
    inventory: &Inventory,
    event: &EventId,
    cart_id: &str,
    entries: Vec<CartEntry>,
) -> RedisResult<(Vec<CartEntry>, Holdings)> {
    let holdings = of(inventory, event, cart_id, &entries).await?;
    let lacking: Vec<CartEntry> = entries.iter().filter(|entry| holdings.lacks(entry)).cloned().collect();
    if lacking.is_empty() {
        return Ok((entries, holdings));
    }
    let left = store::take_out(inventory.links(), cart_id, &lacking).await?;
    Ok((left, holdings))
}

/// Takes those of `seats` out of a cart that it does not hold any more: an order of it has ended, perhaps long ago, and its
/// fan may have locked some of them again.
///
/// # Errors
/// Redis.
pub async fn drop_lost(inventory: &Inventory, event: &EventId, cart_id: &str, seats: &[String]) -> RedisResult<()> {
    let mut entries = store::read(inventory.links(), cart_id).await?;
    entries.retain(|entry| seats.contains(&entry.seat_id));
    keep_held(inventory, event, cart_id, entries).await.map(drop)
}
