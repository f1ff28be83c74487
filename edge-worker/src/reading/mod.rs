//! How what many ask for is read from a part of which there is one, and which may be silent. Pure:
//! the clock is passed in.
//!
//! # Layout
//! - [`breaker`]: a part that was silent is left alone for a while.
//! - [`fan_out`]: how many relays stand between isolates and the coordinator, worked out from what
//!   one object can bear.
//! - [`unsent_answers`]: what was counted of a site's answers, until a question takes it along.

pub(crate) mod breaker;
pub mod fan_out;
pub(crate) mod unsent_answers;
