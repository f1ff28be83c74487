//! A section's seats as Redis holds them, read in one MULTI/EXEC, without the origin's scripts: what is
//! wrong there would be wrong here as well.
//!
//! The keys are those of origin/src/inventory/scripts/section.lua: `meta` (capacity, sold), `held` (seat to holder,
//! `S…` is sold, everything else a lock), `due` (seat to the millisecond at which its lock is over).

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use stanchion_shared::ids::EventId;

use super::SourceError;

/// How long Redis may take to answer. The check reads beside a load that keeps the server busy, and has time.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything about one section at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RedisSection {
    /// Redis's clock, ms since 1970.
    pub(crate) now_ms: u64,
    /// As `meta` says; none if the section is not loaded.
    pub(crate) capacity: Option<u64>,
    /// As `meta` says.
    pub(crate) sold: u64,
    /// Seat to holder.
    pub(crate) held: HashMap<String, String>,
    /// Seat to the end of its lock, ms since 1970.
    pub(crate) due: BTreeMap<String, u64>,
}

/// A connection that only reads. It is cheap to clone and reconnects by itself.
#[derive(Clone)]
pub struct RedisSections {
    connection: ConnectionManager,
    event: EventId,
}

impl RedisSections {
    /// The sections of one event.
    ///
    /// # Errors
    /// Redis cannot be reached.
    pub async fn connect(url: &str, event: &EventId) -> Result<RedisSections, SourceError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(RESPONSE_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT));
        let connection = ConnectionManager::new_with_config(redis::Client::open(url)?, config).await?;
        Ok(RedisSections {
            connection,
            event: event.clone(),
        })
    }

    /// The same connection for another event.
    pub fn of(&self, event: &EventId) -> RedisSections {
        RedisSections {
            connection: self.connection.clone(),
            event: event.clone(),
        }
    }

    /// One section, at one instant.
    pub(crate) async fn read(&self, section: &str) -> Result<RedisSection, SourceError> {
        let key = |what| format!("stanchion:{{{}:{section}}}:{what}", self.event);
        type SectionReply = (
            (u64, u64),
            (Option<u64>, Option<u64>),
            HashMap<String, String>,
            Vec<(String, f64)>,
        );
        let (time, meta, held, due): SectionReply = redis::pipe()
            .atomic()
            .cmd("TIME")
            .cmd("HMGET")
            .arg(key("meta"))
            .arg("capacity")
            .arg("sold")
            .hgetall(key("held"))
            .zrange_withscores(key("due"), 0, -1)
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(RedisSection {
            now_ms: time.0 * 1_000 + time.1 / 1_000,
            capacity: meta.0,
            sold: meta.1.unwrap_or_default(),
            held,
            due: due.into_iter().map(|(seat, end)| (seat, end as u64)).collect(),
        })
    }

    /// Sessions that reached a guarded path of the origin and are not forgotten yet (origin/src/meter/sessions.rs keeps
    /// them for its count: running ones, the latest places, completed ones).
    pub(crate) async fn sessions_seen(&self) -> Result<Vec<String>, SourceError> {
        let mut pipeline = redis::pipe();
        for set in ["", ":places", ":completed"] {
            pipeline.zrange(format!("stanchion:{{{}}}:sessions{set}", self.event), 0, -1);
        }
        let sets: Vec<Vec<String>> = pipeline.query_async(&mut self.connection.clone()).await?;
        Ok(sets.concat())
    }
}
