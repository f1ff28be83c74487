//! An event with its venue and sections, as rows.

use sqlx::{FromRow, PgPool, types::Json};
use stanchion_shared::{ids::EventId, policy::QueuePolicy};
use time::OffsetDateTime;

/// A launched event, with what fans may know of it.
#[derive(FromRow)]
pub(crate) struct LaunchedEvent {
    pub(crate) name: String,
    pub(crate) starts_at: OffsetDateTime,
    pub(crate) on_sale_time: OffsetDateTime,
    pub(crate) sold_out: bool,
    pub(crate) currency: String,
    pub(crate) per_person: i32,
    pub(crate) lock_ms: i64,
    pub(crate) verified_fans: bool,
    pub(crate) venue_name: String,
    pub(crate) city: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// A draft or a launched event, with all its settings.
#[derive(FromRow)]
pub(crate) struct EventForAdmin {
    pub(crate) name: String,
    /// `draft` or `launched`.
    pub(crate) state: String,
    pub(crate) starts_at: OffsetDateTime,
    pub(crate) on_sale_time: OffsetDateTime,
    pub(crate) launched_at: Option<OffsetDateTime>,
    pub(crate) currency: String,
    pub(crate) venue_name: String,
    pub(crate) city: String,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) most_per_second_milli: i64,
    pub(crate) most_shoppers: i32,
    pub(crate) per_person: i32,
    pub(crate) lock_ms: i64,
    pub(crate) turn_ms: i64,
    pub(crate) shopping_ms: i64,
    pub(crate) draw_window_ms: i64,
    pub(crate) shards: i32,
    pub(crate) challenge_max_number: i64,
    pub(crate) paused: bool,
    pub(crate) sold_out: bool,
    pub(crate) rate_milli: i64,
    pub(crate) edge_version: i64,
    pub(crate) policy: Json<QueuePolicy>,
}

/// A section with its prices.
#[derive(FromRow)]
pub(crate) struct SectionDetails {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) price: i64,
    pub(crate) fee: i64,
    pub(crate) capacity: i32,
}

impl LaunchedEvent {
    /// `None`: there is no such event, or it is a draft.
    pub(crate) async fn read(database: &PgPool, event: &EventId) -> Result<Option<LaunchedEvent>, sqlx::Error> {
        sqlx::query_as(include_str!("sql/launched_event.sql"))
            .bind(event.as_str())
            .fetch_optional(database)
            .await
    }
}

impl EventForAdmin {
    /// `None`: there is no such event.
    pub(crate) async fn read(database: &PgPool, event: &EventId) -> Result<Option<EventForAdmin>, sqlx::Error> {
        sqlx::query_as(include_str!("sql/event_for_admin.sql"))
            .bind(event.as_str())
            .fetch_optional(database)
            .await
    }
}

/// The sections of an event, in the order in which they are shown.
pub(crate) async fn sections(database: &PgPool, event: &EventId) -> Result<Vec<SectionDetails>, sqlx::Error> {
    sqlx::query_as(include_str!("sql/sections.sql"))
        .bind(event.as_str())
        .fetch_all(database)
        .await
}
