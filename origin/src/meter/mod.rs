//! The meter: once a second it looks at every launched event and tells the edge how fast to admit.
//!
//! What it sees comes from Redis (who is shopping, how many seats are left) and from the edge (who was served); what it
//! decides is `stanchion_shared::meter`, pure. An event whose numbers cannot be had is told nothing: its lease runs out and
//! admission goes flat, which is the safe side. All state that matters is in PostgreSQL, Redis and the edge, so after a
//! crash any origin goes on.

mod leader;
mod on_sale;
pub mod sessions;
mod tick;

pub use on_sale::OnSale;
pub use sessions::Sessions;
pub use tick::{MAX_VERSION_ATTEMPTS, TickError, announce, tick};

use std::{collections::HashMap, sync::Arc, time::Duration};

use stanchion_shared::{identity::EventId, meter::History};
use tokio::{
    sync::Mutex,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use self::leader::Leader;
use crate::state::SharedApp;

/// How often each event is looked at.
pub const PERIOD: Duration = Duration::from_secs(1);
/// How long one event's turn may take; then the next second tries again. Below the lease.
pub const TICK_TIMEOUT: Duration = Duration::from_secs(5);
/// An event is metered until this long after it starts, in hours.
pub const METERED_AFTER_START_HOURS: i32 = 24;

/// Each event's past. The lock is held during a tick, so that a slow tick is skipped and never overtaken.
type Histories = HashMap<EventId, Arc<Mutex<Option<History>>>>;

/// Meters for ever, while this origin leads.
pub async fn run(app: SharedApp) {
    let mut leader = Leader::default();
    let mut histories = Histories::new();
    let mut running = JoinSet::new();
    let mut seconds = interval(PERIOD);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        while running.try_join_next().is_some() {}
        match timeout(TICK_TIMEOUT, leader.leads(&app.config)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => {
                // What this origin remembers is out of date once another has led.
                histories.clear();
                continue;
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the meter's lock cannot be checked");
                continue;
            }
            Err(_) => {
                // The connection is as good as dead, and the lock with it.
                leader = Leader::default();
                tracing::warn!("the meter's lock cannot be checked in time");
                continue;
            }
        }
        match launched_events(&app).await {
            Ok(events) => start_ticks(&app, events, &mut histories, &mut running),
            Err(error) => tracing::warn!(%error, "the meter cannot read the launched events"),
        }
    }
}

async fn launched_events(app: &SharedApp) -> Result<Vec<EventId>, sqlx::Error> {
    let ids: Vec<String> = sqlx::query_scalar(
        "select event_id from events where state = 'launched' and starts_at > now() - make_interval(hours => $1)",
    )
    .bind(METERED_AFTER_START_HOURS)
    .fetch_all(&app.database)
    .await?;
    Ok(ids.iter().filter_map(|id| EventId::parse(id).ok()).collect())
}

fn start_ticks(app: &SharedApp, events: Vec<EventId>, histories: &mut Histories, running: &mut JoinSet<()>) {
    histories.retain(|known, _| events.contains(known));
    for event in events {
        // A history still held means the last second's tick goes on: this second is skipped for this event alone.
        let history = histories.entry(event.clone()).or_default().clone();
        let Ok(mut history) = history.try_lock_owned() else {
            continue;
        };
        let app = app.clone();
        running.spawn(async move {
            match timeout(TICK_TIMEOUT, tick(&app, &event, &mut history)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%event, %error, "the meter could not tell the edge"),
                Err(_) => tracing::warn!(%event, "the meter's tick took too long"),
            }
        });
    }
}
