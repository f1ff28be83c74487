//! What admins do: create an event, launch it, set its limits and its queue's policy, pause and
//! resume it, watch it.
//!
//! Nobody reaches this through the edge. Every change is written to the audit log in the
//! transaction that makes it (`crate::audit`).
//!
//! # Layout
//!
//! - `create`, `launch`, `limits`, `queue_policy`, `pause`: one change each.
//! - `event_view`, `stats`: what an admin sees of an event.
//! - `http`: the handlers. `error`: why a request was not done.

mod create;
mod error;
mod event_view;
pub(crate) mod http;
mod launch;
mod limits;
mod pause;
mod queue_policy;
mod stats;

pub use error::AdminError;
pub use http::MAX_EVENT_BODY_BYTES;
