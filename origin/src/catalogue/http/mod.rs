//! `GET /api/v1/events` and `GET /api/v1/events/{id}`.

mod cached_json;

use axum::{extract::State, http::HeaderMap, response::Response};
use stanchion_shared::ids::EventId;

use super::{detail, search, search::SearchQuery};
use crate::{
    clock,
    http::{ErrorResponse, Path, Query},
    state::SharedApp,
};

pub(crate) async fn search_events(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    Query(query): Query<SearchQuery>,
) -> Result<Response, ErrorResponse> {
    let page = search::search(&app.database, query, clock::now()).await?;
    Ok(cached_json::respond(&headers, &page)?)
}

pub(crate) async fn show_event(
    State(app): State<SharedApp>,
    headers: HeaderMap,
    Path(event_id): Path<EventId>,
) -> Result<Response, ErrorResponse> {
    let event = detail::read(&app.database, event_id, clock::now()).await?;
    Ok(cached_json::respond(&headers, &event)?)
}
