//! The requests about verified fans, one file per subject. `routes.rs` has their addresses.

pub(crate) mod accounts;
pub(crate) mod fans;
pub(crate) mod invitations;
pub(crate) mod programme;
pub(crate) mod selection;

use axum::{http::header, response::IntoResponse};
use serde::Serialize;

use crate::http::Json;

/// An answer about persons, which no cache may keep.
fn not_cached(answer: impl Serialize) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer))
}
