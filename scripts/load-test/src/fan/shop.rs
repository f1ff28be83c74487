//! The shop: a fan looks at sections, clicks on seats, loses them to other fans, and may change their mind.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use stanchion_fan_client::{FanRequest, FanResponse, RequestKind, clock};
use stanchion_shared::wire::{CartAnswer, CartSeatsRequest, SeatView, SeatsAnswer, SeatsUnavailable};

use super::{
    CountGuard, Fan, VisitEnd, VisitResult,
    pay::PaymentResult,
    queue::ShoppingSession,
    seats::{cart_fault, pick, seats_fault, taken_seat},
};

use crate::{behaviour::WalkingAway, tally::VisitOutcome};

/// Sections a fan looks at before going home without seats.
const LOOKS: u32 = 12;
/// How often a fan starts again with other seats.
const ATTEMPTS: u32 = 5;
/// Past the end of a lock before a fan looks at the cart again, in ms.
const AFTER_THE_LOCK_MS: u64 = 300;
/// A failed checkout lets its seats go within this time.
const UNDONE_WITHIN_SECONDS: u32 = 60;

/// As much of `GET /api/v1/events/{id}` as a fan needs.
#[derive(Deserialize)]
struct ShopEvent {
    sections: Vec<ShopSection>,
}

#[derive(Deserialize)]
struct ShopSection {
    code: String,
    capacity: u32,
}

impl Fan {
    /// From entering the shop to leaving it.
    pub(super) async fn shop(&mut self, session: &ShoppingSession) -> VisitResult<VisitOutcome> {
        let context = self.context.clone();
        let _shopping = CountGuard::in_(&context.tally.shopping);
        let ask = FanRequest::new(
            RequestKind::Event,
            Method::GET,
            format!("/api/v1/events/{}", context.event),
        );
        let event: ShopEvent = context.edge.send(&ask).await?.success()?;
        for _ in 0..ATTEMPTS {
            let Some(mut cart) = self.choose(session, &event).await? else {
                return Ok(VisitOutcome::FoundNothing);
            };
            if self.behaviour.walking_away == WalkingAway::FromTheShop {
                return Ok(VisitOutcome::WalkedAway);
            }
            if std::mem::take(&mut self.behaviour.lets_locks_expire) {
                self.let_locks_expire(session, &cart).await?;
                continue;
            }
            if std::mem::take(&mut self.behaviour.changes_mind) {
                cart = self.change_mind(session, cart).await?;
            }
            self.think(2_000, 5_000).await;
            match self.pay(session, &cart).await? {
                PaymentResult::Confirmed => return Ok(VisitOutcome::Ticket),
                PaymentResult::AllCardsDeclined => return Ok(VisitOutcome::CardsDeclined),
                PaymentResult::ChooseAgain => self.empty_cart(session).await?,
            }
        }
        Ok(VisitOutcome::FoundNothing)
    }

    /// A cart with locked seats; `None` if nothing was found.
    async fn choose(&mut self, session: &ShoppingSession, event: &ShopEvent) -> VisitResult<Option<CartAnswer>> {
        let mut section = self.any_section(event);
        for _ in 0..LOOKS {
            let Some(seats) = self.look(session, section).await? else {
                section = self.any_section(event);
                continue;
            };
            let wish = if std::mem::take(&mut self.behaviour.clicks_taken_seats) {
                taken_seat(&seats)
            } else {
                None
            };
            let wish = wish.or_else(|| pick(&seats, self.behaviour.seats, &mut self.dice));
            let Some(wish) = wish else {
                section = self.any_section(event);
                continue;
            };
            self.think(1_000, 3_000).await;
            if let Some(cart) = self.lock(session, wish).await? {
                return Ok(Some(cart));
            }
            // Another fan was faster. The fan looks at the same section again.
        }
        Ok(None)
    }

