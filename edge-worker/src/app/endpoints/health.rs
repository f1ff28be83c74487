//! `GET /healthz`: this instance answers requests.

use http::StatusCode;

use crate::{app::http::response::json, platform::HttpResponse};

pub(crate) fn get() -> HttpResponse {
    json(StatusCode::OK, &serde_json::json!({ "status": "ok" }))
}
