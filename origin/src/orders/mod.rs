//! A fan's own orders, also after the turn has ended: a Bearer account token is enough. Orders of others do not exist here.
//!
//! Round trips per request: one statement.

mod handlers;
pub mod view;

pub use handlers::{ORDERS_LISTED, OrdersAnswer, router};
