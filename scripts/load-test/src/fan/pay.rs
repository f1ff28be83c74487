//! The checkout, with declined cards, double clicks and connections that are lost before the answer.

use std::{
    collections::BTreeSet,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use stanchion_fan_client::{FanRequest, FanResponse, RequestKind};
use stanchion_invariants::evidence::OrderConfirmation;
use stanchion_shared::wire::{CartAnswer, CheckoutRequest, OrderAnswer, OrderStatus, PaymentChoice};

use super::{Fan, VisitEnd, VisitResult, queue::ShoppingSession};

use crate::{
    behaviour::{CardHabit, CheckoutHabit},
    tally::{VisitOutcome, one_more},
};

/// Cards that work, by Stripe's names for its test cards.
const GOOD_CARDS: [&str; 4] = [
    "pm_card_visa",
    "pm_card_mastercard",
    "pm_card_visa_debit",
    "pm_card_amex",
];
/// Cards that are declined.
const BAD_CARDS: [&str; 3] = [
    "pm_card_visa_chargeDeclined",
    "pm_card_visa_chargeDeclinedInsufficientFunds",
    "pm_card_chargeDeclinedExpiredCard",
];
/// How long a fan waits for an order to end one way or the other: invariant 2 allows 60 s, and a restart comes on top.
const ORDER_PATIENCE: Duration = Duration::from_secs(120);
/// Pause between two looks at an order.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How paying ended.
pub(super) enum PaymentResult {
    /// With tickets.
    Confirmed,
    /// No card was good enough, as intended.
    AllCardsDeclined,
    /// The seats are gone or the payment failed. The fan chooses other seats.
    ChooseAgain,
}

/// What one checkout led to.
enum CheckoutReply {
    Order(OrderAnswer),
    /// A checkout with this key is under way, perhaps by this fan's first click. The order has to be asked for.
    InProgress,
    Declined,
    ChooseAgain,
    /// The shopping window is over; what became of the order can still be asked.
    WindowOver,
}

impl Fan {
    /// Pays for what is in the cart.
    pub(super) async fn pay(&mut self, session: &ShoppingSession, cart: &CartAnswer) -> VisitResult<PaymentResult> {
        let good = GOOD_CARDS[self.dice.below(GOOD_CARDS.len() as u64) as usize];
        let bad = BAD_CARDS[self.dice.below(BAD_CARDS.len() as u64) as usize];
        let cards = match self.behaviour.cards {
            CardHabit::Good => vec![good],
            CardHabit::DeclinedThenGood => vec![bad, good],
            CardHabit::AllDeclined => vec![bad, bad],
        };
        for card in cards {
            let ask = self.checkout(cart, card);
            // The first try is clumsy, the next one is careful.
            let how = std::mem::replace(&mut self.behaviour.checkout, CheckoutHabit::Once);
            let reply = match how {
                CheckoutHabit::Once => self.click_once(session, &ask).await?,
                CheckoutHabit::DoubleClick => self.double_click(session, &ask).await?,
                CheckoutHabit::LostConnection => self.lose_connection(session, &ask).await?,
            };
            let reply = match reply {
                CheckoutReply::InProgress | CheckoutReply::WindowOver => self.wait_for_order(session, &ask).await?,
                reply => reply,
            };
            match reply {
                CheckoutReply::Order(order) => {
                    self.confirmed(cart, order).await?;
                    return Ok(PaymentResult::Confirmed);
                }
                CheckoutReply::ChooseAgain => return Ok(PaymentResult::ChooseAgain),
                CheckoutReply::Declined if card == good => return self.trouble("checkout: a good card was declined"),
                CheckoutReply::Declined => self.think(2_000, 4_000).await,
                CheckoutReply::InProgress => return self.trouble("checkout: the order never ended"),
                CheckoutReply::WindowOver => return Err(VisitEnd::With(VisitOutcome::WindowOver)),
            }
        }
        Ok(PaymentResult::AllCardsDeclined)
    }

    fn checkout(&mut self, cart: &CartAnswer, card: &str) -> KeyedCheckout {
        let request = CheckoutRequest {
            cart_id: cart.cart_id.clone(),
            payment: PaymentChoice {
                method: "card".to_owned(),
                token: card.to_owned(),
            },
        };
        // The seed repeats itself from run to run, and accounts may, too; the event does not.
        let key = format!("{}-{}", self.context.event, self.dice.name());
        let ask = FanRequest::new(RequestKind::Checkout, Method::POST, "/api/v1/checkout");
        KeyedCheckout {
            ask: ask.header("idempotency-key", key.clone()).json(&request),
            key,
        }
    }

    async fn click_once(&self, session: &ShoppingSession, checkout: &KeyedCheckout) -> VisitResult<CheckoutReply> {
        match self.in_shop(session, checkout.ask.clone()).await {
            Ok(answer) => self.read(&answer),
            Err(VisitEnd::With(VisitOutcome::WindowOver)) => Ok(CheckoutReply::WindowOver),
            Err(end) => Err(end),
        }
    }

    /// Both clicks carry one key, so they are one order, whatever the answer to each is.
    async fn double_click(&self, session: &ShoppingSession, checkout: &KeyedCheckout) -> VisitResult<CheckoutReply> {
        let (one, other) = tokio::join!(self.click_once(session, checkout), self.click_once(session, checkout));
        let (one, other) = (one?, other?);
        match (one, other) {
            (CheckoutReply::Order(one), CheckoutReply::Order(other)) if one.order_id != other.order_id => {
                self.trouble("checkout: a double click made two orders")
            }
            (CheckoutReply::InProgress | CheckoutReply::WindowOver, reply) | (reply, _) => Ok(reply),
        }
    }

    /// The answer is never seen; what became of the order has to be asked.
    async fn lose_connection(
        &mut self,
        session: &ShoppingSession,
        checkout: &KeyedCheckout,
    ) -> VisitResult<CheckoutReply> {
        let until = self.dice.between(Duration::from_millis(1), Duration::from_millis(120));
        let ask = checkout
            .ask
            .clone()
            .shop_token(&session.shop_token)
            .bearer(&self.account.token);
        let _ = tokio::time::timeout(until, self.context.edge.attempt(&ask)).await;
        self.think(500, 1_500).await;
        Ok(CheckoutReply::InProgress)
    }

    /// Asks for the order until it has ended; if there is none, the checkout never arrived and is sent once more.
    async fn wait_for_order(&self, session: &ShoppingSession, checkout: &KeyedCheckout) -> VisitResult<CheckoutReply> {
        let started = Instant::now();
        let path = format!("/api/v1/orders?idempotency_key={}", checkout.key);
        let look_up = FanRequest::new(RequestKind::Order, Method::GET, path).bearer(&self.account.token);
        while started.elapsed() < ORDER_PATIENCE {
            let answer = self.context.edge.send(&look_up).await?;
            let reply = match answer.status {
                StatusCode::NOT_FOUND => self.click_once(session, checkout).await?,
                _ => self.read_order(answer.success()?)?,
            };
            match reply {
                CheckoutReply::InProgress => tokio::time::sleep(LOOK_EVERY).await,
                reply => return Ok(reply),
            }
        }
        self.trouble("order: it did not end in time")
    }

    fn read(&self, answer: &FanResponse) -> VisitResult<CheckoutReply> {
        if answer.status.is_success() {
            return self.read_order(answer.parse()?);
        }
        match (answer.status, answer.word().as_str()) {
            (StatusCode::CONFLICT, "checkout_in_progress") => Ok(CheckoutReply::InProgress),
            (_, word) => match reply_to_failure(word) {
                Some(reply) => reply,
                None => Err(answer.unexpected().into()),
            },
        }
    }

    fn read_order(&self, order: OrderAnswer) -> VisitResult<CheckoutReply> {
        match (order.status, &order.failure) {
            (OrderStatus::Confirmed, _) => Ok(CheckoutReply::Order(order)),
            (OrderStatus::Pending | OrderStatus::Confirming, _) => Ok(CheckoutReply::InProgress),
            (OrderStatus::Failed, failure) => {
                let word = failure.as_deref().unwrap_or("nothing");
                reply_to_failure(word).unwrap_or_else(|| self.trouble(format!("order: failed with {word}")))
            }
        }
    }

    /// The fan holds seat tickets, which must be those of the cart, at its price.
    async fn confirmed(&mut self, cart: &CartAnswer, order: OrderAnswer) -> VisitResult<()> {
        let tally = &self.context.tally;
        let wanted: BTreeSet<&str> = cart
            .seats
            .iter()
            .filter(|s| s.locked)
            .map(|s| s.seat_id.as_str())
            .collect();
        let got: BTreeSet<&str> = order.tickets.iter().map(|ticket| ticket.seat.as_str()).collect();
        if wanted != got || got.len() != order.tickets.len() || order.total != cart.total {
            return self.trouble(format!(
                "checkout: tickets {got:?} for {}, the cart has {wanted:?} for {}",
                order.total, cart.total
            ));
        }
        one_more(&tally.orders);
        tally.tickets.fetch_add(order.tickets.len() as u64, Ordering::Relaxed);
        self.context.evidence.lock().orders.push(OrderConfirmation {
            subject: self.account.subject.clone(),
            order_id: order.order_id.clone(),
            seats: order.tickets.iter().map(|ticket| ticket.seat.clone()).collect(),
            total: order.total,
        });
        match order.tickets.first() {
            Some(ticket) if self.behaviour.looks_at_ticket => {
                let ask = FanRequest::new(RequestKind::QrCode, Method::GET, ticket.qr_code_url.clone())
                    .bearer(&self.account.token);
                let answer = self.context.edge.send(&ask).await?;
                let is_picture = answer.status.is_success() && answer.body.windows(4).any(|bytes| bytes == b"<svg");
                if is_picture {
                    Ok(())
                } else {
                    Err(answer.unexpected().into())
                }
            }
            _ => Ok(()),
        }
    }
}

/// A checkout and the key it is known by.
struct KeyedCheckout {
    ask: FanRequest,
    key: String,
}

/// What a fan makes of a failed order; `None` for a word that no fan should see.
fn reply_to_failure(word: &str) -> Option<VisitResult<CheckoutReply>> {
    match word {
        "payment_declined" => Some(Ok(CheckoutReply::Declined)),
        "lock_expired" | "seats_unavailable" | "payment_failed" | "checkout_abandoned" => {
            Some(Ok(CheckoutReply::ChooseAgain))
        }
        // A part could not be reached and nothing was decided. The fan starts again, with a new key.
        "payment_unavailable" | "inventory_unavailable" => Some(Ok(CheckoutReply::ChooseAgain)),
        "order_refused" => Some(Err(VisitEnd::With(VisitOutcome::Refused))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_no_fan_should_see_is_an_error() {
        assert!(matches!(
            reply_to_failure("payment_declined"),
            Some(Ok(CheckoutReply::Declined))
        ));
        assert!(matches!(
            reply_to_failure("lock_expired"),
            Some(Ok(CheckoutReply::ChooseAgain))
        ));
        assert!(matches!(
            reply_to_failure("order_refused"),
            Some(Err(VisitEnd::With(VisitOutcome::Refused)))
        ));
        assert!(reply_to_failure("internal").is_none());
        assert!(reply_to_failure("").is_none());
    }
}
