//! The connection for everything but seats and carts.

use std::time::Duration;

use redis::{
    RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// A connection that is cheap to clone, multiplexed, and reconnects by itself. Commands need
/// `&mut`: clone it for each use.
pub type RedisConnection = ConnectionManager;

/// How long a command may take before the request fails with 503.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long connecting may take.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// Connects to the server at `url`.
///
/// # Errors
/// The URL cannot be read, or Redis does not answer in time.
pub async fn connect(url: &str) -> RedisResult<RedisConnection> {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
        .set_connection_timeout(Some(CONNECTION_TIMEOUT));
    ConnectionManager::new_with_config(redis::Client::open(url)?, config).await
}
