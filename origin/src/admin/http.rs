//! The handlers below `/api/v1/admin/events`.

use axum::{extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use stanchion_shared::{ids::EventId, meter::MeterLimits, policy::QueuePolicy, schedule::Rate, timestamp::UnixMillis};

use super::{
    create, event_view,
    event_view::AdminEvent,
    launch,
    limits::{self, ChangedLimits},
    pause, queue_policy,
    stats::{self, Stats},
};
use crate::{
    events::new_event::NewEvent,
    http::{Admin, ErrorResponse, Json, Path},
    state::SharedApp,
};

/// Largest description of an event, in bytes:
/// [`MAX_SECTIONS`](crate::events::new_event::MAX_SECTIONS) sections of many rows fit.
pub const MAX_EVENT_BODY_BYTES: usize = 2 * 1024 * 1024;

/// `POST /api/v1/admin/events`.
pub(crate) async fn create_event(
    admin: Admin,
    State(app): State<SharedApp>,
    Json(event): Json<NewEvent, MAX_EVENT_BODY_BYTES>,
) -> Result<(StatusCode, Json<AdminEvent>), ErrorResponse> {
    create::create(&app.database, &admin.name, &event).await?;
    let created = event_view::read(&app.database, &event.event_id).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// `GET /api/v1/admin/events/{id}`.
pub(crate) async fn show_event(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<Json<AdminEvent>, ErrorResponse> {
    Ok(Json(event_view::read(&app.database, &event_id).await?))
}

#[derive(Serialize)]
pub(crate) struct Launched {
    event_id: EventId,
    state: &'static str,
    /// Version of the message to the edge.
    edge_version: u64,
    /// When every edge knows the event.
    effective_at: UnixMillis,
}

/// `POST /api/v1/admin/events/{id}/launch`.
pub(crate) async fn launch_event(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<Json<Launched>, ErrorResponse> {
    let accepted = launch::launch(&app.database, &app.inventory, &app.meter(), &admin.name, &event_id).await?;
    Ok(Json(Launched {
        event_id,
        state: "launched",
        edge_version: accepted.version,
        effective_at: accepted.effective_at,
    }))
}

/// A limit that is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetLimits {
    most_per_second: Option<Rate>,
    most_shoppers: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct LimitsSet {
    event_id: EventId,
    most_per_second: Rate,
    most_shoppers: u32,
}

/// `PUT /api/v1/admin/events/{id}/limits`.
pub(crate) async fn set_limits(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Json(body): Json<SetLimits>,
) -> Result<Json<LimitsSet>, ErrorResponse> {
    let changed = ChangedLimits {
        most_per_second: body.most_per_second,
        most_shoppers: body.most_shoppers,
    };
    let MeterLimits {
        most_per_second,
        most_shoppers,
    } = limits::set_limits(&app.database, &admin.name, &event_id, changed).await?;
    Ok(Json(LimitsSet {
        event_id,
        most_per_second,
        most_shoppers,
    }))
}

#[derive(Serialize)]
pub(crate) struct PolicySet {
    event_id: EventId,
    queue: QueuePolicy,
    /// When every edge follows it; null while the event is a draft.
    effective_at: Option<UnixMillis>,
}

/// `PUT /api/v1/admin/events/{id}/queue`. A field that is left out has its default.
pub(crate) async fn set_policy(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Json(queue): Json<QueuePolicy>,
) -> Result<Json<PolicySet>, ErrorResponse> {
    let effective_at = queue_policy::set_policy(&app.database, &app.meter(), &admin.name, &event_id, &queue).await?;
    Ok(Json(PolicySet {
        event_id,
        queue,
        effective_at,
    }))
}

#[derive(Serialize)]
pub(crate) struct PauseSet {
    event_id: EventId,
    paused: bool,
    /// When it takes effect at every edge; null if the meter has to tell the edge, which it tries
    /// every second.
    effective_at: Option<UnixMillis>,
}

/// `POST /api/v1/admin/events/{id}/pause`.
pub(crate) async fn pause_event(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<Json<PauseSet>, ErrorResponse> {
    let effective_at = pause::pause(&app.database, &app.edge, &admin.name, &event_id).await?;
    Ok(Json(PauseSet {
        event_id,
        paused: true,
        effective_at,
    }))
}

/// `POST /api/v1/admin/events/{id}/resume`.
pub(crate) async fn resume_event(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<Json<PauseSet>, ErrorResponse> {
    pause::resume(&app.database, &admin.name, &event_id).await?;
    Ok(Json(PauseSet {
        event_id,
        paused: false,
        effective_at: None,
    }))
}

/// `GET /api/v1/admin/events/{id}/stats`.
pub(crate) async fn show_stats(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<Json<Stats>, ErrorResponse> {
    let stats = stats::read_stats(&app.database, &app.inventory, &app.sessions, &app.edge, event_id).await?;
    Ok(Json(stats))
}
