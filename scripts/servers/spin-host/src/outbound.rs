//! Outbound HTTP: checked against `allowed_outbound_hosts`, over connections that are kept, never following a redirect.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_http::timeout::{TimeoutBody, TimeoutError};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::allowed_hosts::AllowedHosts;

/// How long the first byte of an answer, and each further piece, may take unless the component says; Spin's number.
const USUAL_TIMEOUT: Duration = Duration::from_secs(600);

/// The scheme of a request that has none.
const SCHEME: &str = "https";

/// A component's way to HTTP servers.
#[derive(Clone)]
pub(crate) struct Outbound {
    client: Client<HttpConnector, WasiBody>,
    allowed: Arc<AllowedHosts>,
}

type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl Outbound {
    /// To the allowed hosts; clones share their connections.
    #[must_use]
    pub(crate) fn new(allowed: Arc<AllowedHosts>) -> Self {
        // Without TCP_NODELAY, as in Spin 4.1.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(HttpConnector::new());
        Self { client, allowed }
    }

    async fn send(self, request: http::Request<WasiBody>, options: RequestOptions) -> Result<Sent, Error> {
        judge(request.uri(), &self.allowed)?;
        let first_byte = options.first_byte_timeout.unwrap_or(USUAL_TIMEOUT);
        let between_bytes = options.between_bytes_timeout.unwrap_or(USUAL_TIMEOUT);
        let response = tokio::time::timeout(first_byte, self.client.request(request))
            .await
            .map_err(|_| Error::ConnectionReadTimeout)?
            .map_err(|error| failure(&error))?;
        let response = response.map(|body| TimeoutBody::new(between_bytes, body).map_err(broken).boxed_unsync());
        // The connection is driven by the client, so there is nothing more to wait for.
        Ok((response, Box::new(std::future::ready(Ok(())))))
    }
}

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        // What the component did with the answer; as in Spin nothing follows from it.
        _consumed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        Box::new(self.clone().send(request, options.unwrap_or_default()))
    }
}

/// Whether a request may leave.
fn judge(uri: &Uri, allowed: &AllowedHosts) -> Result<(), Error> {
    if !allowed.allow(&uri.to_string(), SCHEME) {
        let authority = uri.authority().map_or("(no host)", http::uri::Authority::as_str);
        tracing::warn!(%authority, "the component tried to reach a host that allowed_outbound_hosts does not have");
        return Err(Error::HttpRequestDenied);
    }
    if uri.scheme() != Some(&Scheme::HTTP) {
        let sentence = "this test host speaks plain http only; Spin itself speaks https";
        tracing::error!(sentence);
        return Err(Error::InternalError(Some(sentence.to_owned())));
    }
    Ok(())
}

/// Why no answer came, in the words that WASI has for it and Spin uses.
fn failure(error: &hyper_util::client::legacy::Error) -> Error {
    tracing::debug!(?error, "an outbound request failed");
    if !error.is_connect() {
        return Error::HttpProtocolError;
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        // Looking up a name fails with an error of the C library, connecting with one of the system.
        if error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.raw_os_error().is_some())
        {
            return Error::ConnectionRefused;
        }
        cause = error.source();
    }
    Error::DnsError {
        rcode: Some("address not available".to_owned()),
        info_code: Some(0),
    }
}

/// Why an answer's body ended early.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    if error.is::<TimeoutError>() {
        Error::ConnectionReadTimeout
    } else {
        Error::HttpProtocolError
    }
}
