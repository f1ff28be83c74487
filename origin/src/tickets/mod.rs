//! Tickets: the [`code`] a gate scans, and its QR code as SVG. Tickets are made by `checkout`, in PostgreSQL.
//!
//! Round trips per request: one statement.

pub mod code;

use axum::{
    Router,
    extract::{FromRequestParts, Request, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use qrcode::{EcLevel, QrCode, render::svg};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    http::{Account, Error, Path, Query},
    state::SharedApp,
};

/// Smallest width and height of the picture, in pixels; it scales without loss.
pub const QR_MIN_SIZE: u32 = 240;

/// The route of this module.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/v1/tickets/{ticket_id}/qr.svg", get(qr_code))
}

#[derive(Deserialize)]
struct Signature {
    signature: Option<String>,
}

/// The owner proves itself by the Bearer token, or by an address that only the owner's orders tell. A ticket of somebody
/// else and one that does not exist look the same.
async fn qr_code(
    State(app): State<SharedApp>,
    Path(ticket_id): Path<Uuid>,
    Query(query): Query<Signature>,
    request: Request,
) -> Result<Response, Error> {
    let key = &app.config.ticket_code_key;
    let owner = match query.signature {
        Some(signature) if code::verify_address(key, ticket_id, &signature) => None,
        Some(_) => return Err(not_found()),
        None => Some(
            Account::from_request_parts(&mut request.into_parts().0, &app)
                .await?
                .subject,
        ),
    };
    let found: Option<(Uuid,)> = sqlx::query_as(include_str!("active_ticket.sql"))
        .bind(ticket_id)
        .bind(owner)
        .fetch_optional(&app.database)
        .await?;
    let (ticket_id,) = found.ok_or_else(not_found)?;
    let picture = draw(&code::barcode(key, ticket_id))?;
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "private, no-store"),
        // The address is the key to this picture: it must not travel on as a referrer.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, picture).into_response())
}

fn draw(text: &str) -> Result<String, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Error::internal)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(QR_MIN_SIZE, QR_MIN_SIZE)
        .build())
}

fn not_found() -> Error {
    Error::not_found("ticket_not_found", "There is no such ticket.")
}
