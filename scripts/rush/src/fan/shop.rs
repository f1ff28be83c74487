//! In the shop: look at sections, click on seats, lose them to others, change one's mind.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use stanchion_shared::{
    money::Minor,
    wire::{CartAnswer, CartSeatsRequest, SeatStatus, SeatView, SeatsAnswer, SeatsUnavailable},
};

use super::{Counted, End, Fan, Step, pay::Paid, queue::Session};
use crate::{
    behaviour::{Dice, WalkingAway},
    client::{Answer, Ask},
    clock,
    latency::Kind,
    tally::Outcome,
};

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
struct EventView {
    sections: Vec<SectionView>,
}

#[derive(Deserialize)]
struct SectionView {
    code: String,
    capacity: u32,
}

impl Fan {
    /// From entering the shop to leaving it.
    pub(super) async fn shop(&mut self, session: &Session) -> Step<Outcome> {
        let world = self.world.clone();
        let _shopping = Counted::in_(&world.tally.shopping);
        let ask = Ask::new(Kind::Event, Method::GET, format!("/api/v1/events/{}", world.event));
        let event: EventView = world.edge.send(&ask).await?.success()?;
        for _ in 0..ATTEMPTS {
            let Some(mut cart) = self.choose(session, &event).await? else {
                return Ok(Outcome::FoundNothing);
            };
            if self.behaviour.walking_away == WalkingAway::FromTheShop {
                return Ok(Outcome::WalkedAway);
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
                Paid::Confirmed => return Ok(Outcome::Ticket),
                Paid::AllCardsDeclined => return Ok(Outcome::CardsDeclined),
                Paid::ChooseAgain => self.empty_cart(session).await?,
            }
        }
        Ok(Outcome::FoundNothing)
    }

