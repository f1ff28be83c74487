//! An event's stock: its fixed plan, and the seats of each section in Redis. A process makes it
//! once per event.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, RwLock},
    time::Instant,
};

use redis::RedisResult;
use sqlx::PgPool;
use stanchion_shared::ids::EventId;
use tokio::{sync::Mutex, task::JoinSet};

use super::{
    availability::AvailabilityCache,
    error::InventoryError,
    load,
    plan::{EventPlan, PlannedSection},
    section::Section,
    types::{SeatCounts, SectionId},
};
use crate::{error::InternalError, redis_connections::RedisPool};

/// One section as this process knows it.
pub struct SectionStock {
    /// Its seats in Redis.
    pub seats: Section,
    /// How many seats it has.
    pub(super) capacity: u64,
    /// What fans see of it, shared by all requests.
    availability: AvailabilityCache,
    /// Held while this process rebuilds the section; a request that finds it held does not rebuild
    /// it as well.
    pub(super) rebuilding: Mutex<()>,
    /// When this process last locked a seat of it. Expired locks are removed only where locks were
    /// made lately.
    pub(super) last_lock: SyncMutex<Option<Instant>>,
}

impl SectionStock {
    /// Notes that this section has a lock that will expire.
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

    /// What fans see of a section, a [`SeatsAnswer`](stanchion_shared::wire::SeatsAnswer) as JSON.
    ///
    /// # Errors
    /// [`InventoryError::SectionNotFound`], [`InventoryError::Unloaded`],
    /// [`InventoryError::NotReadable`].
    pub async fn availability(&self, code: &str) -> Result<Arc<[u8]>, InventoryError> {
        let (plan, section) = self.section(code).ok_or(InventoryError::SectionNotFound)?;
        section.availability.seats(plan, &section.seats).await
    }
}

/// All events that this process has sold seats of, and the connections to Redis.
pub struct Inventory {
    redis: Arc<RedisPool>,
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
        let redis = Arc::new(RedisPool::new(redis_url)?);
        Ok(Inventory {
            redis,
            events: RwLock::default(),
            reading: Mutex::default(),
        })
    }

    /// The connections; carts live in the same Redis.
    #[must_use]
    pub fn redis(&self) -> &Arc<RedisPool> {
        &self.redis
    }

    /// The stock of an event. After the first time it takes no round trip.
    ///
    /// # Errors
    /// [`InventoryError::EventNotFound`], or the database.
    pub async fn event(&self, database: &PgPool, event_id: &EventId) -> Result<Arc<EventStock>, InventoryError> {
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
                seats: Section::new(self.redis.clone(), event_id, &section.code),
                capacity: section.seats.len() as u64,
                availability: AvailabilityCache::default(),
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

    /// The counters of all sections of an event together, from Redis.
    ///
    /// # Errors
    /// [`InventoryError::Unloaded`] of one of the sections, [`InventoryError::EventNotFound`],
    /// PostgreSQL, Redis.
    pub async fn counts(&self, database: &PgPool, event_id: &EventId) -> Result<SeatCounts, InventoryError> {
        let stock = self.event(database, event_id).await?;
        let mut reads = JoinSet::new();
        for section in &stock.sections {
            let section = section.clone();
            reads.spawn(async move { section.seats.counts().await });
        }
        let mut total = SeatCounts::default();
        while let Some(read) = reads.join_next().await {
            let counts = read.map_err(InternalError::new)??;
            total.capacity += counts.capacity;
            total.locked += counts.locked;
            total.sold += counts.sold;
        }
        Ok(total)
    }

    /// Loads all sections of an event that are not loaded yet. Safe to repeat, also on several
    /// origins at once.
    ///
    /// # Errors
    /// [`InventoryError::EventNotFound`], PostgreSQL, Redis.
    pub async fn load_event(&self, database: &PgPool, event_id: &EventId) -> Result<(), InventoryError> {
        let stock = self.event(database, event_id).await?;
        for section in &stock.sections {
            match section.seats.counts().await {
                Ok(_) => {}
                Err(InventoryError::Unloaded(_)) => {
                    let _rebuilding = section.rebuilding.lock().await;
                    load::load_section(database, &section.seats, section.capacity).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// If `error` says that a section is not loaded: builds it in the background, unless this
    /// process is at it already.
    pub fn start_rebuild_if_unloaded(self: &Arc<Self>, database: &PgPool, error: &InventoryError) {
        let Some(id) = error.unloaded().cloned() else {
            return;
        };
        let (inventory, database) = (self.clone(), database.clone());
        tokio::spawn(async move {
            if let Err(error) = inventory.rebuild(&database, &id).await {
                tracing::error!(%error, section = %id, "a section cannot be rebuilt");
            }
        });
    }

    async fn rebuild(&self, database: &PgPool, id: &SectionId) -> Result<(), InventoryError> {
        let stock = self.event(database, &id.event_id).await?;
        let Some((_, section)) = stock.section(&id.code) else {
            return Ok(());
        };
        let Ok(_rebuilding) = section.rebuilding.try_lock() else {
            return Ok(());
        };
        load::load_section(database, &section.seats, section.capacity).await
    }

    /// A section by itself: for an order, which names its section, and for tests and tools, which
    /// have no catalogue.
    #[must_use]
    pub fn bare_section(&self, event_id: &EventId, code: &str) -> Section {
        Section::new(self.redis.clone(), event_id, code)
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
