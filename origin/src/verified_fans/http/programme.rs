//! `PUT` and `GET /api/v1/admin/events/{id}/fans`.

use axum::{extract::State, response::IntoResponse};
use stanchion_shared::ids::EventId;

use super::super::{
    overview,
    programme::{self, ProgrammeSettings},
};
use crate::{
    http::{Admin, ErrorResponse, Json, Path},
    state::SharedApp,
};

pub(crate) async fn set(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Json(settings): Json<ProgrammeSettings>,
) -> Result<impl IntoResponse, ErrorResponse> {
    programme::set(&app.database, &admin.name, &event_id, &settings).await?;
    Ok(Json(overview::read(&app.database, &event_id).await?))
}

pub(crate) async fn show(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, ErrorResponse> {
    Ok(Json(overview::read(&app.database, &event_id).await?))
}
