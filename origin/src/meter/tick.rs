//! One event, one second: look, decide, tell the edge.

use stanchion_shared::{
    identity::EventId,
    meter::{History, Observed, decide},
    wire::{EdgeStats, PutAccepted},
};

use super::{OnSale, sessions};
use crate::{
    clock,
    edge::{self, EdgeError},
    http,
    inventory::{self, Counts},
    state::SharedApp,
};

/// How often a put is repeated with a new version when the edge has seen a later one.
pub const MAX_VERSION_ATTEMPTS: u32 = 3;

/// Why the edge was not told anything this second.
#[derive(Debug, thiserror::Error)]
pub enum TickError {
    /// The edge.
    #[error(transparent)]
    Edge(#[from] EdgeError),
    /// Inventory.
    #[error(transparent)]
    Inventory(#[from] http::Error),
    /// Sessions.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// Settings.
    #[error("PostgreSQL: {0}")]
    Database(#[from] sqlx::Error),
    /// The event has no on-sale.
    #[error("the event is gone")]
    Gone,
}

/// What is seen of an event apart from its row.
struct Sight {
    stats: EdgeStats,
    seats: Counts,
    sessions: sessions::SessionCounts,
}

/// Looks, decides and puts the release; an edge that does not know the event is told of it first.
///
/// # Errors
/// [`TickError`]; the next second starts afresh.
pub async fn tick(app: &SharedApp, event: &EventId, history: &mut Option<History>) -> Result<(), TickError> {
    let stats = served(app, event).await?;
    let history = match history {
        Some(history) => history,
        None => {
            let row = OnSale::read(&app.database, event).await?.ok_or(TickError::Gone)?;
            history.insert(History::new(row.rate()))
        }
    };
    let now = clock::now();
    history.saw_served(now, stats.served);
    let sessions = sessions::count(app, event, history.long_served(now)).await?;
    let seats = inventory::counts(app, event).await?;
    let sight = Sight { stats, seats, sessions };
    let mut at_least = 0;
    for _ in 0..MAX_VERSION_ATTEMPTS {
        match put_release(app, event, history, &sight, at_least).await {
            Err(TickError::Edge(EdgeError::StaleVersion)) => {
                // The edge remembers more than PostgreSQL does, for instance after a restore: catch up with it.
                at_least = edge::stats(app, event).await?.version + 1;
            }
            result => return result,
        }
    }
    Err(EdgeError::StaleVersion.into())
}

/// What the edge has served; it is told of the event first if it does not know it.
async fn served(app: &SharedApp, event: &EventId) -> Result<EdgeStats, TickError> {
    match edge::stats(app, event).await {
        Err(EdgeError::UnknownEvent) => {
            tracing::warn!(%event, "the edge does not know the event: it is told again");
            announce(app, event).await?;
            Ok(edge::stats(app, event).await?)
        }
        stats => Ok(stats?),
    }
}

async fn put_release(
    app: &SharedApp,
    event: &EventId,
    history: &mut History,
    sight: &Sight,
    at_least: u64,
) -> Result<(), TickError> {
    // Read together with its version: a pause that commits after this has a larger one and wins at the edge.
    let row = OnSale::next_version(&app.database, event, at_least)
        .await?
        .ok_or(TickError::Gone)?;
    let waiting = sight.stats.last_place.saturating_sub(sight.stats.served);
    let observed = Observed {
        shopping: sight.sessions.shopping,
        on_their_way: history.on_their_way(clock::now(), sight.sessions.seen_after, waiting),
        seats_available: sight.seats.available(),
        seats_locked: sight.seats.locked,
        paused: row.paused,
        rate: row.rate(),
    };
    let decision = decide(&row.limits(), &observed);
    edge::put_release(app, event, &row.put_release(decision.rate, decision.sold_out)).await?;
    history.put_rate(clock::now(), decision.rate);
    tracing::debug!(%event, ?observed, ?decision, "metered");
    OnSale::record_release(&app.database, event, decision.rate, decision.sold_out).await?;
    Ok(())
}

/// Makes the edge know the event, or know it as it is now.
///
/// # Errors
/// [`TickError`].
pub async fn announce(app: &SharedApp, event: &EventId) -> Result<PutAccepted, TickError> {
    let mut at_least = 0;
    for _ in 0..MAX_VERSION_ATTEMPTS {
        let row = OnSale::next_version(&app.database, event, at_least)
            .await?
            .ok_or(TickError::Gone)?;
        match edge::put_event(app, event, &row.put_event()).await {
            Err(EdgeError::StaleVersion) => at_least = edge::stats(app, event).await?.version + 1,
            result => return Ok(result?),
        }
    }
    Err(EdgeError::StaleVersion.into())
}
