//! Everything the origin knows of an event's settings, drafts included.

use serde::Serialize;
use sqlx::PgPool;
use stanchion_shared::{ids::EventId, policy::QueuePolicy, schedule::Rate, timestamp::UnixMillis};

use super::AdminError;
use crate::{
    catalogue::{SectionView, VenueView},
    clock,
    events::{self, EventForAdmin, EventNotFound},
};

#[derive(Serialize)]
pub(crate) struct AdminEvent {
    event_id: String,
    name: String,
    /// `draft` or `launched`.
    state: String,
    starts_at: UnixMillis,
    on_sale_time: UnixMillis,
    launched_at: Option<UnixMillis>,
    currency: String,
    venue: VenueView,
    sections: Vec<SectionView>,
    limits: LimitsView,
    queue: QueuePolicy,
    paused: bool,
    sold_out: bool,
    /// The rate last put to the edge.
    rate_per_second: Rate,
    /// Version of the last message to the edge.
    edge_version: i64,
}

#[derive(Serialize)]
struct LimitsView {
    most_per_second: Rate,
    most_shoppers: i32,
    per_person: i32,
    lock_ms: i64,
    turn_ms: i64,
    shopping_ms: i64,
    draw_window_ms: i64,
    shards: i32,
    challenge_max_number: i64,
}

/// The event as it is.
///
/// # Errors
/// [`AdminError::EventNotFound`], or the database.
pub(super) async fn read(database: &PgPool, event_id: &EventId) -> Result<AdminEvent, AdminError> {
    let row = EventForAdmin::read(database, event_id).await?.ok_or(EventNotFound)?;
    let sections = events::sections(database, event_id).await?;
    Ok(view(
        event_id,
        row,
        sections.into_iter().map(SectionView::from).collect(),
    ))
}

fn rate(milli: i64) -> Rate {
    Rate::from_milli(u64::try_from(milli).unwrap_or_default())
}

fn view(event_id: &EventId, row: EventForAdmin, sections: Vec<SectionView>) -> AdminEvent {
    AdminEvent {
        event_id: event_id.to_string(),
        name: row.name,
        state: row.state,
        starts_at: clock::from_sql(row.starts_at),
        on_sale_time: clock::from_sql(row.on_sale_time),
        launched_at: row.launched_at.map(clock::from_sql),
        currency: row.currency,
        venue: VenueView {
            name: row.venue_name,
            city: row.city,
            latitude: row.latitude,
            longitude: row.longitude,
        },
        sections,
        limits: LimitsView {
            most_per_second: rate(row.most_per_second_milli),
            most_shoppers: row.most_shoppers,
            per_person: row.per_person,
            lock_ms: row.lock_ms,
            turn_ms: row.turn_ms,
            shopping_ms: row.shopping_ms,
            draw_window_ms: row.draw_window_ms,
            shards: row.shards,
            challenge_max_number: row.challenge_max_number,
        },
        queue: row.policy.0,
        paused: row.paused,
        sold_out: row.sold_out,
        rate_per_second: rate(row.rate_milli),
        edge_version: row.edge_version,
    }
}
