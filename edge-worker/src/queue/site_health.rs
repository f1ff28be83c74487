//! Asking a protected site whether it can take people. The runtime brings the exchange itself. When
//! the site is asked, and what its answer means for the lease, is in [`super::event`].

use http::{HeaderValue, Method, header};

use crate::platform::{HttpRequest, HttpResponse};

/// Asks at `path` of the event's site, which is at `origin_url`, by `send`.
///
/// # Errors
/// A sentence says why the site is not well: it does not answer, not with 2xx, or the event has no
/// site in this deployment.
pub(crate) async fn ask<Sent, E>(
    origin_url: Option<&str>,
    path: &str,
    send: impl FnOnce(HttpRequest) -> Sent,
) -> Result<(), String>
where
    Sent: Future<Output = Result<HttpResponse, E>>,
    E: std::fmt::Display,
{
    let origin_url = origin_url.ok_or("no site of this edge names the event")?;
    let uri = format!("{origin_url}{path}").parse();
    let mut request = HttpRequest::new(Vec::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri.map_err(|error| format!("its address cannot be read: {error}"))?;
    let any = HeaderValue::from_static("*/*");
    request.headers_mut().insert(header::ACCEPT, any);
    let answered = send(request).await.map_err(|error| error.to_string())?;
    match answered.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("status {}", status.as_u16())),
    }
}