    fn any_section<'a>(&mut self, event: &'a ShopEvent) -> &'a ShopSection {
        let number = self.dice.below(event.sections.len() as u64);
        &event.sections[number as usize]
    }

    /// The section's seats, if any is available. Every answer is checked against itself and the section's size.
    async fn look(&self, session: &ShoppingSession, section: &ShopSection) -> VisitResult<Option<Vec<SeatView>>> {
        let path = format!("/api/v1/events/{}/seats?section={}", self.context.event, section.code);
        let answer = self
            .in_shop(session, FanRequest::new(RequestKind::Seats, Method::GET, path))
            .await?;
        let seats: SeatsAnswer = answer.success()?;
        let fault = seats_fault(&seats, section.capacity);
        self.context.evidence.lock().seats_answers.count(fault);
        Ok((seats.available > 0).then_some(seats.seats))
    }

    /// Locks all of these seats or none; `None` if another fan has one of them.
    async fn lock(&self, session: &ShoppingSession, seat_ids: Vec<String>) -> VisitResult<Option<CartAnswer>> {
        let tally = &self.context.tally;
        let wanted = seat_ids.len() as u64;
        let answer = self
            .in_shop(session, self.cart_seats(RequestKind::CartAdd, Method::POST, &seat_ids))
            .await?;
        if answer.status == StatusCode::CONFLICT && answer.word() == "seats_unavailable" {
            let told: SeatsUnavailable = answer.parse()?;
            if told.unavailable_seats.is_empty() || !told.unavailable_seats.iter().all(|seat| seat_ids.contains(seat)) {
                return self.trouble("cart add: the unavailable seats are not among those asked for");
            }
            tally.seats_taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return Ok(None);
        }
        let cart: CartAnswer = answer.success()?;
        self.check_cart(&cart);
        tally
            .seats_locked
            .fetch_add(wanted, std::sync::atomic::Ordering::Relaxed);
        if !seat_ids
            .iter()
            .all(|seat| cart.seats.iter().any(|held| held.seat_id == *seat && held.locked))
        {
            return self.trouble("cart add: a seat that was locked is not in the cart");
        }
        Ok(Some(cart))
    }

    fn cart_seats(&self, kind: RequestKind, method: Method, seat_ids: &[String]) -> FanRequest {
        let request = CartSeatsRequest {
            event_id: self.context.event.clone(),
            seat_ids: seat_ids.to_vec(),
        };
        FanRequest::new(kind, method, "/api/v1/cart/seats").json(&request)
    }

    /// Gives one seat back and, where the section still has one, takes another.
    async fn change_mind(&mut self, session: &ShoppingSession, cart: CartAnswer) -> VisitResult<CartAnswer> {
        if cart.seats.len() < 2 {
            return Ok(cart);
        }
        let given_back = cart.seats[0].seat_id.clone();
        let ask = self.cart_seats(
            RequestKind::CartRemove,
            Method::DELETE,
            std::slice::from_ref(&given_back),
        );
        let smaller: CartAnswer = self.in_shop(session, ask).await?.success()?;
        self.check_cart(&smaller);
        if smaller.seats.iter().any(|seat| seat.seat_id == given_back) {
            return self.trouble("cart remove: the seat is still in the cart");
        }
        self.think(500, 2_000).await;
        Ok(self.lock(session, vec![given_back]).await?.unwrap_or(smaller))
    }

    /// Dawdles until the seats are free for others, then looks at the cart.
    async fn let_locks_expire(&self, session: &ShoppingSession, cart: &CartAnswer) -> VisitResult<()> {
        let Some(end) = cart.lock_expires_at else {
            return self.trouble("cart add: locked seats without an end");
        };
        clock::sleep_until(end.plus(AFTER_THE_LOCK_MS)).await;
        let ask = FanRequest::new(RequestKind::CartRead, Method::GET, "/api/v1/cart");
        let later: CartAnswer = self.in_shop(session, ask).await?.success()?;
        self.check_cart(&later);
        if later.seats.iter().any(|seat| seat.locked) {
            return self.trouble("cart read: a seat is held beyond its lock");
        }
        Ok(())
    }

    /// Gives everything back. Seats that are being paid for stay locked until the payment is undone, a moment later.
    async fn empty_cart(&self, session: &ShoppingSession) -> VisitResult<()> {
        let ask = FanRequest::new(RequestKind::CartRemove, Method::DELETE, "/api/v1/cart");
        for _ in 0..UNDONE_WITHIN_SECONDS {
            let answer = self.in_shop(session, ask.clone()).await?;
            if answer.status == StatusCode::CONFLICT && answer.word() == "checkout_in_progress" {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            let empty: CartAnswer = answer.success()?;
            self.check_cart(&empty);
            return Ok(());
        }
        self.trouble("cart remove: a failed checkout holds its seats")
    }

    /// Sends a request with the shop token. For a fan who took long, an expired token is no error.
    pub(super) async fn in_shop(&self, session: &ShoppingSession, ask: FanRequest) -> VisitResult<FanResponse> {
        let answer = self
            .context
            .edge
            .send(&ask.shop_token(&session.shop_token).bearer(&self.account.token))
            .await?;
        if answer.status == StatusCode::UNAUTHORIZED && answer.word() == "shop_token_expired" {
            if clock::now() < session.expires_at.minus(1_000) {
                return self.trouble("the shop closed before the end that was told");
            }
            return Err(VisitEnd::With(VisitOutcome::WindowOver));
        }
        Ok(answer)
    }

    /// A cart that contradicts itself is an error the fan sees on the page.
    fn check_cart(&self, cart: &CartAnswer) {
        if let Some(fault) = cart_fault(cart) {
            self.context.tally.failed(format!("cart: {fault}"));
        }
    }
}
