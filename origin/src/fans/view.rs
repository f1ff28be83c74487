//! `GET /api/v1/admin/events/{id}/fans`: what an admin sees of an event's verified fans.

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use sqlx::PgExecutor;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{
    counts::{Counts, counts},
    draw::DrawState,
    programme::Settings,
};
use crate::{
    clock,
    http::{Admin, Error, Json, Path},
    state::SharedApp,
};

#[derive(Serialize)]
pub(super) struct View {
    event_id: EventId,
    #[serde(flatten)]
    settings: Settings,
    #[serde(flatten)]
    counts: Counts,
    /// Of the registered, the oldest first.
    draws: Vec<DrawView>,
}

#[derive(Serialize)]
struct DrawView {
    round: i32,
    registered: i32,
    state: DrawState,
    /// So far, or in the end.
    drawn: i32,
    /// Null: it is not over.
    drawn_at: Option<UnixMillis>,
}

pub(super) async fn show(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    Ok(Json(view(&app, &event_id).await?))
}

/// # Errors
/// 404 `no_verified_fans`, also where there is no such event.
pub(super) async fn check(database: impl PgExecutor<'_>, event: &EventId) -> Result<(), Error> {
    let offered: bool = sqlx::query_scalar("select exists (select from fan_programmes where event_id = $1)")
        .bind(event.as_str())
        .fetch_one(database)
        .await?;
    if offered { Ok(()) } else { Err(no_programme()) }
}

fn no_programme() -> Error {
    Error::not_found(
        "no_verified_fans",
        "There is no such event, or it has no verified fans.",
    )
}

pub(super) async fn view(app: &SharedApp, event: &EventId) -> Result<View, Error> {
    type Row = (Option<OffsetDateTime>, Option<OffsetDateTime>, Option<i32>);
    let settings: Option<Row> = sqlx::query_as(
        "select registration_opens_at, registration_closes_at, most_fans from fan_programmes where event_id = $1",
    )
    .bind(event.as_str())
    .fetch_optional(&app.database)
    .await?;
    let (opens_at, closes_at, most_fans) = settings.ok_or_else(no_programme)?;
    let draws: Vec<(i32, i32, i32, Option<OffsetDateTime>)> =
        sqlx::query_as("select round, registered, drawn, drawn_at from fan_draws where event_id = $1 order by round")
            .bind(event.as_str())
            .fetch_all(&app.database)
            .await?;
    let counts = counts(&app.database, event).await?.ok_or_else(no_programme)?;
    Ok(View {
        event_id: event.clone(),
        settings: Settings::of(opens_at, closes_at, most_fans),
        counts,
        draws: draws
            .into_iter()
            .map(|(round, registered, drawn, drawn_at)| DrawView {
                round,
                registered,
                state: DrawState::of(drawn_at),
                drawn,
                drawn_at: drawn_at.map(clock::from_sql),
            })
            .collect(),
    })
}
