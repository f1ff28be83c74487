//! `GET /api/v1/edge/reputation`: the table of addresses, for the edge. The edge signs the request
//! as the origin signs requests to the edge's control API.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use stanchion_shared::control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER};

use crate::{clock, http::ErrorResponse, state::SharedApp};

pub(crate) async fn table(
    State(app): State<SharedApp>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ErrorResponse> {
    check_signature(&app, &uri, &headers)?;
    let published = app.reputation.current();
    let response_headers = [
        (header::ETAG, published.etag.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
    ];
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == published.etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, response_headers).into_response());
    }
    Ok((response_headers, published.text.clone()).into_response())
}

fn check_signature(app: &SharedApp, uri: &Uri, headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let signed = ControlRequest {
        method: "GET",
        path: uri.path(),
        query: uri.query().unwrap_or_default(),
        body: b"",
    };
    let (time, signature) = (text(TIME_HEADER), text(SIGNATURE_HEADER));
    control::verify(&app.config.control_key, &signed, time, signature, clock::now()).map_err(|_| {
        ErrorResponse::new(
            StatusCode::UNAUTHORIZED,
            "control_signature",
            "Only the edge is given this, and it signs its request.",
        )
    })
}
