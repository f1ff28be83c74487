//! Connections to the Redis that holds the locks, each paired with the run id of the server process behind it.
//!
//! Why not the connection manager: it reconnects silently. After a restart or a failover Redis may have forgotten locks
//! it once granted (the append-only file is synced once a second, replication is asynchronous), so what it holds must not
//! be believed. A TCP connection cannot outlive the process at its other end: the run id read right after connecting names
//! that process for as long as the connection lives. Every script carries it and compares it with the section's mark.

use std::{
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, ErrorKind, RedisError, RedisResult, aio::MultiplexedConnection};
use tokio::sync::Mutex;

/// Connections per process. One connection's task is bound to one core at a time; four keep Redis busy.
pub const CONNECTIONS: usize = 4;
/// How long a command may take before the request fails with 503.
pub const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long connecting may take.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// Commands that may wait for the socket of one connection.
const PIPELINE_BUFFER: usize = 1_024;

/// A connection and the run id of the process it leads to. Cheap to clone, multiplexed.
#[derive(Clone)]
pub struct Link {
    /// Commands go here.
    pub connection: MultiplexedConnection,
    /// `run_id` of `INFO server`, as read over this very connection.
    pub run_id: Arc<str>,
}

/// The fixed set of links; a broken one is opened again when it is asked for.
pub struct Links {
    client: Client,
    slots: Vec<Slot>,
    next: AtomicUsize,
}

#[derive(Default)]
struct Slot {
    link: RwLock<Option<Link>>,
    /// Held while connecting, so that a thousand waiting requests open one connection.
    opening: Mutex<()>,
}

impl Links {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(url: &str) -> RedisResult<Links> {
        let slots = std::iter::repeat_with(Slot::default).take(CONNECTIONS).collect();
        Ok(Links {
            client: Client::open(url)?,
            slots,
            next: AtomicUsize::new(0),
        })
    }

    /// Runs `command` on one of the links. A connection that broke is replaced and the command sent once more: every
    /// script of ours gives the same result when it is repeated.
    ///
    /// # Errors
    /// Redis does not answer in time, refuses, or cannot be reached.
    pub async fn run<T, F, Running>(&self, command: F) -> RedisResult<T>
    where
        F: Fn(Link) -> Running,
        Running: Future<Output = RedisResult<T>> + Send,
    {
        let slot = &self.slots[self.next.fetch_add(1, Ordering::Relaxed) % CONNECTIONS];
        let link = slot.get(&self.client).await?;
        match command(link.clone()).await {
            Err(error) if breaks(&error) => {
                slot.forget(&link);
                // An answer that timed out has cost its time already; the caller decides about another try.
                if error.is_timeout() {
                    return Err(error);
                }
                let link = slot.get(&self.client).await?;
                command(link.clone()).await.inspect_err(|error| {
                    if breaks(error) {
                        slot.forget(&link);
                    }
                })
            }
            result => result,
        }
    }
}

/// Whether the connection is of no use after this error. A server that became a replica is one to leave as well.
fn breaks(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Server(redis::ServerErrorKind::ReadOnly)
}

impl Slot {
    async fn get(&self, client: &Client) -> RedisResult<Link> {
        if let Some(link) = self.current() {
            return Ok(link);
        }
        let _opening = self.opening.lock().await;
        if let Some(link) = self.current() {
            return Ok(link);
        }
        let link = open(client).await?;
        *self.link.write().expect("no holder panics") = Some(link.clone());
        Ok(link)
    }

    fn current(&self) -> Option<Link> {
        self.link.read().expect("no holder panics").clone()
    }

    /// Forgets `link` unless somebody has replaced it. Two links to one process have one run id: forgetting the newer is
    /// no more than a reconnect.
    fn forget(&self, link: &Link) {
        let mut current = self.link.write().expect("no holder panics");
        if current
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(&current.run_id, &link.run_id))
        {
            *current = None;
        }
    }
}

async fn open(client: &Client) -> RedisResult<Link> {
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
    Ok(Link {
        connection,
        run_id: run_id.into(),
    })
}
