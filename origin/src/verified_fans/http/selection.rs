//! `PUT /api/v1/admin/events/{id}/fans/draws/{round}`.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use super::super::selection::{self, SelectionState};
use crate::{
    clock,
    http::{Admin, ErrorResponse, Json, Path},
    state::SharedApp,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SelectionRequest {
    /// How many fans to select; all if it is left out.
    count: Option<u32>,
}

#[derive(Serialize)]
struct SelectionAnswer {
    event_id: EventId,
    round: u32,
    state: SelectionState,
    count: Option<i32>,
    registered: i32,
    registered_digest: String,
    seed: String,
    /// Fans selected until now.
    #[serde(rename = "drawn")]
    selected: i32,
    /// Null: the selection has not ended.
    #[serde(rename = "drawn_at")]
    ended_at: Option<UnixMillis>,
}

pub(crate) async fn select(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, round)): Path<(EventId, u32)>,
    Json(request): Json<SelectionRequest>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let selected = selection::select(&app.database, &admin.name, &event_id, round, request.count).await?;
    let state = SelectionState::of(selected.ended_at);
    let status = match state {
        SelectionState::UnderWay => StatusCode::ACCEPTED,
        SelectionState::Ended => StatusCode::OK,
    };
    let answer = SelectionAnswer {
        event_id,
        round,
        state,
        count: selected.wanted,
        registered: selected.registered,
        registered_digest: hex::encode(selected.registered_digest),
        seed: hex::encode(selected.seed),
        selected: selected.selected,
        ended_at: selected.ended_at.map(clock::from_sql),
    };
    Ok((status, Json(answer)))
}
