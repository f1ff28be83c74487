//! How what many ask for is read from a source of which there is one, and which may be silent.
//! Pure: the clock is passed in.
//!
//! # Layout
//! - [`breaker`]: a source that was silent is left alone for a while.
//! - [`fan_out`]: how many relays stand between isolates and the coordinator, worked out from what
//!   one object can bear.
//! - [`relayed`]: for how long a relay answers with what it has read.
//! - [`unsent_answers`]: what was counted of a site's answers, until a question takes it along.

pub(crate) mod breaker;
pub mod fan_out;
// Relays are objects of Cloudflare's runtime.
#[cfg_attr(not(all(target_arch = "wasm32", target_os = "unknown")), allow(dead_code))]
pub(crate) mod relayed;
pub(crate) mod unsent_answers;
