//! `GET /api/v1/admin/audit`.

use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::list::{AuditLimit, ListedEntry, newest};
use crate::{
    http::{Admin, ErrorResponse, Json, Query},
    state::SharedApp,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(crate) struct AuditPage {
    /// Newest first.
    entries: Vec<ListedEntry>,
}

pub(crate) async fn list(
    _: Admin,
    State(app): State<SharedApp>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<AuditPage>, ErrorResponse> {
    let limit = AuditLimit::new(query.limit)?;
    let entries = newest(&app.database, limit).await?;
    Ok(Json(AuditPage { entries }))
}