    /// A cart with locked seats; `None` if nothing was found.
    async fn choose(&mut self, session: &Session, event: &EventView) -> Step<Option<CartAnswer>> {
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
            // Somebody was faster: look at the same section again.
        }
        Ok(None)
    }

    fn any_section<'a>(&mut self, event: &'a EventView) -> &'a SectionView {
        let number = self.dice.below(event.sections.len() as u64);
        &event.sections[number as usize]
    }

    /// The section's seats, if any is available. Every answer is checked against itself and the section's size.
    async fn look(&self, session: &Session, section: &SectionView) -> Step<Option<Vec<SeatView>>> {
        let path = format!("/api/v1/events/{}/seats?section={}", self.world.event, section.code);
        let answer = self.in_shop(session, Ask::new(Kind::Seats, Method::GET, path)).await?;
        let seats: SeatsAnswer = answer.success()?;
        let fault = seats_fault(&seats, section.capacity);
        self.world.notebook.open().seats_answers.count(fault);
        Ok((seats.available > 0).then_some(seats.seats))
    }

    /// Locks all of these or none; `None` if somebody else has one of them.
    async fn lock(&self, session: &Session, seat_ids: Vec<String>) -> Step<Option<CartAnswer>> {
        let tally = &self.world.tally;
        let wanted = seat_ids.len() as u64;
        let answer = self
            .in_shop(session, self.cart_seats(Kind::CartAdd, Method::POST, &seat_ids))
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

    fn cart_seats(&self, kind: Kind, method: Method, seat_ids: &[String]) -> Ask {
        let request = CartSeatsRequest {
            event_id: self.world.event.clone(),
            seat_ids: seat_ids.to_vec(),
        };
        Ask::new(kind, method, "/api/v1/cart/seats").json(&request)
    }

    /// Gives one seat back and, where the section still has one, takes another.
    async fn change_mind(&mut self, session: &Session, cart: CartAnswer) -> Step<CartAnswer> {
        if cart.seats.len() < 2 {
            return Ok(cart);
        }
        let given_back = cart.seats[0].seat_id.clone();
        let ask = self.cart_seats(Kind::CartRemove, Method::DELETE, std::slice::from_ref(&given_back));
        let smaller: CartAnswer = self.in_shop(session, ask).await?.success()?;
        self.check_cart(&smaller);
        if smaller.seats.iter().any(|seat| seat.seat_id == given_back) {
            return self.trouble("cart remove: the seat is still in the cart");
        }
        self.think(500, 2_000).await;
        Ok(self.lock(session, vec![given_back]).await?.unwrap_or(smaller))
    }

    /// Dawdles until the seats are free for others, then looks at the cart.
    async fn let_locks_expire(&self, session: &Session, cart: &CartAnswer) -> Step<()> {
        let Some(end) = cart.lock_expires_at else {
            return self.trouble("cart add: locked seats without an end");
        };
        clock::sleep_until(end.plus(AFTER_THE_LOCK_MS)).await;
        let ask = Ask::new(Kind::CartRead, Method::GET, "/api/v1/cart");
        let later: CartAnswer = self.in_shop(session, ask).await?.success()?;
        self.check_cart(&later);
        if later.seats.iter().any(|seat| seat.locked) {
            return self.trouble("cart read: a seat is held beyond its lock");
        }
        Ok(())
    }

    /// Gives everything back. Seats that are being paid for are not: an undone payment lets them go a moment later.
    async fn empty_cart(&self, session: &Session) -> Step<()> {
        let ask = Ask::new(Kind::CartRemove, Method::DELETE, "/api/v1/cart");
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

    /// Sends with the shop token. That it has ended is no error for a fan who took long.
    pub(super) async fn in_shop(&self, session: &Session, ask: Ask) -> Step<Answer> {
        let answer = self
            .world
            .edge
            .send(&ask.shop_token(&session.shop_token).bearer(&self.account.token))
            .await?;
        if answer.status == StatusCode::UNAUTHORIZED && answer.word() == "shop_token_expired" {
            if clock::now() < session.expires_at.minus(1_000) {
                return self.trouble("the shop closed before the end that was told");
            }
            return Err(End::With(Outcome::WindowOver));
        }
        Ok(answer)
    }

    /// A cart that contradicts itself is an error the fan sees on the page.
    fn check_cart(&self, cart: &CartAnswer) {
        if let Some(fault) = cart_fault(cart) {
            self.world.tally.failed(format!("cart: {fault}"));
        }
    }
}

/// What is wrong with a seats answer, if anything: counters against capacity and against the seats in it.
pub(crate) fn seats_fault(answer: &SeatsAnswer, capacity: u32) -> Option<String> {
    let count = |status| answer.seats.iter().filter(|seat| seat.status == status).count();
    let counted = [SeatStatus::Available, SeatStatus::Locked, SeatStatus::Sold].map(count);
    let told = [answer.available, answer.locked, answer.sold];
    let told_sum: u64 = told.iter().map(|&number| u64::from(number)).sum();
    let fits = told_sum == u64::from(capacity)
        && counted
            .iter()
            .zip(told)
            .all(|(&counted, told)| counted as u64 == u64::from(told));
    (!fits).then(|| {
        let section = &answer.section;
        format!("section {section} of {capacity}: told {told:?}, counted {counted:?} (available, locked, sold)")
    })
}

fn cart_fault(cart: &CartAnswer) -> Option<String> {
    let held = cart.seats.iter().filter(|seat| seat.locked);
    let sum = held.fold(Some(Minor(0)), |sum, seat| sum?.checked_add(seat.price));
    if sum != Some(cart.subtotal) || cart.subtotal.checked_add(cart.fees) != Some(cart.total) {
        return Some("the sums do not add up".to_owned());
    }
    let anything_held = cart.seats.iter().any(|seat| seat.locked);
    (anything_held != cart.lock_expires_at.is_some()).then(|| "the end of the locks is missing or too much".to_owned())
}

/// A seat that is shown as taken: people click on these.
fn taken_seat(seats: &[SeatView]) -> Option<Vec<String>> {
    let taken = seats.iter().find(|seat| seat.status != SeatStatus::Available)?;
    Some(vec![taken.seat_id.clone()])
}

/// Seats side by side where there are some, otherwise any; fewer than wanted if there are no more. `None`: none.
fn pick(seats: &[SeatView], wanted: usize, dice: &mut Dice) -> Option<Vec<String>> {
    let is_free = |seat: &&SeatView| seat.status == SeatStatus::Available;
    let side_by_side = |window: &&[SeatView]| window.iter().all(|seat| is_free(&seat) && seat.row == window[0].row);
    let groups: Vec<&[SeatView]> = seats.windows(wanted).filter(side_by_side).collect();
    if !groups.is_empty() {
        let group = groups[dice.below(groups.len() as u64) as usize];
        return Some(group.iter().map(|seat| seat.seat_id.clone()).collect());
    }
    let any: Vec<String> = seats
        .iter()
        .filter(is_free)
        .take(wanted)
        .map(|seat| seat.seat_id.clone())
        .collect();
    (!any.is_empty()).then_some(any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::{identity::EventId, timestamp::UnixMillis, wire::CartSeat};

    fn seat(row: &str, number: u32, status: SeatStatus) -> SeatView {
        SeatView {
            seat_id: format!("1-{row}-{number}"),
            row: row.to_owned(),
            number,
            price: Minor(100),
            status,
        }
    }

    fn answer() -> SeatsAnswer {
        SeatsAnswer {
            event_id: EventId::parse("e").unwrap(),
            section: "1".to_owned(),
            seats: vec![
                seat("A", 1, SeatStatus::Available),
                seat("A", 2, SeatStatus::Sold),
                seat("B", 1, SeatStatus::Available),
                seat("B", 2, SeatStatus::Available),
                seat("B", 3, SeatStatus::Locked),
            ],
            available: 3,
            locked: 1,
            sold: 1,
            as_of: UnixMillis(0),
        }
    }

    #[test]
    fn counters_that_do_not_add_up_are_noticed() {
        assert_eq!(seats_fault(&answer(), 5), None);
        assert!(seats_fault(&answer(), 6).is_some());
        let moved = SeatsAnswer {
            available: 2,
            locked: 2,
            ..answer()
        };
        assert!(seats_fault(&moved, 5).is_some());
        let mut missing = answer();
        missing.seats.pop();
        assert!(seats_fault(&missing, 5).is_some());
    }

    #[test]
    fn neighbours_are_preferred_and_taken_seats_never_picked() {
        let seats = answer().seats;
        let mut dice = Dice::of(1, 1);
        assert_eq!(
            pick(&seats, 2, &mut dice),
            Some(vec!["1-B-1".to_owned(), "1-B-2".to_owned()])
        );
        assert_eq!(pick(&seats, 4, &mut dice).map(|seats| seats.len()), Some(3));
        assert_eq!(pick(&seats[1..2], 1, &mut dice), None);
        assert_eq!(taken_seat(&seats), Some(vec!["1-A-2".to_owned()]));
    }

    #[test]
    fn a_cart_that_contradicts_itself_is_noticed() {
        let cart = CartAnswer {
            cart_id: "c".to_owned(),
            seats: vec![
                CartSeat {
                    seat_id: "a".to_owned(),
                    locked: true,
                    price: Minor(500),
                },
                CartSeat {
                    seat_id: "b".to_owned(),
                    locked: false,
                    price: Minor(700),
                },
            ],
            currency: "EUR".to_owned(),
            subtotal: Minor(500),
            fees: Minor(60),
            total: Minor(560),
            lock_expires_at: Some(UnixMillis(1)),
        };
        assert_eq!(cart_fault(&cart), None);
        assert!(
            cart_fault(&CartAnswer {
                subtotal: Minor(1_200),
                ..cart.clone()
            })
            .is_some()
        );
        assert!(
            cart_fault(&CartAnswer {
                total: Minor(561),
                ..cart.clone()
            })
            .is_some()
        );
        assert!(
            cart_fault(&CartAnswer {
                lock_expires_at: None,
                ..cart
            })
            .is_some()
        );
    }
}
