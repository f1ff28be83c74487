//! `GET /api/v1/tickets/{id}/qr.svg`: the QR code of a seat ticket.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{TicketError, barcode, qr_code};
use crate::{
    http::{Account, ErrorResponse, Path, Query},
    state::SharedApp,
};

#[derive(Deserialize)]
pub(crate) struct QrQuery {
    signature: Option<String>,
}

/// The owner is recognised by the Bearer token, or by a signed address, which only the owner's
/// orders show. A ticket of another account and a ticket that does not exist get the same answer.
pub(crate) async fn qr_svg(
    State(app): State<SharedApp>,
    Path(ticket_id): Path<Uuid>,
    Query(query): Query<QrQuery>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let key = &app.config.ticket_code_key;
    let owner = match query.signature {
        Some(signature) if barcode::verify_address(key, ticket_id, &signature) => None,
        Some(_) => return Err(TicketError::NotFound.into()),
        None => {
            let account = Account::from_request_parts(&mut request.into_parts().0, &app).await?;
            Some(account.subject)
        }
    };
    let picture = qr_code::svg_of_ticket(&app.database, key, ticket_id, owner.as_deref()).await?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, no-store"),
        // The address is the key to this picture: it must not travel on as a referrer.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, picture).into_response())
}
