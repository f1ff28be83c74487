//! A small edge: keys, and the control API with signatures and versions checked as the contract says.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use stanchion_origin::clock;
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    event_settings::EventSettings,
    ids::{Bytes32, EventId},
    jose::SigningKeys,
    score::counts::ScoreCounts,
    sessions::NewestEnded,
    wire::{EdgeStats, ErrorBody, PutAccepted, PutEvent, PutRelease},
};
use tokio::net::TcpListener;

use super::keys::{CONTROL_KEY, EDGE_KEYS};

/// The puts for one event.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) event: EventSettings,
    pub(crate) releases: Vec<PutRelease>,
    pub(crate) version: u64,
    /// The served places and all places that `stats` gives.
    pub(crate) served: u64,
    pub(crate) last_place: u64,
    /// The sessions that ended early, as `stats` gives them.
    pub(crate) ended: NewestEnded,
}

#[derive(Default)]
struct Inner {
    events: Mutex<HashMap<String, Told>>,
    broken: Mutex<HashSet<String>>,
    down: AtomicBool,
    key_fetches: AtomicU32,
}

/// A running edge; what it was told can be read and changed.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

type Shared = State<Arc<Inner>>;

impl Edge {
    pub(crate) async fn start() -> Edge {
        let inner = Arc::new(Inner::default());
        let control = Router::new()
            .route("/api/v1/control/events/{id}", put(put_event))
            .route("/api/v1/control/events/{id}/release", put(put_release))
            .route("/api/v1/control/events/{id}/stats", get(stats))
            .layer(middleware::from_fn(check_signature));
        let routes = Router::new().route("/.well-known/jwks.json", get(jwks)).merge(control);
        let routes = routes
            .layer(middleware::from_fn_with_state(inner.clone(), be_down))
            .with_state(inner.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Edge { url, inner }
    }

    /// The puts for `event`, if there were any.
    pub(crate) fn told(&self, event: &str) -> Option<Told> {
        self.inner.events.lock().unwrap().get(event).cloned()
    }

    /// The last release it accepted.
    pub(crate) fn release(&self, event: &str) -> Option<PutRelease> {
        self.told(event)?.releases.last().cloned()
    }

    /// Changes what it knows.
    pub(crate) fn change(&self, event: &str, change: impl FnOnce(&mut Told)) {
        change(self.inner.events.lock().unwrap().get_mut(event).expect("a known event"));
    }

    /// Forgets an event, as a fresh edge would have.
    pub(crate) fn forget(&self, event: &str) {
        self.inner.events.lock().unwrap().remove(event);
    }

    /// From now on every control request about `event` fails.
    pub(crate) fn break_event(&self, event: &str) {
        self.inner.broken.lock().unwrap().insert(event.to_owned());
    }

    /// From now on every request fails, or works again.
    pub(crate) fn set_down(&self, down: bool) {
        self.inner.down.store(down, Ordering::Relaxed);
    }

    /// How often the keys were asked for.
    pub(crate) fn key_fetches(&self) -> u32 {
        self.inner.key_fetches.load(Ordering::Relaxed)
    }
}

async fn be_down(State(inner): Shared, request: Request, next: Next) -> Response {
    let broken = inner
        .broken
        .lock()
        .unwrap()
        .iter()
        .any(|event| request.uri().path().contains(event));
    if broken || inner.down.load(Ordering::Relaxed) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    next.run(request).await
}

async fn jwks(State(inner): Shared) -> String {
    inner.key_fetches.fetch_add(1, Ordering::Relaxed);
    SigningKeys::parse(EDGE_KEYS).unwrap().public_jwks()
}

async fn check_signature(method: Method, uri: Uri, headers: HeaderMap, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body: Bytes = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
    let header = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let signed = ControlRequest {
        method: method.as_str(),
        path: uri.path(),
        query: uri.query().unwrap_or(""),
        body: &body,
    };
    let (time, signature) = (header(TIME_HEADER), header(SIGNATURE_HEADER));
    match control::verify(&Bytes32(CONTROL_KEY), &signed, time, signature, clock::now()) {
        Ok(()) => next.run(Request::from_parts(parts, body.into())).await,
        Err(error) => refuse(StatusCode::UNAUTHORIZED, "signature_wrong", &error.to_string()),
    }
}

fn refuse(status: StatusCode, word: &str, message: &str) -> Response {
    (status, Json(ErrorBody::new(word, message))).into_response()
}

fn accepted(version: u64) -> Response {
    Json(PutAccepted {
        version,
        effective_at: clock::now().plus(2_000),
    })
    .into_response()
}

async fn put_event(State(inner): Shared, Path(id): Path<String>, Json(put): Json<PutEvent>) -> Response {
    let mut events = inner.events.lock().unwrap();
    let version = put.version;
    match events.get_mut(&id) {
        Some(told) if version <= told.version => refuse(StatusCode::CONFLICT, "version_stale", "A later one came."),
        Some(told) if put.settings.shards != told.event.shards => {
            refuse(StatusCode::CONFLICT, "fixed", "shards never change.")
        }
        Some(told) => {
            (told.event, told.version) = (put.settings, version);
            accepted(version)
        }
        None => {
            events.insert(
                id,
                Told {
                    event: put.settings,
                    releases: Vec::new(),
                    version,
                    served: 0,
                    last_place: 0,
                    ended: NewestEnded::default(),
                },
            );
            accepted(version)
        }
    }
}

async fn put_release(State(inner): Shared, Path(id): Path<String>, Json(put): Json<PutRelease>) -> Response {
    match inner.events.lock().unwrap().get_mut(&id) {
        None => refuse(StatusCode::NOT_FOUND, "event_unknown", "No such event."),
        Some(told) if put.version <= told.version => refuse(StatusCode::CONFLICT, "version_stale", "A later one came."),
        Some(told) => {
            told.version = put.version;
            told.releases.push(put);
            accepted(told.version)
        }
    }
}

async fn stats(State(inner): Shared, Path(id): Path<String>) -> Response {
    match inner.events.lock().unwrap().get(&id) {
        None => refuse(StatusCode::NOT_FOUND, "event_unknown", "No such event."),
        Some(told) => Json(EdgeStats {
            event_id: EventId::parse(&id).unwrap(),
            as_of: clock::now(),
            version: told.version,
            joined: told.last_place,
            draws_closed: 1,
            last_place: told.last_place,
            in_second_line: 0,
            served: told.served,
            called: told.served,
            scores: ScoreCounts::default(),
            missing: Vec::new(),
            meter: None,
            sessions: Default::default(),
            ended: told.ended.clone(),
        })
        .into_response(),
    }
}
