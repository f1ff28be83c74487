//! Asking a site of somebody else's whether it can take people. Pure but for the exchange itself, which the runtime brings.

use http::{HeaderValue, Method, header};

use crate::platform::{HttpRequest, HttpResponse};

/// Asks at `path` of the site at `origin_url` by `send`.
///
/// # Errors
/// Why the site is not well: it does not answer, or not with 2xx.
pub(crate) async fn ask<Sent, E>(
    origin_url: &str,
    path: &str,
    send: impl FnOnce(HttpRequest) -> Sent,
) -> Result<(), String>
where
    Sent: Future<Output = Result<HttpResponse, E>>,
    E: std::fmt::Display,
{
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
