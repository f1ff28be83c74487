//! The cart of a shopping session: one per session and event, in Redis beside the locks. A cart grants nothing by itself:
//! the locks in `inventory` do, and a cart lists them so that they can be shown, limited and paid together.
//!
//! Round trips per request: `POST /cart/seats` two scripts one after the other (lock, add), one if the seats are taken;
//! `GET /cart` one and one per section in the cart; `DELETE` the same. PostgreSQL is not asked.

mod answer;
mod handlers;
mod request;
pub mod store;

pub(crate) use handlers::checkout_in_progress;
pub use handlers::router;
pub(crate) use request::too_many_seats;
pub use store::{Cart, CartEntry, cart_id};
