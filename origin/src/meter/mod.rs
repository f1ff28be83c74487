//! The meter: once a second it decides each launched event's release, which is the rate at which
//! the edge admits fans.
//!
//! - [`release`]: one event, one second: observe, decide, tell the edge. The rule itself is pure:
//!   `stanchion_shared::meter::decide`.
//! - [`sessions`]: the fans who are shopping, in Redis.
//! - [`run`]: the loop over all events. [`leader`]: only one origin runs it.
//!
//! The meter observes the shopping fans and the seats in Redis, and the served places at the edge.
//! An event that cannot be observed gets no release. Its lease runs out and the edge stops
//! admitting more, which is the safe side. PostgreSQL, Redis and the edge have all state that
//! matters, so any origin can go on after a crash.

mod error;
mod leader;
pub mod release;
mod run;
pub mod sessions;

pub use error::MeterError;
pub use run::Meter;
pub use sessions::Sessions;
