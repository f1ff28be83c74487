//! The two kinds of connections to Redis.
//!
//! - [`reconnecting`]: one connection that reconnects silently, for data that may be forgotten:
//!   attempts and shopping sessions.
//! - [`identified`]: a pool of connections, each with the run id of the Redis process behind it.
//!   Seat locks and carts need it: they must not be believed after a restart.

pub mod identified;
pub mod reconnecting;

pub use identified::{IdentifiedConnection, RedisPool};
pub use reconnecting::RedisConnection;
