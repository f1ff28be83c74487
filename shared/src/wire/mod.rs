//! What travels as JSON between fans, edge and origin. Field names are the public API: change them never.

mod control;
mod error;
mod queue;
mod shop;

pub use control::*;
pub use error::*;
pub use queue::*;
pub use shop::*;
