//! Queue tickets: where one stands now, what its holder is told, how one is given.
//!
//! # Layout
//! - [`issue`]: gives a person a queue ticket, or finds the one they hold.
//! - [`resolve`]: works out where a queue ticket stands now.
//! - [`poll`]: what the holder of a queue ticket is told.
//! - [`claim`]: begins the shopping session when the turn has come.
//! - [`walk_in`]: begins a shopping session without a turn, while there is room.
//! - [`leave`]: a person gives their queue ticket up, or ends their shopping session.

mod claim;
pub(crate) mod issue;
pub(crate) mod leave;
pub(crate) mod poll;
mod resolve;
pub(crate) mod walk_in;
