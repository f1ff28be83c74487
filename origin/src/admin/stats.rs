//! The numbers of an event that an admin watches. A number that cannot be read is null, and the
//! rest is shown.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use sqlx::PgPool;
use stanchion_shared::{ids::EventId, schedule::Rate, timestamp::UnixMillis, wire::EdgeStats};

use super::AdminError;
use crate::{
    clock,
    edge::EdgeClient,
    events::{EventNotFound, OnSale},
    inventory::Inventory,
    meter::Sessions,
    verified_fans,
};

#[derive(Serialize)]
pub(crate) struct Stats {
    event_id: EventId,
    as_of: UnixMillis,
    paused: bool,
    sold_out: bool,
    /// The rate last put to the edge.
    rate_per_second: Rate,
    most_per_second: Rate,
    most_shoppers: u32,
    /// Null: the edge does not answer, or does not know the event.
    edge: Option<EdgeStats>,
    /// Fans shopping now. Null: Redis does not answer.
    shopping: Option<u32>,
    /// Null: Redis does not answer, or the seats are being loaded.
    seats: Option<Seats>,
    /// How many orders are in which status; a status without orders is absent.
    orders: BTreeMap<String, i64>,
    /// Null: the event has no verified fans.
    fans: Option<verified_fans::FanCounts>,
}

#[derive(Serialize)]
struct Seats {
    capacity: u64,
    available: u64,
    locked: u64,
    sold: u64,
}

/// Reads all numbers of an event.
///
/// # Errors
/// [`AdminError::EventNotFound`], or the database.
pub(super) async fn read_stats(
    database: &PgPool,
    inventory: &Arc<Inventory>,
    sessions: &Sessions,
    edge: &EdgeClient,
    event_id: EventId,
) -> Result<Stats, AdminError> {
    let row = OnSale::read(database, &event_id).await?.ok_or(EventNotFound)?;
    let orders: Vec<(String, i64)> =
        sqlx::query_as("select status, count(*) from orders where event_id = $1 group by status")
            .bind(event_id.as_str())
            .fetch_all(database)
            .await?;
    let fans = verified_fans::counts(database, &event_id).await?;
    let (edge, shopping, counts) = tokio::join!(
        edge.stats(&event_id),
        sessions.shopping(&event_id),
        inventory.counts(database, &event_id),
    );
    let counts = counts.inspect_err(|error| {
        tracing::warn!(%error, event = %event_id, "the seats cannot be counted for the statistics");
        inventory.start_rebuild_if_unloaded(database, error);
    });
    let seats = counts.ok().map(|counts| Seats {
        capacity: counts.capacity,
        available: counts.available(),
        locked: counts.locked,
        sold: counts.sold,
    });
    let limits = row.limits();
    Ok(Stats {
        event_id,
        as_of: clock::now(),
        paused: row.paused,
        sold_out: row.sold_out,
        rate_per_second: row.rate(),
        most_per_second: limits.most_per_second,
        most_shoppers: limits.most_shoppers,
        edge: edge.ok(),
        shopping: shopping.ok(),
        seats,
        orders: orders.into_iter().collect(),
        fans,
    })
}
