//! Requests to the origin, and to a beacon. A redirect is passed on, never followed (the runtime follows none): where a fan goes is the
//! fan's decision.

use std::time::Duration;

use super::{body, patience::within};
use crate::platform::{HttpRequest, HttpResponse, StoreError};

/// An origin that has not answered after this long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(30);

/// A beacon that has not answered after this long is asked again later: a fan's request may be waiting.
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// Sends `request` (its URI is absolute) and reads the whole answer.
///
/// # Errors
/// A sentence: the origin cannot be reached, took longer than [`PATIENCE`], or its answer broke off.
pub(super) async fn fetch(request: HttpRequest) -> Result<HttpResponse, String> {
    fetch_within(PATIENCE, request).await
}

/// As [`fetch`], for somebody who has no time: within [`SHORT_PATIENCE`].
///
/// # Errors
/// As [`fetch`].
pub(super) async fn fetch_soon(request: HttpRequest) -> Result<HttpResponse, StoreError> {
    fetch_within(SHORT_PATIENCE, request).await.map_err(StoreError)
}

async fn fetch_within(patience: Duration, request: HttpRequest) -> Result<HttpResponse, String> {
    let exchange = async {
        let response = spin_sdk::http::send(request.map(body::full)).await;
        let response = response.map_err(|error| error.to_string())?;
        body::answered(response)
            .await
            .ok_or_else(|| "its answer broke off".to_owned())
    };
    let answered = within(patience, exchange).await;
    answered.unwrap_or_else(|| Err(format!("no answer in {} ms", patience.as_millis())))
}
