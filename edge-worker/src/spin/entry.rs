//! Where a request enters the component. Other requests of the same instance run while one waits, so what they share
//! (configuration, connection, what the application knows of events) is never borrowed across an await.

use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::FutureExt;
use spin_sdk::{
    http::{FullBody, Request},
    http_service,
};
use stanchion_shared::{
    draw::record::SignedRecord,
    identity::{Draw, EventId, EventKey, Shard},
    schedule::Schedule,
    standing::Snapshot,
    timestamp::UnixMillis,
    wire::{PutEvent, PutRelease},
};

use super::{
    body,
    configuration::{Configuration, configuration},
    origin,
    redis::SpinRedis,
    store::{Outside, Store},
};
use crate::{
    app::{self, Refusal, config::EdgeConfig},
    platform::{
        Claim, ClaimOutcome, HttpRequest, HttpResponse, Join, JoinOutcome, Leave, LeaveOutcome, Platform, PutOutcome,
        QueueStore, Sight, SightedBy, StoreError,
    },
};

#[http_service]
async fn serve(request: Request) -> http::Response<FullBody<Bytes>> {
    let answered = match configuration().await {
        Ok(configuration) => answer(request, configuration).await,
        Err(error) => {
            // What is missing is in the log, not in the answer: a stranger learns nothing about the deployment.
            eprintln!("the edge is misconfigured: {error}");
            Refusal::misconfigured().into_response()
        }
    };
    answered.map(body::full)
}

async fn answer(request: Request, configuration: Rc<Configuration>) -> HttpResponse {
    match body::from_spin(request, configuration.edge.largest_body()).await {
        Ok(request) => app::handle(&Spin { configuration }, request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Spin's runtime as the application sees it, made for each request.
struct Spin {
    configuration: Rc<Configuration>,
}

impl Platform for Spin {
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
        // Spin, and what is in front of it, adds its own behind any that was sent, which may be any bytes: the last one is
        // true. Spin's has a port, others have none.
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

    async fn ask(&self, request: HttpRequest, patience: Duration) -> Result<HttpResponse, StoreError> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        origin::fetch(request, patience).await.map_err(|error| {
            eprintln!("{host} does not answer: {error}");
            StoreError(format!("{host} does not answer"))
        })
    }

    async fn sleep(&self, duration: Duration) {
        spin_sdk::time::sleep(duration).await;
    }

    // Spin knows the address only; what network it is in, the table says.
    fn client_system(&self, _: &HttpRequest) -> Option<u32> {
        None
    }

    fn warn(&self, sentence: &str) {
        eprintln!("{sentence}");
    }

    // Spin has no cache of its own: a CDN that hosts it has one in front, and it goes by the answers' Cache-Control.
    async fn kept(&self, _: &str) -> Option<HttpResponse> {
        None
    }

    async fn keep(&self, _: &str, _: &HttpResponse) {}

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, StoreError> {
        origin::fetch(request, origin::PATIENCE).await.map_err(|error| {
            // The address and its query stay out of the log.
            eprintln!("the origin does not answer: {error}");
            StoreError("the origin does not answer".to_owned())
        })
    }
}

/// A beacon, or a site asked for its health, that has not answered after this long is asked again later: a fan's request may
/// be waiting.
const OUTSIDE_PATIENCE: Duration = Duration::from_secs(2);

async fn soon(request: HttpRequest) -> Result<HttpResponse, StoreError> {
    origin::fetch(request, OUTSIDE_PATIENCE).await.map_err(StoreError)
}

/// One operation on the store in Redis; what fails is in the log.
macro_rules! ask {
    ($spin:ident . $operation:ident ( $($argument:expr),* )) => {{
        let redis = SpinRedis { url: &$spin.configuration.redis_url };
        let send = |request: HttpRequest| soon(request).boxed_local();
        let config = &$spin.configuration.edge;
        let outside = Outside { beacon_url: &config.beacon_url, origin_url: &config.origin_url, send: &send };
        let store = Store::new(&redis, &config.signing_keys).with_outside(outside);
        let answered = store.$operation($($argument),*).await;
        if let Err(error) = &answered {
            eprintln!("the store: {error}");
        }
        answered
    }};
}

impl QueueStore for Spin {
    async fn put_event(&self, event: &EventId, put: PutEvent) -> Result<PutOutcome, StoreError> {
        ask!(self.put_event(event, put))
    }

    async fn put_release(&self, event: &EventId, put: PutRelease) -> Result<PutOutcome, StoreError> {
        ask!(self.put_release(event, put))
    }

    async fn snapshot(&self, event: &EventId) -> Result<Option<Snapshot>, StoreError> {
        ask!(self.snapshot(event))
    }

    async fn event_key(&self, event: &EventId) -> Result<Option<EventKey>, StoreError> {
        ask!(self.event_key(event))
    }

    async fn record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        ask!(self.record(event, draw))
    }

    async fn schedule(&self, event: &EventId) -> Result<Option<Schedule>, StoreError> {
        ask!(self.schedule(event))
    }

    async fn shard_log(&self, event: &EventId, draw: Draw, shard: Shard) -> Result<Option<Vec<u8>>, StoreError> {
        ask!(self.shard_log(event, draw, shard))
    }

    async fn join(&self, event: &EventId, shard: Shard, join: Join) -> Result<JoinOutcome, StoreError> {
        ask!(self.join(event, shard, join))
    }

    async fn sighted(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<SightedBy, StoreError> {
        ask!(self.sighted(event, shard, sight))
    }

    async fn note(&self, event: &EventId, shard: Shard, sight: Sight) -> Result<(), StoreError> {
        ask!(self.note(event, shard, sight))
    }

    async fn claim(&self, event: &EventId, shard: Shard, claim: Claim) -> Result<ClaimOutcome, StoreError> {
        ask!(self.claim(event, shard, claim))
    }

    async fn leave(&self, event: &EventId, shard: Shard, leave: Leave) -> Result<LeaveOutcome, StoreError> {
        ask!(self.leave(event, shard, leave))
    }
}
