//! Why a cart was not shown or changed.

use crate::{error::InternalError, inventory::InventoryError};

/// Why a cart was not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum CartError {
    /// The request names no seat.
    #[error("no seat is named")]
    SeatsMissing,
    /// The request names a seat twice.
    #[error("seat {seat} is named twice")]
    DuplicateSeat {
        /// That seat.
        seat: String,
    },
    /// The event has no such seat.
    #[error("there is no seat {seat}")]
    UnknownSeat {
        /// That seat.
        seat: String,
    },
    /// The seats to lock are of more than one section.
    #[error("the seats are of several sections")]
    SeveralSections,
    /// One person may not have so many seats of the event.
    #[error("one person can have at most {most} seats")]
    TooManySeats {
        /// How many are allowed.
        most: usize,
    },
    /// Others hold or have bought some of the seats; nothing was locked.
    #[error("some seats are taken: {seats:?}")]
    SeatsUnavailable {
        /// Which ones.
        seats: Vec<String>,
    },
    /// The shopping session is over by Redis's clock.
    #[error("the shopping session is over")]
    SessionOver,
    /// A checkout is paying for the seats.
    #[error("the seats are being paid for")]
    CheckoutInProgress,
    /// The inventory did not lock, unlock or find the seats.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The cart cannot be read or written.
    #[error(transparent)]
    Redis(#[from] redis::RedisError),
    /// A failure on our side.
    #[error(transparent)]
    Internal(#[from] InternalError),
}
