//! `GET` and `POST /api/v1/events/{id}/registration`, `GET /api/v1/events/{id}/pass`.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use super::{
    super::{fan_pass, fan_status::FanStatus, registration},
    not_cached,
};
use crate::{
    clock,
    http::{Account, ErrorResponse, Json, Path},
    state::SharedApp,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrationRequest {
    invitation_code: Option<String>,
}

#[derive(Serialize)]
struct FanPassAnswer {
    /// For `fan_pass` of the join.
    fan_pass: String,
    expires_at: UnixMillis,
}

pub(crate) async fn show_registration(
    State(app): State<SharedApp>,
    account: Account,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let status = FanStatus::read(&app.database, &event_id, &account.subject).await?;
    Ok(not_cached(status))
}

pub(crate) async fn register(
    State(app): State<SharedApp>,
    account: Account,
    Path(event_id): Path<EventId>,
    Json(request): Json<RegistrationRequest>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let status = registration::register(
        &app.database,
        &app.config.invitation_key,
        &event_id,
        &account.subject,
        request.invitation_code.as_deref(),
    );
    Ok(not_cached(status.await?))
}

pub(crate) async fn fan_pass(
    State(app): State<SharedApp>,
    account: Account,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let status = FanStatus::read(&app.database, &event_id, &account.subject).await?;
    let pass = fan_pass::sign(
        &app.config.account_signing_keys,
        &app.config.account_issuer,
        account.subject,
        event_id,
        &status,
        clock::now(),
    )?;
    Ok(not_cached(FanPassAnswer {
        fan_pass: pass.token,
        expires_at: pass.expires_at,
    }))
}
