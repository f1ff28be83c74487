//! Where a request enters the component. Other requests of the same instance run while one waits,
//! so what they share (configuration, connection, the application's caches) is never borrowed
//! across an await.

use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::{Duration, SystemTime},
};

use futures_util::{FutureExt, TryFutureExt, future::LocalBoxFuture};
use http::Method;
use spin_sdk::{
    http::{IntoResponse, Request},
    http_service,
    wasip3::{
        http::types::{ErrorCode, Response},
        http_compat::IncomingResponseBody,
    },
};
use stanchion_shared::timestamp::UnixMillis;

use super::{
    body::{self, RequestBody},
    configuration::{Configuration, configuration},
    nearby, origin, site,
    store::{Outside, Store},
};
use crate::{
    app::{self, Answer, Refusal},
    config::EdgeConfig,
    platform::{BodyError, HttpRequest, HttpResponse, Platform, QueueStore, SiteAnswer, SiteTimeLimits, StoreError},
};

#[http_service]
async fn serve(request: Request) -> Result<Response, ErrorCode> {
    let is_head = request.method() == Method::HEAD;
    let answered = match configuration().await {
        Ok(configuration) => answer(request, configuration).await,
        Err(error) => {
            // The log says what is missing, the answer does not: a stranger learns nothing about
            // the deployment.
            eprintln!("the edge is misconfigured: {error}");
            Answer::Own(Refusal::misconfigured().into_response())
        }
    };
    match answered {
        Answer::Own(response) if is_head => response.map(body::full).into_response(),
        Answer::Own(response) => body::with_length(response).map(body::full).into_response(),
        Answer::Site(answer) => site::to_spin(answer),
    }
}

async fn answer(request: Request, configuration: Rc<Configuration>) -> Answer<IncomingResponseBody> {
    match body::from_spin(request) {
        Ok(request) => app::handle(&Spin { configuration }, request).await,
        Err(refusal) => Answer::Own(refusal.into_response()),
    }
}

/// Spin's runtime as the application sees it, made for each request.
struct Spin {
    configuration: Rc<Configuration>,
}

impl Platform for Spin {
    type RequestBody = RequestBody;
    type SiteBody = IncomingResponseBody;

    const PASSES_WEBSOCKETS: bool = false;

    async fn has_hidden_content(&self, body: &mut RequestBody) -> bool {
        body.has_content().await
    }

    async fn read_body(&self, body: RequestBody, limit: usize) -> Result<Vec<u8>, BodyError> {
        body.read(limit).await
    }

    async fn pass_to_site(
        &self,
        request: http::Request<RequestBody>,
        limits: SiteTimeLimits,
    ) -> Result<SiteAnswer<IncomingResponseBody>, StoreError> {
        site::pass(request, limits).await.map_err(|error| {
            // The address and its query stay out of the log.
            eprintln!("the site does not answer: {error}");
            StoreError("the site does not answer".to_owned())
        })
    }

    fn store(&self) -> impl QueueStore {
        let Configuration { edge, redis, .. } = &*self.configuration;
        let outside = Outside {
            beacon_url: &edge.beacon_url,
            sites: &edge.sites,
            send: &send_outside,
        };
        Store::new(redis, &edge.signing_keys).with_outside(outside)
    }

    fn now(&self) -> UnixMillis {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        UnixMillis(since_1970.map_or(0, |elapsed| elapsed.as_millis() as u64))
    }

    fn random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("WASI has a cryptographic generator");
    }

    fn config(&self) -> &EdgeConfig {
        &self.configuration.edge
    }

    fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        // Spin, or the proxy in front of it, adds its own value behind any that was sent, which may
        // be any bytes: the last one is true. Spin's has a port, others have none.
        let name = &self.configuration.client_address_header;
        let told = request.headers().get(name)?.as_bytes();
        let last = told.rsplit(|byte| *byte == b',').next()?.trim_ascii();
        let last = str::from_utf8(last).ok()?;
        last.parse()
            .map(|peer: SocketAddr| peer.ip())
            .or_else(|_| last.parse())
            .ok()
            .map(|address: IpAddr| address.to_canonical())
    }

    async fn fetch_within(&self, request: HttpRequest, time_limit: Duration) -> Result<HttpResponse, StoreError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        origin::fetch(request, time_limit).await.map_err(|error| {
            eprintln!("{host} does not answer: {error}");
            StoreError(format!("{host} does not answer"))
        })
    }

    async fn static_file(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match std::fs::read(format!("{STATIC_FILES}/{path}")) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                eprintln!("the static file {path} cannot be read: {error}");
                Err(StoreError("static files cannot be read".to_owned()))
            }
        }
    }

    async fn sleep(&self, duration: Duration) {
        spin_sdk::time::sleep(duration).await;
    }

    // Spin knows the address only. The table of addresses says which network it is in.
    fn client_system(&self, _: &HttpRequest) -> Option<u32> {
        None
    }

    fn warn(&self, sentence: &str) {
        eprintln!("{sentence}");
    }

    async fn recall(&self, key: &str) -> Option<Vec<u8>> {
        nearby::recall(key, self.now()).await
    }

    async fn keep(&self, key: &str, value: Vec<u8>, seconds: u32) {
        nearby::keep(key, value, self.now().plus(u64::from(seconds) * 1_000)).await;
    }

    // Answers by address are not kept in the key-value store: it forgets nothing by itself, and
    // strangers can invent addresses. A CDN that hosts Spin has a cache in front, which follows the
    // answers' Cache-Control.
    async fn cache_get(&self, _: &str) -> Option<HttpResponse> {
        None
    }

    async fn cache_put(&self, _: &str, _: &HttpResponse) {}

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, StoreError> {
        origin::fetch(request, origin::TIME_LIMIT).await.map_err(|error| {
            // The address and its query stay out of the log.
            eprintln!("the origin does not answer: {error}");
            StoreError("the origin does not answer".to_owned())
        })
    }
}

/// Where spin.toml mounts the static files.
const STATIC_FILES: &str = "/static";

/// A beacon, or a protected site that is asked for its health, must answer within this time: a
/// fan's request may be waiting.
const OUTSIDE_TIME_LIMIT: Duration = Duration::from_secs(2);

fn send_outside(request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, StoreError>> {
    let answered = origin::fetch(request, OUTSIDE_TIME_LIMIT);
    answered.map_err(StoreError).boxed_local()
}
