//! Connections to the Redis that holds the locks, each paired with the run id of the server process
//! behind it.
//!
//! A silent reconnect, as the connection manager does it, would be wrong here. After a restart or a
//! failover Redis may have forgotten locks that it once granted: the append-only file is synced
//! once a second, and replication is asynchronous. So nothing that it holds may be believed then.
//!
//! A TCP connection cannot outlive the process at its other end. So the run id that is read right
//! after connecting names that process for as long as the connection lives. Every script gets it
//! and compares it with the section's mark.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::sync::Mutex;

/// Connections per process. The task of one connection runs on one core at a time; four keep Redis
/// busy.
pub const CONNECTIONS: usize = 4;
/// How long a command may take before the request fails with 503.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long connecting may take.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Commands that may wait for the socket of one connection.
const PIPELINE_BUFFER: usize = 1_024;

/// A connection and the run id of the process it leads to. Cheap to clone, multiplexed.
#[derive(Clone)]
pub struct IdentifiedConnection {
    /// Commands go here.
    pub connection: MultiplexedConnection,
    /// `run_id` of `INFO server`, as read over this very connection.
    pub run_id: Arc<str>,
}

/// A fixed number of connections. A broken one is opened again when it is needed.
pub struct RedisPool {
    client: Client,
    connections: Vec<PooledConnection>,
    next: AtomicUsize,
}

#[derive(Default)]
struct PooledConnection {
    connected: RwLock<Option<IdentifiedConnection>>,
    /// Held while connecting, so that a thousand waiting requests open one connection.
    opening: Mutex<()>,
}

impl RedisPool {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(url: &str) -> RedisResult<RedisPool> {
        let connections = std::iter::repeat_with(PooledConnection::default)
            .take(CONNECTIONS)
            .collect();
        Ok(RedisPool {
            client: Client::open(url)?,
            connections,
            next: AtomicUsize::new(0),
        })
    }

    /// Runs `command` on one of the connections. A broken connection is replaced and the command
    /// sent once more: every script gives the same result when it is repeated.
    ///
    /// # Errors
    /// Redis does not answer in time, refuses, or cannot be reached.
    pub async fn run<T, F, Running>(&self, command: F) -> RedisResult<T>
    where
        F: Fn(IdentifiedConnection) -> Running,
        Running: Future<Output = RedisResult<T>> + Send,
    {
        let pooled = &self.connections[self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS];
        let connected = pooled.get(&self.client).await?;
        match command(connected.clone()).await {
            Err(error) if breaks(&error) => {
                pooled.forget(&connected);
                // A timeout has taken its time already; the caller decides about another attempt.
                if error.is_timeout() {
                    return Err(error);
                }
                let connected = pooled.get(&self.client).await?;
                command(connected.clone()).await.inspect_err(|error| {
                    if breaks(error) {
                        pooled.forget(&connected);
                    }
                })
            }
            result => result,
        }
    }
}

/// Whether the connection is of no use after this error. A server that became a replica must be
/// left, too.
fn breaks(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(redis::ServerErrorKind::ReadOnly)
}

impl PooledConnection {
    async fn get(&self, client: &Client) -> RedisResult<IdentifiedConnection> {
        if let Some(connected) = self.current() {
            return Ok(connected);
        }
        let _opening = self.opening.lock().await;
        if let Some(connected) = self.current() {
            return Ok(connected);
        }
        let connected = open(client).await?;
        *self.connected.write().expect("no holder panics") = Some(connected.clone());
        Ok(connected)
    }

    fn current(&self) -> Option<IdentifiedConnection> {
        self.connected.read().expect("no holder panics").clone()
    }

    /// Forgets `broken` unless it was replaced meanwhile. Two connections to one process have one
    /// run id; to forget the newer one costs no more than a reconnect.
    fn forget(&self, broken: &IdentifiedConnection) {
        let mut current = self.connected.write().expect("no holder panics");
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(&current.run_id, &broken.run_id))
        {
            *current = None;
        }
    }
}

async fn open(client: &Client) -> RedisResult<IdentifiedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(Some(RESPONSE_TIMEOUT))
        .set_connection_timeout(Some(CONNECTION_TIMEOUT))
        .set_pipeline_buffer_size(PIPELINE_BUFFER);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    let run_id = info
        .lines()
        .find_map(|line| line.strip_prefix("run_id:"))
        .map(str::trim)
        .ok_or_else(|| RedisError::from((ErrorKind::UnexpectedReturnType, "INFO server does not name a run_id")))?;
    Ok(IdentifiedConnection {
        connection,
        run_id: run_id.into(),
    })
}
