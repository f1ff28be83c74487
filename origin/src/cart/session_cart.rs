//! Reads and changes the cart of a session. A change of seats runs in a task of its own: a fan who
//! hangs up between the lock and the cart must not leave seats locked that no cart lists.

use std::{collections::BTreeMap, sync::Arc};

use sqlx::PgPool;
use stanchion_shared::{shop_token::ShopClaims, timestamp::UnixMillis, wire::CartAnswer};

use super::{
    CartError,
    cart_answer::{Line, cart_answer},
    held_seats::{self, HeldSeats},
    requested_seats::{known_seats, section_to_lock},
    store::{self, Added, Cart, CartEntry},
};
use crate::{
    error::InternalError,
    inventory::{EventStock, Inventory, InventoryError, LockRequest, LockResult, UnlockResult, unless_unloaded},
};

async fn in_its_own_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, CartError>> + Send + 'static,
) -> Result<T, CartError> {
    tokio::spawn(work).await.map_err(InternalError::new)?
}

/// The cart of one shopping session, with the seats of its event.
pub(super) struct SessionCart {
    inventory: Arc<Inventory>,
    claims: ShopClaims,
    stock: Arc<EventStock>,
    cart: Cart,
}

impl SessionCart {
    /// The cart of `claims`' session.
    ///
    /// # Errors
    /// [`InventoryError::EventNotFound`], or the database.
    pub(super) async fn open(
        inventory: &Arc<Inventory>,
        database: &PgPool,
        claims: ShopClaims,
    ) -> Result<SessionCart, InventoryError> {
        let stock = inventory.event(database, &claims.event).await?;
        let cart = Cart::of(inventory.redis(), &claims);
        Ok(SessionCart {
            inventory: inventory.clone(),
            claims,
            stock,
            cart,
        })
    }

    /// Reads the cart.
    pub(super) async fn read(&self) -> Result<CartAnswer, CartError> {
        let entries = self.cart.read().await?;
        self.answer_with_locks(entries).await
    }

    /// Locks seats of one section, all or none, and lists them.
    pub(super) async fn add_seats(self, seats: Vec<String>) -> Result<CartAnswer, CartError> {
        section_to_lock(&self.stock.plan, &seats)?;
        in_its_own_task(async move { self.lock_and_list(seats).await }).await
    }

    /// Gives seats back.
    pub(super) async fn remove_seats(self, seats: Vec<String>) -> Result<CartAnswer, CartError> {
        known_seats(&self.stock.plan, &seats)?;
        in_its_own_task(async move { self.unlock_and_take_out(seats).await }).await
    }

    /// Gives all seats back.
    pub(super) async fn empty(self) -> Result<CartAnswer, CartError> {
        let seats = self.cart.read().await?.into_iter().map(|entry| entry.seat_id).collect();
        in_its_own_task(async move { self.unlock_and_take_out(seats).await }).await
    }

    /// [`section_to_lock`] has checked that the seats are of one section, known and within the
    /// limit.
    async fn lock_and_list(&self, seats: Vec<String>) -> Result<CartAnswer, CartError> {
        let plan = section_to_lock(&self.stock.plan, &seats)?;
        let (_, section) = self
            .stock
            .section(&plan.code)
            .ok_or_else(|| InternalError::new("a planned section is gone"))?;
        let request = LockRequest {
            owner: &self.cart.id,
            lock_ms: self.stock.plan.lock_ms,
            not_after: UnixMillis(self.claims.exp.saturating_mul(1000)).min(UnixMillis::MAX),
            seats: &seats,
        };
        let (ends, held_before) = match section.seats.lock(&request).await? {
            LockResult::Locked { ends, held_before } => (ends, held_before),
            LockResult::Taken(unavailable) => return Err(CartError::SeatsUnavailable { seats: unavailable }),
            LockResult::SessionOver => return Err(CartError::SessionOver),
        };
        section.note_lock();
        let fresh: Vec<String> = seats
            .iter()
            .filter(|seat| held_before.iter().all(|(held, _)| held != *seat))
            .cloned()
            .collect();
        let locked = fresh.iter().map(|seat| (seat.clone(), ends)).chain(held_before);
        let locked: BTreeMap<String, UnixMillis> = locked.collect();
        match self.list(&plan.code, &seats).await {
            Ok(Some(entries)) => self.answer_after_lock(entries, locked).await,
            not_listed => {
                // Seats that no cart lists must not stay locked, whatever the reason.
                if !fresh.is_empty() {
                    unless_unloaded(section.seats.unlock(&self.cart.id, &fresh).await)?;
                }
                not_listed?;
                Err(CartError::TooManySeats {
                    most: self.stock.plan.per_person,
                })
            }
        }
    }

