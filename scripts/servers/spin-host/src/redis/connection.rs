//! What a component holds as `redis.connection`. In a file of its own, because the generated bindings name it.

use redis::aio::MultiplexedConnection;

/// A connection; all clones of its content share the socket.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Connection(pub(super) MultiplexedConnection);
