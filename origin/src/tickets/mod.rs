//! Seat tickets: the barcode of a ticket and its QR code as SVG. `checkout` makes the tickets, in
//! PostgreSQL.
//!
//! Round trips per request: one statement.

pub mod barcode;
mod error;
pub mod http;
pub mod qr_code;

pub use error::TicketError;
