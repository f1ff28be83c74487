//! Everything that travels as JSON between fans, edge and origin. Field names are the public API,
//! so they never change.

mod control;
mod error;
mod queue;
mod session_word;
mod settings;
mod shop;

pub use control::*;
pub use error::*;
pub use queue::*;
pub use session_word::{SESSION_HEADER, SessionWord};
pub use settings::*;
pub use shop::*;

/// Whether a count is left out of an answer.
fn is_zero(count: &u64) -> bool {
    *count == 0
}
