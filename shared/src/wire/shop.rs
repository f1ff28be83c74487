//! Between fans and the origin: seats, cart, checkout and orders.

use serde::{Deserialize, Serialize};

use crate::{ids::EventId, money::Minor, timestamp::UnixMillis};

/// The status of a seat, as a fan sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatStatus {
    /// It can be locked.
    Available,
    /// It is locked in a cart.
    Locked,
    /// It is sold.
    Sold,
}

/// One seat of `GET /api/v1/events/{id}/seats?section=`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// Id of the seat, unique within the venue, for instance `A-12-7`.
    pub seat_id: String,
    /// Label of the row.
    pub row: String,
    /// Number of the seat in the row.
    pub number: u32,
    /// Price.
    pub price: Minor,
    /// See [`SeatStatus`].
    pub status: SeatStatus,
}

/// The response with the seats of a section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatsAnswer {
    /// The event.
    pub event_id: EventId,
    /// The section.
    pub section: String,
    /// All seats, by row and number.
    pub seats: Vec<SeatView>,
    /// Number of available seats.
    pub available: u32,
    /// Number of locked seats.
    pub locked: u32,
    /// Number of sold seats.
    pub sold: u32,
    /// When the inventory was read.
    pub as_of: UnixMillis,
}

/// `POST` and `DELETE /api/v1/cart/seats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartSeatsRequest {
    /// The event of the shop token.
    pub event_id: EventId,
    /// Seats of one section, each listed once.
    pub seat_ids: Vec<String>,
}

/// One seat in a cart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartSeat {
    /// The seat.
    pub seat_id: String,
    /// Whether it is locked for this cart.
    pub locked: bool,
    /// The price without fees.
    pub price: Minor,
}

/// The response to every cart request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartAnswer {
    /// The id of the cart. Each shopping session has one.
    pub cart_id: String,
    /// The seats in it.
    pub seats: Vec<CartSeat>,
    /// ISO 4217.
    pub currency: String,
    /// The sum of the prices.
    pub subtotal: Minor,
    /// The sum of the fees.
    pub fees: Minor,
    /// The amount that a checkout would charge.
    pub total: Minor,
    /// When the first seat lock expires; null for an empty cart.
    pub lock_expires_at: Option<UnixMillis>,
}

/// The response 409 to a lock request. None of the wanted seats is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatsUnavailable {
    /// Always `seats_unavailable`.
    pub error: String,
    /// The wanted seats that are locked or sold.
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
    /// The token of the card from the payment provider, for instance `pm_card_visa`; never a card
    /// number.
    pub token: String,
}

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// The order exists, and nothing is charged.
    Pending,
    /// The payment is authorised and the seats are reserved. The charge is being captured.
    Confirming,
    /// The charge is captured, and the seat tickets are active.
    Confirmed,
    /// The order was refused or failed. Nothing is charged.
    Failed,
}

/// One seat ticket of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketView {
    /// The ticket.
    pub ticket_id: String,
    /// Its seat.
    pub seat: String,
    /// The barcode that is scanned at the entrance.
    pub barcode: String,
    /// The URL of the barcode as a QR code (SVG).
    pub qr_code_url: String,
}

/// The response to a checkout and to an order look-up. Seat tickets are listed only once the order
/// is confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAnswer {
    /// The order.
    pub order_id: String,
    /// The event.
    pub event_id: EventId,
    /// See [`OrderStatus`].
    pub status: OrderStatus,
    /// The reason of a failure, as a machine word; null otherwise.
    pub failure: Option<String>,
    /// ISO 4217.
    pub currency: String,
    /// The amount that is charged in the end.
    pub total: Minor,
    /// The seat tickets, see above.
    pub tickets: Vec<TicketView>,
    /// Whether the confirmation was handed to a mail server.
    pub confirmation_email_sent: bool,
}
