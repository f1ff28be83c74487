//! The meter's loop: every second one tick for each launched event, while this origin leads.

use std::{collections::HashMap, sync::Arc, time::Duration};

use sqlx::PgPool;
use stanchion_shared::{ids::EventId, meter::MeterHistory};
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{Sessions, leader::Leader};
use crate::{edge::EdgeClient, events, inventory::Inventory};

/// How often each event gets a tick.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// How long one event's tick may take; then the next second tries again. Shorter than the lease of
/// a release.
pub(super) const TICK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long after its start an event is still metered, in hours.
pub(super) const METERED_AFTER_START_HOURS: i32 = 24;

/// What the meter works with. Cheap to clone: each tick runs in a task with a clone of its own.
#[derive(Clone)]
pub struct Meter {
    /// Events and their on-sales.
    pub database: PgPool,
    /// Where the leader's lock is: it needs a connection outside of the pool.
    pub database_url: Arc<str>,
    /// The edge's control API.
    pub edge: EdgeClient,
    /// Seats.
    pub inventory: Arc<Inventory>,
    /// Shopping sessions.
    pub sessions: Arc<Sessions>,
}

/// Each event's history. Its lock is held during a tick, so that a slow tick is skipped and never
/// overtaken.
type Histories = HashMap<EventId, Arc<Mutex<Option<MeterHistory>>>>;

impl Meter {
    /// Meters for ever, while this origin leads.
    pub async fn run(self) {
        let mut leader = Leader::default();
        let mut histories = Histories::new();
        let mut running = JoinSet::new();
        let mut seconds = interval(PERIOD);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            seconds.tick().await;
            while running.try_join_next().is_some() {}
            match timeout(TICK_TIMEOUT, leader.leads(&self.database_url)).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => {
                    // This origin's histories are out of date once another has led.
                    histories.clear();
                    continue;
                }
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the meter's lock cannot be checked");
                    continue;
                }
                Err(_) => {
                    // A connection without an answer is as good as dead, and the lock with it.
                    leader = Leader::default();
                    tracing::warn!("the meter's lock cannot be checked in time");
                    continue;
                }
            }
            match events::metered_events(&self.database, METERED_AFTER_START_HOURS).await {
                Ok(events) => self.start_ticks(events, &mut histories, &mut running),
                Err(error) => tracing::warn!(%error, "the meter cannot read the launched events"),
            }
        }
    }

    fn start_ticks(&self, events: Vec<EventId>, histories: &mut Histories, running: &mut JoinSet<()>) {
        histories.retain(|metered, _| events.contains(metered));
        for event in events {
            // A history that is still locked means that the last tick goes on: this event alone
            // skips this second.
            let history = histories.entry(event.clone()).or_default().clone();
            let Ok(mut history) = history.try_lock_owned() else {
                continue;
            };
            let meter = self.clone();
            running.spawn(async move {
                match timeout(TICK_TIMEOUT, meter.tick(&event, &mut history)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::warn!(%event, %error, "the meter could not tell the edge"),
                    Err(_) => tracing::warn!(%event, "the meter's tick took too long"),
                }
            });
        }
    }
}
