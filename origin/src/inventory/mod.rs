//! The seats: which cart or order holds which, and until when. Redis holds the locks and sales,
//! PostgreSQL the tickets, memory what never changes.
//!
//! # Layout
//!
//! - [`section`]: every operation on a section's seats, one Lua script each (`scripts/`).
//! - [`types`]: what the operations take and return; [`error`]: why they fail.
//! - [`lock_times`]: how long a lock lives.
//! - [`plan`]: the fixed part of an event: seats, prices, rules.
//! - [`stock`]: the plan and the sections of an event together.
//! - [`load`]: builds a section in Redis from PostgreSQL.
//! - [`availability`]: what fans see of a section; `http` has the handler.
//! - [`expired_locks`]: removes locks that are over.
//!
//! Round trips per request: `GET …/seats` none (one shared read per section and
//! [`availability::FRESH_FOR`]); lock, unlock, extend, sell: one script each.

pub mod availability;
pub mod error;
pub mod expired_locks;
pub(crate) mod http;
pub mod load;
pub mod lock_times;
pub mod plan;
mod scripts;
pub mod section;
pub mod stock;
pub mod types;

pub use error::{InventoryError, unless_unloaded};
pub use plan::EventPlan;
pub use section::Section;
pub use stock::{EventStock, Inventory, SectionStock};
pub use types::{
    ExtendResult, LockRequest, LockResult, PayingOrder, SaleResult, SeatCounts, SectionId, SectionState, UnlockResult,
};
