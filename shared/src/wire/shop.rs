use serde::{Deserialize, Serialize};

use crate::{identity::EventId, money::Minor, timestamp::UnixMillis};

/// What a fan sees of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatStatus {
    /// Can be locked.
    Available,
    /// Held in somebody's cart.
    Locked,
    /// Gone.
    Sold,
}

/// One seat of `GET /api/v1/events/{id}/seats?section=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// Unique within the venue, for instance `A-12-7`.
    pub seat_id: String,
    /// Row label.
    pub row: String,
    /// Number in the row.
    pub number: u32,
    /// Price.
    pub price: Minor,
    /// See [`SeatStatus`].
    pub status: SeatStatus,
}

/// Answer with a section's seats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatsAnswer {
    /// The event.
    pub event_id: EventId,
    /// The section.
    pub section: String,
    /// All seats, by row and number.
    pub seats: Vec<SeatView>,
    /// How many of them can be locked.
    pub available: u32,
    /// How many are held.
    pub locked: u32,
    /// How many are gone.
    pub sold: u32,
    /// When inventory was read.
    pub as_of: UnixMillis,
}

/// `POST` and `DELETE /api/v1/cart/seats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartSeatsRequest {
    /// The event of the shop token.
    pub event_id: EventId,
    /// Seats of one section, each once.
    pub seat_ids: Vec<String>,
}

/// One seat in a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartSeat {
    /// The seat.
    pub seat_id: String,
    /// True while it is held for this cart.
    pub locked: bool,
    /// Price without fees.
    pub price: Minor,
}

/// Answer of every cart request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartAnswer {
    /// The cart: one per shopping session.
    pub cart_id: String,
    /// What is in it.
    pub seats: Vec<CartSeat>,
    /// ISO 4217.
    pub currency: String,
    /// Sum of prices.
    pub subtotal: Minor,
    /// Sum of fees.
    pub fees: Minor,
    /// What would be charged.
    pub total: Minor,
    /// When the first of its seats is free again for others; null for an empty cart.
    pub lock_expires_at: Option<UnixMillis>,
}

/// 409 of a lock request: nothing of it is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatsUnavailable {
    /// Always `seats_unavailable`.
    pub error: String,
    /// Which of the wanted seats are held or gone.
    pub unavailable_seats: Vec<String>,
    /// A sentence.
    pub message: String,
}

/// `POST /api/v1/checkout`, with header `Idempotency-Key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutRequest {
    /// The cart.
    pub cart_id: String,
    /// How it is paid.
    pub payment: PaymentChoice,
}

/// How a checkout is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentChoice {
    /// `card`.
    pub method: String,
    /// The provider's token of the card, for instance `pm_card_visa`; never a card number.
    pub token: String,
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Made; nothing is charged.
    Pending,
    /// Authorised, seats reserved; the charge is being captured.
    Confirming,
    /// Charged; the tickets are active.
    Confirmed,
    /// Refused or failed; nothing is charged.
    Failed,
}

/// One ticket of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketView {
    /// The ticket.
    pub ticket_id: String,
    /// Its seat.
    pub seat: String,
    /// What the gate scans.
    pub barcode: String,
    /// The same as a QR code (SVG).
    pub qr_code_url: String,
}

/// Answer of a checkout and of an order look-up. Tickets are listed only once the order is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// The order.
    pub order_id: String,
    /// The event.
    pub event_id: EventId,
    /// See [`OrderStatus`].
    pub status: OrderStatus,
    /// Why it failed, as a machine word; null otherwise.
    pub failure: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// What is charged in the end.
    pub total: Minor,
    /// See above.
    pub tickets: Vec<TicketView>,
    /// Whether the confirmation was handed to a mail server.
    pub confirmation_email_sent: bool,
}
