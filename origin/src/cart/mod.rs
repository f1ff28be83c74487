//! The cart of a shopping session: one per session and event, in Redis beside the locks. A cart grants nothing by itself:
//! the locks in `inventory` do, and a cart lists them so that they can be shown, limited and paid together. It keeps no
//! ends: there is one record of a lock, in its section, and whoever wants to know asks there ([`holdings`]).
//!
//! What must stay true: a cart lists every seat that its session holds. So a seat is taken out only by those who saw it
//! listed, and then found its lock to be gone, and only if it was not added again meanwhile. The other way round a cart may
//! list what is over; that is found out when it is shown, paid, or full.
//!
//! Round trips per request: `POST /cart/seats` two scripts one after the other (lock, add), one if the seats are taken, and
//! one per section if the cart listed others before; `GET /cart` one and one per section in the cart; `DELETE` one more for
//! each of its steps (read, release, take out). PostgreSQL is not asked.

mod answer;
mod handlers;
pub mod holdings;
mod request;
pub mod store;

pub(crate) use handlers::checkout_in_progress;
pub use handlers::router;
pub(crate) use request::too_many_seats;
pub use store::{Cart, CartEntry, cart_id};
