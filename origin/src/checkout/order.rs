//! An order and its states as types, so that each step can only be taken from the right state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stanchion_shared::{ids::EventId, money::Minor, timestamp::UnixMillis};
use uuid::Uuid;

use crate::{
    inventory::PayingOrder,
    payments::{Authorisation, router::HeldPayment},
};

/// One seat of an order, with the price at which it was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSeat {
    /// The id of the seat.
    pub seat_id: String,
    /// The code of its section.
    pub section: String,
    /// In minor units of the currency.
    pub price: i64,
    /// In minor units of the currency.
    pub fee: i64,
}

/// An order that has not begun.
#[derive(Clone, Debug)]
pub struct OrderDraft {
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

impl OrderDraft {
    /// The order that PostgreSQL has begun with this draft and this attempt number.
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

/// The part of an order that is the same in every state.
#[derive(Clone, Debug)]
pub struct Order {
    /// The id; also the root of the provider's idempotency keys.
    pub order_id: Uuid,
    /// The buyer's account.
    pub account_id: String,
    /// The event.
    pub event_id: EventId,
    /// The cart, which is also the owner of the seat locks.
    pub cart_id: String,
    /// Its number among the orders of its cart, from 1. Cart and attempt identify it to the seat
    /// locks.
    pub attempt: u32,
    /// ISO 4217.
    pub currency: String,
    /// The amount to charge.
    pub total: Minor,
    /// At least one seat.
    pub seats: Vec<OrderSeat>,
    /// The token of the worker that has the order. Every change names it, and has no effect once
    /// another worker has taken the order over.
    pub lease: Uuid,
    /// When it began.
    pub begun_at: UnixMillis,
}

impl Order {
    /// How the seat locks identify this order.
    #[must_use]
    pub fn paying(&self) -> PayingOrder<'_> {
        PayingOrder {
            cart: &self.cart_id,
            attempt: self.attempt,
        }
    }

    /// Seat ids by section code: Redis runs one script per section.
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

/// The order has begun. Nothing is held, unless the provider was asked and its answer is unknown.
#[derive(Clone, Debug)]
pub struct PendingOrder {
    /// The order.
    pub order: Order,
    /// The provider's token of the card.
    pub payment_token: String,
}

impl PendingOrder {
    /// The authorisation that the provider is asked for: the same each time.
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

/// The money is held and the tickets are reserved.
#[derive(Clone, Debug)]
pub struct ConfirmingOrder {
    /// The order.
    pub order: Order,
    /// The provider that holds the money.
    pub provider: String,
    /// The id of the payment intent at that provider.
    pub intent: String,
}

/// The money is charged and the tickets are active.
#[derive(Clone, Debug)]
pub struct ConfirmedOrder {
    /// The order.
    pub order: Order,
    /// Ticket ids, each with its seat id.
    pub tickets: Vec<(Uuid, String)>,
}

/// Nothing is held or charged.
#[derive(Clone, Debug)]
pub struct FailedOrder {
    /// The order.
    pub order: Order,
    /// Why.
    pub failure: super::failure::OrderFailure,
}

/// The order lease was lost: another worker has the order now and will finish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLeaseLost;

impl ConfirmingOrder {
    /// The state after a successful reservation.
    #[must_use]
    pub fn new(order: Order, held: HeldPayment) -> ConfirmingOrder {
        ConfirmingOrder {
            order,
            provider: held.provider.to_owned(),
            intent: held.intent,
        }
    }
}
