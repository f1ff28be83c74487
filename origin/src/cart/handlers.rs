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
    request::{known_seats, section_to_lock, too_many_seats},
    store::{Added, Cart, CartEntry},
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
    in_its_own_task(async move { shop.release_and_remove(request.seat_ids).await })
        .await
        .map(Json)
}

async fn empty(State(app): State<SharedApp>, session: ShopSession) -> Result<Json<CartAnswer>, Error> {
    let shop = Shop::open(app, session.claims).await?;
    let seats = shop.cart.read().await?.into_iter().map(|entry| entry.seat_id).collect();
    in_its_own_task(async move { shop.release_and_remove(seats).await })
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
        let locked: Vec<(String, UnixMillis)> = fresh
            .iter()
            .map(|seat| (seat.clone(), ends))
            .chain(held_before)
            .collect();
        match self.cart.add(self.stock.plan.per_person, &plan.code, &locked).await? {
            Added::Cart(entries) => {
                let lines = entries
                    .into_iter()
                    .map(|entry| (entry.ends, entry))
                    .map(|(ends, entry)| (entry, Some(ends)));
                answer(&self.cart.id, &self.stock.plan, lines.collect())
            }
            Added::Full => {
                if !fresh.is_empty() {
                    let _ = section.seats.release(&self.cart.id, &fresh).await?;
                }
                Err(too_many_seats(&self.stock.plan))
            }
        }
    }

    async fn release_and_remove(&self, seats: Vec<String>) -> Result<CartAnswer, Error> {
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
        let left = self.cart.remove(&seats).await?;
        self.answer_with_locks(left).await
    }

    /// Asks each section what is really held: a cart may list locks that Redis has forgotten in a failover.
    async fn answer_with_locks(&self, entries: Vec<CartEntry>) -> Result<CartAnswer, Error> {
        let seats: Vec<String> = entries.iter().map(|entry| entry.seat_id.clone()).collect();
        let mut held: BTreeMap<String, UnixMillis> = BTreeMap::new();
        for (code, seats) in self.by_section(&seats)? {
            let Some((_, section)) = self.stock.section(code) else {
                continue;
            };
            let ends = section.seats.owned(&self.cart.id, &seats).await?;
            let ends = ends.map_err(|Unloaded| loading(&self.app, section))?;
            held.extend(
                seats
                    .into_iter()
                    .zip(ends)
                    .filter_map(|(seat, ends)| Some((seat, ends?))),
            );
        }
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
