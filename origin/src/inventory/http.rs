//! `GET /api/v1/events/{id}/seats?section=`: what a fan in the shop sees of a section. No round
//! trip of its own.

use axum::{
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use stanchion_shared::ids::EventId;

use super::InventoryError;
use crate::{
    http::{ErrorResponse, Path, Query, ShopSession},
    state::{App, SharedApp},
};

#[derive(Deserialize)]
pub(crate) struct SectionQuery {
    section: String,
}

pub(crate) async fn seats(
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Query(query): Query<SectionQuery>,
    session: ShopSession,
) -> Result<Response, ErrorResponse> {
    if session.claims.event != event_id {
        return Err(other_event());
    }
    let stock = app.inventory.event(&app.database, &event_id).await?;
    let json = stock
        .availability(&query.section)
        .await
        .map_err(|error| error_response(&app, error))?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Bytes::from_owner(json)).into_response())
}

/// The response to `error`. Before that, the rebuild of a section that was found unloaded is
/// started.
pub(crate) fn error_response(app: &App, error: InventoryError) -> ErrorResponse {
    app.inventory.start_rebuild_if_unloaded(&app.database, &error);
    error.into()
}

/// 403 `token_for_other_event`: the shop token opens another event than the request names.
#[must_use]
pub(crate) fn other_event() -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::FORBIDDEN,
        "token_for_other_event",
        "Your shop token is for another event.",
    )
}