    /// Adds seats that were just locked to the cart. Returns the whole cart, or `None` if it would
    /// list too many.
    async fn list(&self, section: &str, seats: &[String]) -> Result<Option<Vec<CartEntry>>, CartError> {
        let most = self.stock.plan.per_person;
        if let Added::Cart(entries) = self.cart.add(most, section, seats).await? {
            return Ok(Some(entries));
        }
        // Some of the listed locks may have expired.
        let entries = self.cart.read().await?;
        self.remove_lost(entries).await?;
        Ok(match self.cart.add(most, section, seats).await? {
            Added::Cart(entries) => Some(entries),
            Added::Full => None,
        })
    }

    async fn remove_lost(
        &self,
        entries: Vec<CartEntry>,
    ) -> Result<(Vec<CartEntry>, BTreeMap<String, UnixMillis>), CartError> {
        let (inventory, event) = (&self.inventory, &self.claims.event);
        let (left, held) = held_seats::remove_lost(inventory, event, &self.cart.id, entries).await?;
        self.all_loaded(&held)?;
        Ok((left, held.until))
    }

    fn all_loaded(&self, held: &HeldSeats) -> Result<(), CartError> {
        match held.unloaded.first() {
            Some(section) => Err(InventoryError::Unloaded(section.clone()).into()),
            None => Ok(()),
        }
    }

    /// The ends of `locked` are known. The locks of the other seats are read from their sections.
    async fn answer_after_lock(
        &self,
        entries: Vec<CartEntry>,
        mut locked: BTreeMap<String, UnixMillis>,
    ) -> Result<CartAnswer, CartError> {
        let (now, before): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|entry| locked.contains_key(&entry.seat_id));
        if before.is_empty() {
            return self.answer(now, &locked);
        }
        let (mut entries, held) = self.remove_lost(before).await?;
        entries.retain(|entry| held.contains_key(&entry.seat_id));
        entries.extend(now);
        locked.extend(held);
        self.answer(entries, &locked)
    }

    async fn unlock_and_take_out(&self, seats: Vec<String>) -> Result<CartAnswer, CartError> {
        // Read before the seats are unlocked: a seat that is added after that stays listed.
        let mut seen = self.cart.read().await?;
        seen.retain(|entry| seats.contains(&entry.seat_id));
        for (code, seats) in self.by_section(&seats)? {
            let Some((_, section)) = self.stock.section(code) else {
                continue;
            };
            match section.seats.unlock(&self.cart.id, &seats).await? {
                UnlockResult::Unlocked(_) => {}
                UnlockResult::BeingPaid(_) => return Err(CartError::CheckoutInProgress),
            }
        }
        let left = store::take_out(self.inventory.redis(), &self.cart.id, &seen).await?;
        self.answer_with_locks(left).await
    }

    /// Reads the locks in each section, because a cart may list expired ones.
    async fn answer_with_locks(&self, entries: Vec<CartEntry>) -> Result<CartAnswer, CartError> {
        let (inventory, event) = (&self.inventory, &self.claims.event);
        let held = held_seats::read(inventory, event, &self.cart.id, &entries).await?;
        self.all_loaded(&held)?;
        self.answer(entries, &held.until)
    }

    fn answer(
        &self,
        mut entries: Vec<CartEntry>,
        held: &BTreeMap<String, UnixMillis>,
    ) -> Result<CartAnswer, CartError> {
        // A cart looks the same each time.
        entries.sort_by(|a, b| (&a.section, &a.seat_id).cmp(&(&b.section, &b.seat_id)));
        let line = |entry: CartEntry| -> Line {
            let held_until = held.get(&entry.seat_id).copied();
            (entry, held_until)
        };
        let lines = entries.into_iter().map(line).collect();
        Ok(cart_answer(&self.cart.id, &self.stock.plan, lines)?)
    }

    fn by_section(&self, seats: &[String]) -> Result<BTreeMap<&str, Vec<String>>, CartError> {
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for seat in seats {
            let section = self.stock.plan.section_of(seat);
            let section = section.ok_or_else(|| InternalError::new("a cart holds an unknown seat"))?;
            sections.entry(section.code.as_str()).or_default().push(seat.clone());
        }
        Ok(sections)
    }
}
