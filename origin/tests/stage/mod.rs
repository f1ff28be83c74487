//! What the integration tests stand on: a real PostgreSQL and Redis, an origin served in-process over real HTTP, and a
//! small edge that checks signatures. Each test has its own database and its own event ids, so all run in parallel.
//!
//! `scripts/stack/run -- cargo test -p stanchion-origin` gives the addresses; without them the tests fail and say so.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test file uses its part of the stage"
)]

mod database;
mod edge;
mod event;
mod gateway;
mod keys;
mod shop;

pub use database::TestDatabase;
pub use edge::Edge;
pub use event::{ADMIN_TOKEN, event_id, in_days, small_event};
pub use gateway::{PATIENCE, STRIPE_KEY, TestGateway};
pub use keys::{CONTROL_KEY, EDGE_KEYS, shop_token};
pub use shop::Fan;

use std::{collections::HashMap, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use stanchion_origin::{
    config::Config,
    serve::serve,
    state::{App, SharedApp},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::sleep};
use uuid::Uuid;

/// A served origin with everything around it. Dropping it, also by a panic, stops the origin and drops its database.
pub struct Stage {
    pub app: SharedApp,
    pub edge: Edge,
    pub url: String,
    pub client: reqwest::Client,
    /// The configuration it runs with.
    pub variables: HashMap<String, String>,
    server: JoinHandle<()>,
    _stop: oneshot::Sender<()>,
    /// The last to go; who needs it longer than the stage holds on to it.
    pub database: Arc<TestDatabase>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {:?}", self.status, self.text))
    }

    /// The error's machine word; empty if this is none.
    pub fn word(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Panics unless it is a success; gives the body.
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

fn from_environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is missing: run the tests as `scripts/stack/run -- cargo test -p stanchion-origin`")
    })
}

/// Where Redis is.
pub fn redis_url() -> String {
    from_environment("STANCHION_REDIS_URL")
}

impl Stage {
    /// All set, with a payment provider that does not answer.
    pub async fn new() -> Stage {
        Stage::with(&[]).await
    }

    /// All set; `overrides` replace configuration variables.
    pub async fn with(overrides: &[(&str, &str)]) -> Stage {
        Stage::prepared(overrides, |_| ()).await
    }

    /// All set; `prepare` changes the app before anybody uses it.
    pub async fn prepared(overrides: &[(&str, &str)], prepare: impl FnOnce(&mut App)) -> Stage {
        Stage::behind(Edge::start().await, overrides, prepare).await
    }

    /// As [`Stage::prepared`], behind an edge that was made ready before.
    pub async fn behind(edge: Edge, overrides: &[(&str, &str)], prepare: impl FnOnce(&mut App)) -> Stage {
        let database = TestDatabase::create(&from_environment("STANCHION_DATABASE_URL")).await;
        let mut variables = keys::configuration(&edge.url, &database.url, &redis_url());
        variables.extend(
            overrides
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        Stage::serve(edge, database, variables, prepare).await
    }

    async fn serve(
        edge: Edge,
        database: TestDatabase,
        variables: HashMap<String, String>,
        prepare: impl FnOnce(&mut App),
    ) -> Stage {
        let config = Config::from_lookup(|name| variables.get(name).cloned()).expect("the stage's configuration");
        let mut app = App::connect(config).await.expect("PostgreSQL and Redis answer");
        prepare(Arc::get_mut(&mut app).expect("nobody else has it yet"));
        stanchion_origin::database::migrate(&app.database)
            .await
            .expect("the migrations run");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = serve(app.clone(), listener, async move { drop(stopped.await) });
        let server = tokio::spawn(async move { serving.await.expect("the origin serves") });
        Stage {
            app,
            edge,
            url,
            client: reqwest::Client::new(),
            variables,
            server,
            _stop: stop,
            database: Arc::new(database),
        }
    }

    /// A request to the origin's `path`; add headers and body, then [`send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// `GET path`.
    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// A request to the admin API; `path` is what follows `/api/v1/admin`.
    pub async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self
            .request(method, &format!("/api/v1/admin{path}"))
            .bearer_auth(ADMIN_TOKEN);
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Creates and launches `event`; gives its id.
    pub async fn launch(&self, event: &Value) -> String {
        self.admin(Method::POST, "/events", Some(event)).await.ok();
        let id = event["event_id"].as_str().expect("an event has an id").to_owned();
        self.admin(Method::POST, &format!("/events/{id}/launch"), None)
            .await
            .ok();
        id
    }

    /// Signs a new fan up: (account id, access token).
    pub async fn sign_up(&self) -> (String, String) {
        let email = format!("{}@example.org", Uuid::new_v4().simple());
        let body = serde_json::json!({"email": email, "password": "correct horse"});
        let answer = self.post("/api/v1/accounts", &body).await.ok();
        let field = |name: &str| answer[name].as_str().expect("a string").to_owned();
        (field("account_id"), field("access_token"))
    }
}

/// Sends and reads to the end.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("the origin answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    Answer {
        status,
        headers,
        text: answer.text().await.expect("a whole body"),
    }
}

/// Waits until `holds`, at most ten seconds.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..100 {
        if holds().await {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("never came true: {what}");
}
