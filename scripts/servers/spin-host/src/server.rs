//! HTTP/1.1 in front of the instances.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONNECTION, HOST, HeaderName};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::instance::{Instances, MOST_INSTANCES};

/// Most requests in progress; further ones wait in their connections. In the worst case each has an instance to itself, so
/// this must leave some of the instances for those that are about to end.
const MOST_REQUESTS: usize = 512;
const _: () = assert!(MOST_REQUESTS < MOST_INSTANCES as usize);

/// How long requests in progress may take to finish after the stop.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How long to wait before accepting again when the system refuses a connection (too many open files).
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Spin answers this path itself.
const HEALTH_PATH: &str = "/.well-known/spin/health";

/// The application behind its address.
pub(crate) struct Server {
    handler: ProxyHandler<Instances>,
    requests: Arc<Semaphore>,
}

impl Server {
    /// A server that has served nothing yet.
    #[must_use]
    pub(crate) fn new(instances: Instances) -> Arc<Self> {
        let requests = Arc::new(Semaphore::new(MOST_REQUESTS));
        Arc::new(Self {
            handler: ProxyHandler::new(instances),
            requests,
        })
    }

    /// Serves until `stop` is ready, and then at most [`STOP_WITHIN`] longer.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, peer)) => self.clone().connection(stream, peer, &connections),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
                }
            }
        }
        drop(listener);
        if tokio::time::timeout(STOP_WITHIN, connections.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish in time");
        }
        self.handler.state().stop();
    }

    fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, connections: &GracefulShutdown) {
        // Nagle's algorithm stays on, as in Spin 4.1: what it costs is to be seen here, too.
        let service = service_fn(move |request| {
            let server = self.clone();
            async move { Ok::<_, Infallible>(server.answer(request, peer).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }

    async fn answer(&self, mut request: Request<Incoming>, peer: SocketAddr) -> Response<WasiBody> {
        let path = request.uri().path().to_owned();
        if path == HEALTH_PATH {
            return Response::new(Full::from("OK").map_err(Error::from).boxed_unsync());
        }
        let Some(uri) = absolute(request.uri(), request.headers()) else {
            return empty(StatusCode::BAD_REQUEST);
        };
        // Spin reads all of them as text before its component sees any.
        if request
            .headers()
            .values()
            .any(|value| str::from_utf8(value.as_bytes()).is_err())
        {
            tracing::error!(path, "a header's value is not UTF-8");
            return empty(StatusCode::INTERNAL_SERVER_ERROR);
        }
        tell(request.headers_mut(), &uri, peer);
        *request.uri_mut() = uri;

        let permit = self
            .requests
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        match self
            .handler
            .handle((), request.map(|body| body.map_err(Error::from).boxed_unsync()))
            .await
        {
            // The permit lives as long as the body: an answer that is still being written is a request in progress.
            Ok(response) => response.map(|body| {
                body.map_frame(move |frame| {
                    let _ = &permit;
                    frame
                })
                .boxed_unsync()
            }),
            Err(error) => {
                tracing::error!(path, "no answer from the component: {error}");
                empty(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

fn empty(status: StatusCode) -> Response<WasiBody> {
    let mut response = Response::new(Full::default().map_err(Error::from).boxed_unsync());
    *response.status_mut() = status;
    response
}

/// A request's address with scheme and host, which the request line does not have; `None` unless it has one host.
fn absolute(uri: &Uri, headers: &HeaderMap) -> Option<Uri> {
    let in_header = match headers.get(HOST) {
        Some(host) => Some(host.to_str().ok()?.parse::<Authority>().ok()?),
        None => None,
    };
    let authority = match (in_header, uri.authority()) {
        (Some(header), Some(line)) if header != *line => return None,
        (Some(authority), _) => authority,
        (None, Some(line)) => line.clone(),
        (None, None) => return None,
    };
    let path_and_query = uri
        .path_and_query()
        .cloned()
        .unwrap_or_else(|| PathAndQuery::from_static("/"));
    Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(authority)
        .path_and_query(path_and_query)
        .build()
        .ok()
}

/// What Spin tells a component in headers about its request, for the route `/...`. As in Spin they come after headers of
/// the same names that a client sent. A component that trusts one must take the last.
fn tell(headers: &mut HeaderMap, uri: &Uri, peer: SocketAddr) {
    // It concerns this connection and would harm if the component passed it on.
    headers.remove(CONNECTION);
    let told = [
        (HeaderName::from_static("spin-path-info"), uri.path().to_owned()),
        (HeaderName::from_static("spin-full-url"), uri.to_string()),
        (HeaderName::from_static("spin-matched-route"), "/...".to_owned()),
        (HeaderName::from_static("spin-base-path"), "/".to_owned()),
        (HeaderName::from_static("spin-raw-component-route"), "/...".to_owned()),
        (HeaderName::from_static("spin-component-route"), String::new()),
        (HeaderName::from_static("spin-client-addr"), peer.to_string()),
    ];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.append(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_host(uri: &str, host: Option<&str>) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, HeaderValue::from_str(host).expect("a header"));
        }
        absolute(&uri.parse().expect("an address"), &headers).map(|uri| uri.to_string())
    }

    #[test]
    fn an_address_is_completed_by_the_host_header() {
        assert_eq!(
            with_host("/a?b=c", Some("shop:80")).as_deref(),
            Some("http://shop:80/a?b=c")
        );
        assert_eq!(with_host("http://shop/a", None).as_deref(), Some("http://shop/a"));
        assert_eq!(
            with_host("http://shop/a", Some("shop")).as_deref(),
            Some("http://shop/a")
        );
    }

    #[test]
    fn a_request_without_one_host_is_refused() {
        assert_eq!(with_host("/a", None), None);
        assert_eq!(with_host("http://shop/a", Some("other")), None);
        assert_eq!(with_host("/a", Some("two hosts")), None);
    }

    #[test]
    fn the_true_client_address_comes_after_a_claimed_one() {
        let mut headers = HeaderMap::new();
        headers.insert("spin-client-addr", HeaderValue::from_static("1.1.1.1:1"));
        headers.insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        let uri = Uri::from_static("http://shop/a?token=secret");
        tell(&mut headers, &uri, "127.0.0.1:5000".parse().expect("an address"));
        let told: Vec<_> = headers.get_all("spin-client-addr").iter().collect();
        assert_eq!(told, ["1.1.1.1:1", "127.0.0.1:5000"]);
        assert!(!headers.contains_key(CONNECTION));
        assert_eq!(headers["spin-path-info"], "/a");
        assert_eq!(headers["spin-full-url"], "http://shop/a?token=secret");
    }
}
