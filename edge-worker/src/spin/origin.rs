//! Requests to the origin and to the few other servers that the edge asks. A redirect is passed on
//! and never followed (the runtime follows none): a fan decides where to go.

use std::time::Duration;

use super::{body, time_limit::within};
use crate::platform::{HttpRequest, HttpResponse};

/// An origin that has not answered after this long is taken for dead.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// Sends `request` (its URI is absolute) and reads the whole answer.
///
/// # Errors
/// A sentence: the server cannot be reached, took longer than `time_limit`, or its answer broke off
/// or is too large.
pub(super) async fn fetch(request: HttpRequest, time_limit: Duration) -> Result<HttpResponse, String> {
    let exchange = async {
        let response = spin_sdk::http::send(request.map(body::full)).await;
        let response = response.map_err(|error| error.to_string())?;
        body::answered(response)
            .await
            .map_err(|error| format!("its answer: {error}"))
    };
    let answered = within(time_limit, exchange).await;
    answered.unwrap_or_else(|| Err(format!("no answer in {} ms", time_limit.as_millis())))
}
