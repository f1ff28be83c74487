//! The cart of a shopping session: one per session and event, in Redis beside the locks.
//!
//! A cart grants nothing by itself: the locks in `inventory` do. A cart lists locked seats, so that
//! they can be shown, limited and paid together. It does not store when a lock ends: a lock has one
//! record, in its section, and [`held_seats`] reads it there.
//!
//! Invariant: a cart lists every seat that its session knows to be locked. So a seat is taken out
//! only after it was seen listed and its lock was then found to be gone, and only if it was not added
//! again meanwhile. Seats whose lock was granted too late for its answer are listed nowhere until
//! their locks end: nobody knows of them, and they pass the limit per session. The other way round a
//! cart may list a seat with an expired lock. That is found out when the cart is shown, paid, or full.
//!
//! # Layout
//!
//! - [`store`]: carts in Redis.
//! - [`held_seats`]: the locks behind a cart.
//! - `session_cart`: reading and changing the cart of a session. `requested_seats` checks requests.
//! - `ended_session`: gives back the seats of a session that has ended.
//! - `cart_answer`: the cart as a fan sees it, with sums.
//! - `http`: the handlers. `error`: why a cart was not shown or changed.
//!
//! Round trips per request, all to Redis:
//!
//! - `POST /cart/seats`: two scripts one after the other, which lock and add; one if the seats are
//!   taken; and one per section if the cart listed other seats before.
//! - `GET /cart`: one, and one per section in the cart.
//! - `DELETE`: one more for each of its steps, which read, unlock and take out.

mod cart_answer;
mod ended_session;
mod error;
pub mod held_seats;
pub(crate) mod http;
mod requested_seats;
mod session_cart;
pub mod store;

pub use ended_session::empty_of_ended;
pub use error::CartError;
pub use store::{Cart, CartEntry, cart_id};
