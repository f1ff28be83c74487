//! The seats: who holds which, until when. Redis holds what changes, PostgreSQL what is sold, memory what never changes.
//!
//! [`section`] is every operation on a section's seats, one Lua script each (`scripts/`), [`words`] what it is asked and
//! answers; [`connection`] pairs connections
//! with the Redis process behind them; [`plan`] is the fixed part of an event (seats, prices, rules); [`stock`] joins the
//! two per event; [`load`] rebuilds a section from PostgreSQL; [`reader`] and [`seats`] answer availability; [`sweep`]
//! tidies.
//!
//! Round trips per request: `GET …/seats` none (one shared read per section and [`reader::FRESH_FOR`]); lock, release,
//! extend, sell: one script each.

pub mod connection;
pub mod load;
pub mod plan;
pub mod reader;
mod scripts;
mod seats;
pub mod section;
pub mod stock;
pub mod sweep;
pub mod words;

pub use load::{counts, load_event};
pub use plan::EventPlan;
pub use seats::{other_event, router};
pub use section::Section;
pub use stock::{EventStock, Inventory, SectionStock};
pub use words::{Counts, Extend, Lock, LockRequest, Paying, Release};
