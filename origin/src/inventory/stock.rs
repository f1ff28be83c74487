//! An event's stock: the fixed plan and, per section, the seats in Redis. Made once per process and event.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, RwLock},
    time::Instant,
};

use redis::RedisResult;
use sqlx::PgPool;
use stanchion_shared::identity::EventId;
use tokio::sync::Mutex;

use super::{
    connection::Links,
    plan::{EventPlan, PlannedSection},
    reader::Reader,
    section::Section,
};
use crate::http::Error;

/// One section: its place in the plan, its seats in Redis, what is read of it lately.
pub struct SectionStock {
    /// The event.
    pub event_id: EventId,
    /// Its code.
    pub code: String,
    /// Its seats in Redis.
    pub seats: Section,
    /// What fans are shown, shared by all requests.
    pub reader: Reader,
    /// Held while this process rebuilds the section; whoever finds it held does not rebuild as well.
    pub(super) rebuilding: Mutex<()>,
    /// When this process last locked a seat of it; the sweeper passes over sections that have been quiet.
    pub(super) last_lock: SyncMutex<Option<Instant>>,
}

impl SectionStock {
    /// Tells the sweeper that locks of this section will end some day.
    pub fn note_lock(&self) {
        *self.last_lock.lock().expect("no holder panics") = Some(Instant::now());
    }
}

/// One event.
pub struct EventStock {
    /// What never changes.
    pub plan: EventPlan,
    /// In the order of the plan.
    pub sections: Vec<Arc<SectionStock>>,
}

impl EventStock {
    /// A section by its code, with its plan.
    #[must_use]
    pub fn section(&self, code: &str) -> Option<(&PlannedSection, &Arc<SectionStock>)> {
        let index = self.plan.sections.iter().position(|section| section.code == code)?;
        Some((&self.plan.sections[index], &self.sections[index]))
    }
}

/// All events this process has sold seats of, and the connections to Redis.
pub struct Inventory {
    links: Arc<Links>,
    events: RwLock<HashMap<EventId, Arc<EventStock>>>,
    /// Held while an event is read, so that its first thousand requests read it once.
    reading: Mutex<()>,
}

impl Inventory {
    /// Connects when it is first used.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn new(redis_url: &str) -> RedisResult<Inventory> {
        let links = Arc::new(Links::new(redis_url)?);
        Ok(Inventory {
            links,
            events: RwLock::default(),
            reading: Mutex::default(),
        })
    }

    /// The connections; carts live in the same Redis.
    #[must_use]
    pub fn links(&self) -> &Arc<Links> {
        &self.links
    }

    /// The stock of an event; after the first time without any round trip.
    ///
    /// # Errors
    /// 404 `event_not_found`, or the database.
    pub async fn event(&self, database: &PgPool, event_id: &EventId) -> Result<Arc<EventStock>, Error> {
        if let Some(stock) = self.known(event_id) {
            return Ok(stock);
        }
        let _reading = self.reading.lock().await;
        if let Some(stock) = self.known(event_id) {
            return Ok(stock);
        }
        let plan = EventPlan::read(database, event_id).await?;
        let sections = plan.sections.iter().map(|section| {
            Arc::new(SectionStock {
                event_id: event_id.clone(),
                code: section.code.clone(),
                seats: Section::new(self.links.clone(), event_id, &section.code),
                reader: Reader::default(),
                rebuilding: Mutex::default(),
                last_lock: SyncMutex::default(),
            })
        });
        let stock = Arc::new(EventStock {
            sections: sections.collect(),
            plan,
        });
        self.events
            .write()
            .expect("no holder panics")
            .insert(event_id.clone(), stock.clone());
        Ok(stock)
    }

    /// A section by itself, for those who have no catalogue: tests and tools.
    #[must_use]
    pub fn bare_section(&self, event_id: &EventId, code: &str) -> Section {
        Section::new(self.links.clone(), event_id, code)
    }

    /// All events in memory.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<EventStock>> {
        self.events
            .read()
            .expect("no holder panics")
            .values()
            .cloned()
            .collect()
    }

    fn known(&self, event_id: &EventId) -> Option<Arc<EventStock>> {
        self.events.read().expect("no holder panics").get(event_id).cloned()
    }
}
