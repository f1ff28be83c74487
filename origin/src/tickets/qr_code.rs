//! The QR code of a seat ticket.

use qrcode::{EcLevel, QrCode, render::svg};
use sqlx::PgPool;
use stanchion_shared::ids::Bytes32;
use uuid::Uuid;

use super::{TicketError, barcode};
use crate::error::InternalError;

/// Smallest width and height of the picture, in pixels; it scales without loss.
pub const QR_MIN_SIZE: u32 = 240;

/// The QR code of an active ticket as SVG. `owner` is the account that must own the ticket; `None`
/// if the caller has shown the signature of the ticket's address.
///
/// # Errors
/// [`TicketError::NotFound`], also for a ticket of another account; PostgreSQL.
pub async fn svg_of_ticket(
    database: &PgPool,
    key: &Bytes32,
    ticket_id: Uuid,
    owner: Option<&str>,
) -> Result<String, TicketError> {
    let found: Option<(Uuid,)> = sqlx::query_as(include_str!("sql/active_ticket.sql"))
        .bind(ticket_id)
        .bind(owner)
        .fetch_optional(database)
        .await?;
    let (ticket_id,) = found.ok_or(TicketError::NotFound)?;
    svg_of_text(&barcode::barcode(key, ticket_id))
}

fn svg_of_text(text: &str) -> Result<String, TicketError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(InternalError::new)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(QR_MIN_SIZE, QR_MIN_SIZE)
        .build())
}
