//! The cart's endpoints. What changes seats runs in a task of its own: a fan who hangs up between the lock and the cart
//! must not leave seats locked that no cart counts.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use stanchion_shared::{
    admission::ShopClaims,
    timestamp::UnixMillis,
    wire::{CartAnswer, CartSeatsRequest},
};

use super::{
    answer::{Line, answer},
    holdings::{self, Holdings},
    request::{known_seats, section_to_lock, too_many_seats},
    store::{self, Added, Cart, CartEntry},
};
use crate::{
    http::{Error, Json, ShopSession},
    inventory::{EventStock, Lock, LockRequest, Release, load::loading, other_event, section::Unloaded},
    state::SharedApp,
};

/// The routes of this module.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/v1/cart", get(read).delete(empty))
        .route("/api/v1/cart/seats", axum::routing::post(add).delete(remove))
}

async fn read(State(app): State<SharedApp>, session: ShopSession) -> Result<Json<CartAnswer>, Error> {
    let shop = Shop::open(app, session.claims).await?;
    let entries = shop.cart.read().await?;
    shop.answer_with_locks(entries).await.map(Json)
}

async fn add(
    State(app): State<SharedApp>,
    session: ShopSession,
    Json(request): Json<CartSeatsRequest>,
) -> Result<Json<CartAnswer>, Error> {
    let shop = Shop::open_for(app, session.claims, &request).await?;
    section_to_lock(&shop.stock.plan, &request.seat_ids)?;
    in_its_own_task(async move { shop.lock_and_add(request.seat_ids).await })
        .await
        .map(Json)
}

async fn remove(
    State(app): State<SharedApp>,
    session: ShopSession,
    Json(request): Json<CartSeatsRequest>,
) -> Result<Json<CartAnswer>, Error> {
    let shop = Shop::open_for(app, session.claims, &request).await?;
    known_seats(&shop.stock.plan, &request.seat_ids)?;
    in_its_own_task(async move { shop.release_and_take_out(request.seat_ids).await })
        .await
        .map(Json)
}

async fn empty(State(app): State<SharedApp>, session: ShopSession) -> Result<Json<CartAnswer>, Error> {
    let shop = Shop::open(app, session.claims).await?;
    let seats = shop.cart.read().await?.into_iter().map(|entry| entry.seat_id).collect();
    in_its_own_task(async move { shop.release_and_take_out(seats).await })
        .await
        .map(Json)
}

async fn in_its_own_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(work).await.map_err(Error::internal)?
}

/// A session in its event.
struct Shop {
    app: SharedApp,
    claims: ShopClaims,
    stock: Arc<EventStock>,
    cart: Cart,
}

impl Shop {
    async fn open(app: SharedApp, claims: ShopClaims) -> Result<Shop, Error> {
        let stock = app.inventory.event(&app.database, &claims.event).await?;
        let cart = Cart::of(app.inventory.links(), &claims);
        Ok(Shop {
            app,
            claims,
            stock,
            cart,
        })
    }

    async fn open_for(app: SharedApp, claims: ShopClaims, request: &CartSeatsRequest) -> Result<Shop, Error> {
        if claims.event != request.event_id {
            return Err(other_event());
        }
        Shop::open(app, claims).await
    }

