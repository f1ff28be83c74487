//! `GET /api/v1/admin/events/{id}/stats`: the numbers an admin watches. What cannot be had is null, the rest is shown.

use std::collections::BTreeMap;

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use stanchion_shared::{identity::EventId, schedule::Rate, timestamp::UnixMillis, wire::EdgeStats};

use super::event_not_found;
use crate::{
    clock, edge, fans,
    http::{Admin, Error, Json, Path},
    inventory,
    meter::{OnSale, sessions},
    state::SharedApp,
};

#[derive(Serialize)]
struct Stats {
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
    fans: Option<fans::Counts>,
}

#[derive(Serialize)]
struct Seats {
    capacity: u64,
    available: u64,
    locked: u64,
    sold: u64,
}

pub(super) async fn stats(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    let row = OnSale::read(&app.database, &event_id)
        .await?
        .ok_or_else(event_not_found)?;
    let orders: Vec<(String, i64)> =
        sqlx::query_as("select status, count(*) from orders where event_id = $1 group by status")
            .bind(event_id.as_str())
            .fetch_all(&app.database)
            .await?;
    let fans = fans::counts(&app.database, &event_id).await?;
    let (edge, shopping, counts) = tokio::join!(
        edge::stats(&app, &event_id),
        sessions::shopping(&app, &event_id),
        inventory::counts(&app, &event_id),
    );
    let seats = counts.ok().map(|counts| Seats {
        capacity: counts.capacity,
        available: counts.available(),
        locked: counts.locked,
        sold: counts.sold,
    });
    let limits = row.limits();
    Ok(Json(Stats {
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
    }))
}
