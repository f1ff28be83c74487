//! An order and the states it can be in, as types: what is done next can only be done from the right state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stanchion_shared::{identity::EventId, money::Minor, timestamp::UnixMillis};
use uuid::Uuid;

use crate::{
    inventory::Paying,
    payments::{Authorisation, router::Held},
};

/// One seat of an order, with the price it was offered at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSeat {
    /// The seat.
    pub seat_id: String,
    /// Its section.
    pub section: String,
    /// Minor units.
    pub price: i64,
    /// Minor units.
    pub fee: i64,
}

/// An order that has not begun.
#[derive(Clone, Debug)]
pub struct Draft {
    /// See [`Order::order_id`].
    pub order_id: Uuid,
    /// See [`Order::account_id`].
    pub account_id: String,
    /// See [`Order::event_id`].
    pub event_id: EventId,
    /// See [`Order::cart_id`].
    pub cart_id: String,
    /// See [`Order::currency`].
    pub currency: String,
    /// See [`Order::total`].
    pub total: Minor,
    /// See [`Order::seats`].
    pub seats: Vec<OrderSeat>,
    /// See [`Order::lease`].
    pub lease: Uuid,
    /// See [`Order::begun_at`].
    pub begun_at: UnixMillis,
}

impl Draft {
    /// The order, once PostgreSQL has begun it and given it its number.
    #[must_use]
    pub fn begun(self, attempt: u32) -> Order {
        Order {
            order_id: self.order_id,
            account_id: self.account_id,
            event_id: self.event_id,
            cart_id: self.cart_id,
            attempt,
            currency: self.currency,
            total: self.total,
            seats: self.seats,
            lease: self.lease,
            begun_at: self.begun_at,
        }
    }
}

/// What is the same in every state.
#[derive(Clone, Debug)]
pub struct Order {
    /// Also the root of the provider's idempotency keys.
    pub order_id: Uuid,
    /// Whose it is.
    pub account_id: String,
    /// The event.
    pub event_id: EventId,
    /// Also the owner of the locks.
    pub cart_id: String,
    /// Its number among the orders of its cart, from 1: cart and attempt name it to the locks.
    pub attempt: u32,
    /// ISO 4217.
    pub currency: String,
    /// What is charged.
    pub total: Minor,
    /// At least one.
    pub seats: Vec<OrderSeat>,
    /// Who works on it: every change names it, and fails once somebody else has taken over.
    pub lease: Uuid,
    /// When it began.
    pub begun_at: UnixMillis,
}

impl Order {
    /// Its name to the locks.
    #[must_use]
    pub fn paying(&self) -> Paying<'_> {
        Paying {
            cart: &self.cart_id,
            attempt: self.attempt,
        }
    }

    /// Seat ids by section: what Redis is told, one script per section.
    #[must_use]
    pub fn by_section(&self) -> BTreeMap<&str, Vec<String>> {
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for seat in &self.seats {
            sections.entry(&seat.section).or_default().push(seat.seat_id.clone());
        }
        sections
    }

    /// All seat ids.
    #[must_use]
    pub fn seat_ids(&self) -> Vec<String> {
        self.seats.iter().map(|seat| seat.seat_id.clone()).collect()
    }
}

/// Begun; nothing is held, unless the provider was asked and nobody knows its answer.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The order.
    pub order: Order,
    /// The provider's token of the card.
    pub payment_token: String,
}

impl Pending {
    /// What the provider is asked, the same each time.
    #[must_use]
    pub fn authorisation(&self) -> Authorisation {
        Authorisation {
            order_id: self.order.order_id.to_string(),
            amount: self.order.total,
            currency: self.order.currency.clone(),
            token: self.payment_token.clone(),
            begun_at: self.order.begun_at,
        }
    }
}

/// The money is held, the tickets are reserved.
#[derive(Clone, Debug)]
pub struct Confirming {
    /// The order.
    pub order: Order,
    /// Who holds the money.
    pub provider: String,
    /// Under which name.
    pub intent: String,
}

/// The money is charged, the tickets are active.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The order.
    pub order: Order,
    /// Ticket and seat.
    pub tickets: Vec<(Uuid, String)>,
}

/// Nothing is held or charged.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The order.
    pub order: Order,
    /// Why.
    pub failure: super::failure::Failure,
}

/// A ledger entry may come too late: somebody else works on the order now, and will finish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseLost;

impl Confirming {
    /// The state after a successful reservation.
    #[must_use]
    pub fn new(order: Order, held: Held) -> Confirming {
        Confirming {
            order,
            provider: held.provider.to_owned(),
            intent: held.intent,
        }
    }
}
