//! A fan's own orders. An account token is enough, so they can be read after the turn has ended.
//! Orders of other accounts are answered as if they did not exist.
//!
//! Round trips per request: one statement.

mod error;
pub mod http;
pub mod view;

pub use error::OrdersError;

/// Most orders in a list.
pub const ORDERS_LISTED: i64 = 50;
