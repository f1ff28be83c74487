//! What the operator knows about addresses: the table that the edge is given.
//!
//! The operator keeps a file, which [`table_file`] reads again within a second of each change.
//! [`published`] has the table that the edge is given now. `stanchion_shared::score::reputation`
//! defines what a table looks like.

pub mod http;
mod published;
mod table_file;

pub use published::Reputation;
pub use table_file::{LOOK_EVERY, keep_fresh};
