//! Everything that all handlers share: their arguments, their failures, and what happens around
//! every request.
//!
//! # Layout
//!
//! - `extract`: arguments of handlers, each checked before the handler runs.
//! - `client_address`: the fan's address, as the edge saw it.
//! - `error_response`: the answer to a request that failed.
//! - `error_map`: status, machine word and sentence of every domain error.
//! - `middleware`: limits of time and load, spans, panics.

mod client_address;
mod error_map;
mod error_response;
mod extract;
pub(crate) mod middleware;

pub use client_address::{CLIENT_ADDRESS_HEADER, ClientAddress};
pub use error_response::ErrorResponse;
pub use extract::*;
pub use middleware::{Arrived, REQUEST_TIMEOUT};
