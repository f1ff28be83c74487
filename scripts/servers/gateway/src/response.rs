//! What a caller gets, before HTTP makes a response of it.

use axum::body::Bytes;
use axum::http::StatusCode;

use crate::ids::IdSerial;

/// What a caller gets, and what an idempotency key keeps.
#[derive(Clone, Debug)]
pub struct GatewayResponse {
    /// Of the response.
    pub status: StatusCode,
    /// JSON.
    pub body: Bytes,
    /// Of the request that ran.
    pub request: IdSerial,
}
