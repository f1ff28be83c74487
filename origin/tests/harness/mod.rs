//! The harness of the origin's tests: a real PostgreSQL and Redis, an origin served in-process over real HTTP, and a
//! small edge that checks signatures. Each test has its own database and its own event ids, so all run in parallel.
//!
//! `scripts/stack/run -- cargo test --release -p stanchion-origin-tests` gives the addresses; without them the tests fail and say so.

mod database;
mod edge;
mod event;
mod gateway;
mod keys;
mod shop;

pub(crate) use database::TestDatabase;
pub(crate) use edge::Edge;
pub(crate) use event::{ADMIN_TOKEN, event_id, in_days, small_event};
pub(crate) use gateway::{PATIENCE, STRIPE_KEY, TestGateway};
pub(crate) use keys::{CONTROL_KEY, shop_token};
pub(crate) use shop::Fan;

use std::{collections::HashMap, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use stanchion_harness::variable;
use stanchion_origin::{
    config::Config,
    serve::serve,
    state::{App, SharedApp},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::sleep};
use uuid::Uuid;

/// A served origin with everything around it. Dropping it, also by a panic, stops the origin and drops its database.
pub(crate) struct TestOrigin {
    pub(crate) app: SharedApp,
    pub(crate) edge: Edge,
    pub(crate) url: String,
    pub(crate) client: reqwest::Client,
    /// The configuration it runs with.
    pub(crate) variables: HashMap<String, String>,
    server: JoinHandle<()>,
    _stop: oneshot::Sender<()>,
    /// The last to go. A test that needs it longer than the origin clones the `Arc`.
    pub(crate) database: Arc<TestDatabase>,
}

impl Drop for TestOrigin {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {:?}", self.status, self.text))
    }

    /// The error's machine word; empty if this is none.
    pub(crate) fn word(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// Panics unless it is a success; gives the body.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

/// The address of Redis.
pub(crate) fn redis_url() -> String {
    variable("STANCHION_REDIS_URL")
}

impl TestOrigin {
    /// All set, with a payment provider that does not answer.
    pub(crate) async fn new() -> TestOrigin {
        TestOrigin::with(&[]).await
    }

    /// All set; `overrides` replace configuration variables.
    pub(crate) async fn with(overrides: &[(&str, &str)]) -> TestOrigin {
        TestOrigin::prepared(overrides, |_| ()).await
    }

    /// All set; `prepare` changes the app before anybody uses it.
    pub(crate) async fn prepared(overrides: &[(&str, &str)], prepare: impl FnOnce(&mut App)) -> TestOrigin {
        TestOrigin::behind(Edge::start().await, overrides, prepare).await
    }

    /// As [`TestOrigin::prepared`], behind an edge that was made ready before.
    pub(crate) async fn behind(edge: Edge, overrides: &[(&str, &str)], prepare: impl FnOnce(&mut App)) -> TestOrigin {
        let database = TestDatabase::create(&variable("STANCHION_DATABASE_URL")).await;
        let mut variables = keys::configuration(&edge.url, &database.url, &redis_url());
        variables.extend(
            overrides
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        TestOrigin::serve(edge, database, variables, prepare).await
    }

    async fn serve(
        edge: Edge,
        database: TestDatabase,
        variables: HashMap<String, String>,
        prepare: impl FnOnce(&mut App),
    ) -> TestOrigin {
        let config = Config::from_lookup(|name| variables.get(name).cloned()).expect("the harness's configuration");
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
        TestOrigin {
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
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// `GET path`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    /// `POST path` with a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// A request to the admin API; `path` is what follows `/api/v1/admin`.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
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
    pub(crate) async fn launch(&self, event: &Value) -> String {
        self.admin(Method::POST, "/events", Some(event)).await.ok();
        let id = event["event_id"].as_str().expect("an event has an id").to_owned();
        self.admin(Method::POST, &format!("/events/{id}/launch"), None)
            .await
            .ok();
        id
    }

    /// Signs a new fan up: (account id, access token).
    pub(crate) async fn sign_up(&self) -> (String, String) {
        let email = format!("{}@example.org", Uuid::new_v4().simple());
        let body = serde_json::json!({"email": email, "password": "correct horse"});
        let answer = self.post("/api/v1/accounts", &body).await.ok();
        let field = |name: &str| answer[name].as_str().expect("a string").to_owned();
        (field("account_id"), field("access_token"))
    }
}

/// Sends and reads to the end.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = request.send().await.expect("the origin answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    Answer {
        status,
        headers,
        text: answer.text().await.expect("a whole body"),
    }
}

/// Waits until `holds`, at most a minute.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("never came true: {what}");
}
