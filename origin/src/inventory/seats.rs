//! `GET /api/v1/events/{id}/seats?section=`: what a fan in the shop sees of a section. No round trip of its own.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use stanchion_shared::identity::EventId;

use super::reader;
use crate::{
    http::{Error, Path, Query, ShopSession},
    state::SharedApp,
};

/// The route of this module.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/v1/events/{event_id}/seats", get(seats))
}

#[derive(Deserialize)]
struct SectionQuery {
    section: String,
}

async fn seats(
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Query(query): Query<SectionQuery>,
    session: ShopSession,
) -> Result<Response, Error> {
    if session.claims.event != event_id {
        return Err(other_event());
    }
    let stock = app.inventory.event(&app.database, &event_id).await?;
    let Some((plan, section)) = stock.section(&query.section) else {
        return Err(Error::not_found("section_not_found", "This event has no such section."));
    };
    let body = reader::read(&app, plan, section).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body).into_response())
}

/// 403 `token_for_other_event`: the shop token opens another event than the request names.
#[must_use]
pub fn other_event() -> Error {
    Error::new(
        StatusCode::FORBIDDEN,
        "token_for_other_event",
        "Your shop token is for another event.",
    )
}
