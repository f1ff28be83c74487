//! A section's seats as Redis holds them, read in one MULTI/EXEC of our own, without the origin's scripts: what is
//! wrong there would be wrong here as well.
//!
//! The keys are those of origin/src/inventory/scripts/section.lua: `meta` (capacity, sold), `held` (seat to holder,
//! `S…` is sold, everything else a lock), `due` (seat to the millisecond at which its lock is over).

use std::collections::{BTreeMap, HashMap};

use redis::aio::ConnectionManager;
use stanchion_shared::identity::EventId;

use super::SourceError;

/// Everything about one section at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SectionState {
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

/// Reads only. Cheap to clone; reconnects by itself.
#[derive(Clone)]
pub(crate) struct RedisSections {
    connection: ConnectionManager,
    event: EventId,
}

impl RedisSections {
    pub(crate) async fn connect(url: &str, event: &EventId) -> Result<RedisSections, SourceError> {
        let connection = ConnectionManager::new(redis::Client::open(url)?).await?;
        Ok(RedisSections {
            connection,
            event: event.clone(),
        })
    }

    /// The same connection for another event.
    pub(crate) fn of(&self, event: &EventId) -> RedisSections {
        RedisSections {
            connection: self.connection.clone(),
            event: event.clone(),
        }
    }

    /// One section, at one instant.
    pub(crate) async fn read(&self, section: &str) -> Result<SectionState, SourceError> {
        let key = |what| format!("stanchion:{{{}:{section}}}:{what}", self.event);
        type Answer = (
            (u64, u64),
            (Option<u64>, Option<u64>),
            HashMap<String, String>,
            Vec<(String, f64)>,
        );
        let (time, meta, held, due): Answer = redis::pipe()
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
        Ok(SectionState {
            now_ms: time.0 * 1_000 + time.1 / 1_000,
            capacity: meta.0,
            sold: meta.1.unwrap_or_default(),
            held,
            due: due.into_iter().map(|(seat, end)| (seat, end as u64)).collect(),
        })
    }

    /// Sessions that reached a gated path of the origin and are not forgotten yet (origin/src/meter/sessions.rs keeps
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
