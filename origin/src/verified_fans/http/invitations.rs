//! `POST` and `GET /api/v1/admin/events/{id}/fans/invitations`, `PUT` and `DELETE
//! …/invitations/{email}`.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use super::super::{
    MAX_LIST_BYTES, PASS_LIFE_MS,
    invitations::{self, AddressList, ListFormat},
};
use crate::{
    accounts::Email,
    clock,
    error::InternalError,
    http::{Admin, ErrorResponse, Json, Path, Query},
    state::SharedApp,
};

/// A list of addresses as it was sent. 415 `unsupported_media_type`, 413 `body_too_large`, 422
/// `malformed_list`, which names the bad lines.
#[derive(Debug)]
pub(crate) struct UploadedList {
    list: AddressList,
    /// SHA-256 of the body, in hex.
    digest: String,
}

impl<S: Send + Sync> FromRequest<S> for UploadedList {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, ErrorResponse> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let format = ListFormat::of(content_type).ok_or_else(|| {
            let message =
                "The list must be sent as text/csv with a column `email`, or as text/plain with one address per line.";
            ErrorResponse::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
        })?;
        // As with JSON: the one failure besides the limit is a body that breaks off.
        let body = to_bytes(request.into_body(), MAX_LIST_BYTES).await.map_err(|_| {
            let message = format!("The list is larger than {MAX_LIST_BYTES} bytes: send it in parts.");
            ErrorResponse::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        })?;
        Ok(UploadedList {
            list: AddressList::parse(format, &body)?,
            digest: hex::encode(Sha256::digest(&body)),
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteQuery {
    /// Gives the address a new code and makes the present one worthless.
    #[serde(default)]
    renew: bool,
}

#[derive(Serialize)]
struct InvitationAnswer {
    event_id: EventId,
    email: String,
    state: &'static str,
    /// Must be sent to the address and to nobody else.
    code: String,
}

#[derive(Serialize)]
struct InvitationRevoked {
    event_id: EventId,
    email: String,
    state: &'static str,
    /// The account that had redeemed the invitation, and was revoked with it.
    account_id: Option<String>,
    /// From then on no pass is valid that was given before.
    passes_end_at: UnixMillis,
}

pub(crate) async fn upload(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    UploadedList { list, digest }: UploadedList,
) -> Result<impl IntoResponse, ErrorResponse> {
    let report = invitations::upload(&app.database, &admin.name, &event_id, &list, &digest).await?;
    Ok(Json(report))
}

/// All invitations as CSV: `email,code,state`, in the order in which they were made.
pub(crate) async fn export(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let rows = invitations::all(&app.database, &event_id).await?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["email", "code", "state"])
        .map_err(InternalError::new)?;
    for row in &rows {
        let code = row.code(&app.config.invitation_key, &event_id);
        csv.write_record([row.email.as_str(), &code, row.state()])
            .map_err(InternalError::new)?;
    }
    let body = csv.into_inner().map_err(InternalError::new)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body))
}

pub(crate) async fn invite(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, email)): Path<(EventId, String)>,
    Query(query): Query<InviteQuery>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let email = Email::parse(&email)?;
    let row = invitations::invite(&app.database, &admin.name, &event_id, &email, query.renew).await?;
    Ok(Json(InvitationAnswer {
        code: row.code(&app.config.invitation_key, &event_id),
        state: row.state(),
        email: row.email,
        event_id,
    }))
}

pub(crate) async fn revoke(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, email)): Path<(EventId, String)>,
) -> Result<impl IntoResponse, ErrorResponse> {
    let email = Email::parse(&email)?;
    let row = invitations::revoke(&app.database, &admin.name, &event_id, &email).await?;
    Ok(Json(InvitationRevoked {
        event_id,
        email: row.email,
        state: "revoked",
        account_id: row.redeemed_by,
        passes_end_at: clock::now().plus(PASS_LIFE_MS),
    }))
}