    /// The seats are of one section, known and within the limit: [`section_to_lock`] has judged.
    async fn lock_and_add(&self, seats: Vec<String>) -> Result<CartAnswer, Error> {
        let plan = section_to_lock(&self.stock.plan, &seats)?;
        let (_, section) = self
            .stock
            .section(&plan.code)
            .ok_or_else(|| Error::internal("a planned section is gone"))?;
        let request = LockRequest {
            owner: &self.cart.id,
            lock_ms: self.stock.plan.lock_ms,
            not_after: UnixMillis(self.claims.exp.saturating_mul(1000)).min(UnixMillis::MAX),
            seats: &seats,
        };
        let lock = section
            .seats
            .lock(&request)
            .await?
            .map_err(|Unloaded| loading(&self.app, section))?;
        let (ends, held_before) = match lock {
            Lock::Locked { ends, held_before } => (ends, held_before),
            Lock::Taken(unavailable) => return Err(seats_unavailable(unavailable)),
            Lock::SessionOver => return Err(session_over()),
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
                // What no cart lists must not stay locked, whatever the reason.
                if !fresh.is_empty() {
                    let _ = section.seats.release(&self.cart.id, &fresh).await?;
                }
                not_listed?;
                Err(too_many_seats(&self.stock.plan))
            }
        }
    }

    /// Lists seats that were just locked; the whole cart, or `None` if it would hold too many.
    async fn list(&self, section: &str, seats: &[String]) -> Result<Option<Vec<CartEntry>>, Error> {
        let most = self.stock.plan.per_person;
        if let Added::Cart(entries) = self.cart.add(most, section, seats).await? {
            return Ok(Some(entries));
        }
        // Some of what it lists may be over.
        let entries = self.cart.read().await?;
        self.keep_held(entries).await?;
        Ok(match self.cart.add(most, section, seats).await? {
            Added::Cart(entries) => Some(entries),
            Added::Full => None,
        })
    }

    async fn keep_held(
        &self,
        entries: Vec<CartEntry>,
    ) -> Result<(Vec<CartEntry>, BTreeMap<String, UnixMillis>), Error> {
        let (inventory, event) = (&self.app.inventory, &self.claims.event);
        let (left, holdings) = holdings::keep_held(inventory, event, &self.cart.id, entries).await?;
        self.all_loaded(&holdings)?;
        Ok((left, holdings.held))
    }

    fn all_loaded(&self, holdings: &Holdings) -> Result<(), Error> {
        for code in &holdings.unloaded {
            if let Some((_, section)) = self.stock.section(code) {
                return Err(loading(&self.app, section));
            }
        }
        Ok(())
    }

    /// The locks of `locked` are known; the sections of what the cart listed before are asked.
    async fn answer_after_lock(
        &self,
        entries: Vec<CartEntry>,
        mut locked: BTreeMap<String, UnixMillis>,
    ) -> Result<CartAnswer, Error> {
        let (now, before): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .partition(|entry| locked.contains_key(&entry.seat_id));
        if before.is_empty() {
            return self.answer(now, &locked);
        }
        let (mut entries, held) = self.keep_held(before).await?;
        entries.retain(|entry| held.contains_key(&entry.seat_id));
        entries.extend(now);
        locked.extend(held);
        self.answer(entries, &locked)
    }

    async fn release_and_take_out(&self, seats: Vec<String>) -> Result<CartAnswer, Error> {
        // Seen before the locks go: what is added after that stays listed.
        let mut seen = self.cart.read().await?;
        seen.retain(|entry| seats.contains(&entry.seat_id));
        for (code, seats) in self.by_section(&seats)? {
            let Some((_, section)) = self.stock.section(code) else {
                continue;
            };
            let release = section.seats.release(&self.cart.id, &seats).await?;
            match release.map_err(|Unloaded| loading(&self.app, section))? {
                Release::Released(_) => {}
                Release::BeingPaid(_) => return Err(checkout_in_progress()),
            }
        }
        let left = store::take_out(self.app.inventory.links(), &self.cart.id, &seen).await?;
        self.answer_with_locks(left).await
    }

    /// Asks each section what is really held: a cart may list locks that are over.
    async fn answer_with_locks(&self, entries: Vec<CartEntry>) -> Result<CartAnswer, Error> {
        let (inventory, event) = (&self.app.inventory, &self.claims.event);
        let holdings = holdings::of(inventory, event, &self.cart.id, &entries).await?;
        self.all_loaded(&holdings)?;
        self.answer(entries, &holdings.held)
    }

    fn answer(&self, mut entries: Vec<CartEntry>, held: &BTreeMap<String, UnixMillis>) -> Result<CartAnswer, Error> {
        // A cart looks the same each time.
        entries.sort_by(|a, b| (&a.section, &a.seat_id).cmp(&(&b.section, &b.seat_id)));
        let line = |entry: CartEntry| -> Line {
            let held_until = held.get(&entry.seat_id).copied();
            (entry, held_until)
        };
        answer(&self.cart.id, &self.stock.plan, entries.into_iter().map(line).collect())
    }

    fn by_section(&self, seats: &[String]) -> Result<BTreeMap<&str, Vec<String>>, Error> {
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for seat in seats {
            let section = self.stock.plan.section_of(seat);
            let section = section.ok_or_else(|| Error::internal("a cart holds an unknown seat"))?;
            sections.entry(section.code.as_str()).or_default().push(seat.clone());
        }
        Ok(sections)
    }
}

fn seats_unavailable(unavailable: Vec<String>) -> Error {
    Error::conflict("seats_unavailable", "Some of these seats are taken; none was locked.")
        .with("unavailable_seats", unavailable)
}

fn session_over() -> Error {
    let message = "Your time in the shop is over: join the queue again.";
    Error::new(StatusCode::UNAUTHORIZED, "shop_token_expired", message)
}

/// 409 `checkout_in_progress`.
pub(crate) fn checkout_in_progress() -> Error {
    Error::conflict(
        "checkout_in_progress",
        "These seats are being paid for: wait for the answer.",
    )
}
