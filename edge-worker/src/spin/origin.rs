//! Requests to the origin, and to the few other servers that the edge asks. A redirect is passed on, never followed (the runtime follows none): where a fan goes is the
//! fan's decision.

use std::time::Duration;

use super::{body, patience::within};
use crate::platform::{HttpRequest, HttpResponse};

/// An origin that has not answered after this long is taken for dead.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A beacon that has not answered after this long is asked again later: a fan's request may be waiting.
pub(super) const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// Sends `request` (its URI is absolute) and reads the whole answer.
///
/// # Errors
/// A sentence: the server cannot be reached, took longer than `patience`, or its answer broke off.
pub(super) async fn fetch(request: HttpRequest, patience: Duration) -> Result<HttpResponse, String> {
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
