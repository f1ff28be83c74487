//! `GET /api/v1/admin/events/{id}/fans/accounts`, `PUT` and `DELETE …/accounts/{account}`.

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use uuid::Uuid;

use super::{
    super::{
        PASS_LIFE_MS, accounts,
        accounts_page::{self, AccountsFilter},
    },
    not_cached,
};
use crate::{
    clock,
    http::{Admin, ErrorResponse, Json, Path, Query},
    state::SharedApp,
};

#[derive(Serialize)]
struct AccountVerified {
    event_id: EventId,
    account_id: Uuid,
    state: &'static str,
}

#[derive(Serialize)]
struct AccountRevoked {
    event_id: EventId,
    account_id: Uuid,
    state: &'static str,
    /// From then on no pass is valid that was given before.
    passes_end_at: UnixMillis,
}

pub(crate) async fn list(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Query(filter): Query<AccountsFilter>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let page = accounts_page::read(&app.database, &event_id, &filter).await?;
    Ok(not_cached(page))
}

pub(crate) async fn verify(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, account_id)): Path<(EventId, Uuid)>,
) -> Result<impl IntoResponse, ErrorResponse> {
    accounts::verify(&app.database, &admin.name, &event_id, account_id).await?;
    Ok(Json(AccountVerified {
        event_id,
        account_id,
        state: "verified",
    }))
}

pub(crate) async fn revoke(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, account_id)): Path<(EventId, Uuid)>,
) -> Result<impl IntoResponse, ErrorResponse> {
    accounts::revoke(&app.database, &admin.name, &event_id, account_id).await?;
    Ok(Json(AccountRevoked {
        event_id,
        account_id,
        state: "revoked",
        passes_end_at: clock::now().plus(PASS_LIFE_MS),
    }))
}
