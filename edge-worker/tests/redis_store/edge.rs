//! The whole application over the store, as the component runs it, with a native clock and no HTTP around it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    convert::Infallible,
    net::IpAddr,
    time::Duration,
};

use http::{Method, header};
use serde_json::{Value, json};
use stanchion_edge::{
    app::{self, Answer},
    config::{EdgeConfig, Sites},
    platform::{BodyError, HttpRequest, HttpResponse, Platform, QueueStore, SiteAnswer, SiteTimeLimits, StoreError},
    spin::store::Store,
};
use stanchion_shared::{
    account_token::{self, AccountClaims, AccountRecord},
    ids::EventId,
    proof_of_work,
    timestamp::UnixMillis,
    wire::ChallengeAnswer,
};

use crate::{
    connection::{MaybeWithoutIdentifiers, Native},
    harness::{KEYS, now, signing_keys},
};

pub(crate) struct Edge {
    pub(crate) redis: MaybeWithoutIdentifiers,
    config: EdgeConfig,
    /// The address of all fans.
    pub(crate) address: Option<IpAddr>,
    /// What the issuer says of all fans' accounts.
    pub(crate) record: Option<AccountRecord>,
    /// The table of addresses that the origin serves; `None` if there is no origin.
    pub(crate) table: Option<&'static str>,
    /// How long the origin thinks.
    pub(crate) origin_thinks: Duration,
    /// How often the origin was asked.
    pub(crate) origin_asked: Cell<u32>,
    /// The content of the data centre's cache.
    pub(crate) kept: RefCell<HashMap<String, HttpResponse>>,
    /// What instances nearby share, and until when.
    pub(crate) nearby: RefCell<HashMap<String, (Vec<u8>, UnixMillis)>>,
    /// Whether the origin says OK to what passes the gate.
    pub(crate) origin_is_there: Cell<bool>,
}

impl Edge {
    pub(crate) fn new(url: &str) -> Edge {
        let config = EdgeConfig::parse(|name| {
            Some(match name {
                "STANCHION_ENVIRONMENT" => "development".to_owned(),
                "STANCHION_ORIGIN_URL" => "http://localhost".to_owned(),
                "STANCHION_SIGNING_KEYS" | "STANCHION_ACCOUNT_JWKS" => KEYS.to_owned(),
                "STANCHION_TICKET_KEYS" => format!("1:{}", "ab".repeat(32)),
                "STANCHION_ACCOUNT_ISSUER" => "accounts".to_owned(),
                name if EdgeConfig::OPTIONAL.contains(&name) => String::new(),
                _ => "cd".repeat(32),
            })
        });
        Edge {
            redis: MaybeWithoutIdentifiers {
                redis: Native::new(url),
                identifiers_fail: false,
                silent: Cell::new(None),
                is_silent: Cell::new(false),
                delay: Cell::default(),
                asked: Cell::new(0),
            },
            config: config.unwrap(),
            address: None,
            record: None,
            table: None,
            origin_thinks: Duration::ZERO,
            origin_asked: Cell::new(0),
            kept: RefCell::default(),
            nearby: RefCell::default(),
            origin_is_there: Cell::new(false),
        }
    }

    /// From now on this is an event of a protected site.
    pub(crate) fn in_front_of_a_site(&mut self, event: &EventId) {
        self.config.sites = Sites::one("http://localhost", vec![event.clone()]);
    }

    /// From now on browsers reach it over TLS, or not.
    pub(crate) fn over_tls(&mut self, secure: bool) {
        self.config.secure_cookies = secure;
    }

    /// The path of the edge's own addresses.
    fn own(&self) -> &'static str {
        match self.config.sites.shop_url() {
            Some(_) => "",
            None => "/.stanchion",
        }
    }

    pub(crate) fn store(&self) -> Store<'_, MaybeWithoutIdentifiers> {
        Store::new(&self.redis, &self.config.signing_keys)
    }

    /// Status and body.
    pub(crate) async fn ask(&self, method: Method, uri: &str, fan: &str, body: Option<Value>) -> (u16, Value) {
        let (status, _, body) = self.ask_whole(method, uri, fan, body).await;
        (status, body)
    }

    /// An answer of the edge's own: these tests have no site.
    pub(crate) async fn answer(&self, request: HttpRequest) -> HttpResponse {
        match app::handle(self, request).await {
            Answer::Own(response) => response,
            Answer::Site(answer) => match answer.into_parts().2 {},
        }
    }

    pub(crate) async fn ask_whole(
        &self,
        method: Method,
        uri: &str,
        fan: &str,
        body: Option<Value>,
    ) -> (u16, HttpResponse, Value) {
        let second = now().floor_seconds();
        let claims = AccountClaims {
            account: self.record,
            ..AccountClaims::new("accounts", fan, second, second + 600)
        };
        let token = account_token::sign(&signing_keys(), &claims);
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Vec::new, |body| serde_json::to_vec(&body).unwrap());
        let response = self.answer(request.body(body).unwrap()).await;
        let told = serde_json::from_slice(response.body()).unwrap_or(Value::Null);
        (response.status().as_u16(), response, told)
    }

    pub(crate) async fn join(&self, event: &EventId, fan: &str) -> Value {
        let uri = format!("{}/api/v1/queue/challenge?event_id={event}", self.own());
        let (status, challenge) = self.ask(Method::GET, &uri, fan, None).await;
        assert_eq!(status, 200, "{challenge}");
        let challenge: ChallengeAnswer = serde_json::from_value(challenge).unwrap();
        let body = json!({
            "event_id": event,
            "device_fingerprint": "",
            "captcha_token": proof_of_work::solve(&challenge).unwrap(),
        });
        let uri = format!("{}/api/v1/queue/join", self.own());
        let (status, joined) = self.ask(Method::POST, &uri, fan, Some(body)).await;
        assert_eq!(status, 200, "{joined}");
        joined
    }

    pub(crate) async fn status(&self, fan: &str, ticket: &Value) -> (u16, Value) {
        let uri = format!("/api/v1/queue/status?token={}", ticket.as_str().unwrap());
        self.ask(Method::GET, &uri, fan, None).await
    }

    /// Polls until the place is known.
    pub(crate) async fn place(&self, fan: &str, ticket: &Value) -> Value {
        for _ in 0..200 {
            let (status, told) = self.status(fan, ticket).await;
            assert_eq!(status, 200, "{told}");
            if told["position"].is_u64() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{fan} gets no place");
    }
}

impl Platform for Edge {
    type RequestBody = Vec<u8>;
    type SiteBody = Infallible;

    const PASSES_WEBSOCKETS: bool = false;

    async fn has_hidden_content(&self, body: &mut Vec<u8>) -> bool {
        !body.is_empty()
    }

    async fn read_body(&self, body: Vec<u8>, _: usize) -> Result<Vec<u8>, BodyError> {
        Ok(body)
    }

    async fn pass_to_site(
        &self,
        _: http::Request<Vec<u8>>,
        _: SiteTimeLimits,
    ) -> Result<SiteAnswer<Infallible>, StoreError> {
        Err(StoreError("these tests have no site".to_owned()))
    }

    fn store(&self) -> impl QueueStore {
        Edge::store(self)
    }

    fn now(&self) -> UnixMillis {
        now()
    }

    fn random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }

    fn config(&self) -> &EdgeConfig {
        &self.config
    }

    fn client_address(&self, _: &HttpRequest) -> Option<IpAddr> {
        self.address
    }

    async fn recall(&self, key: &str) -> Option<Vec<u8>> {
        let nearby = self.nearby.borrow();
        let (value, until) = nearby.get(key)?;
        (now() < *until).then(|| value.clone())
    }

    async fn keep(&self, key: &str, value: Vec<u8>, seconds: u32) {
        let until = now().plus(u64::from(seconds) * 1_000);
        self.nearby.borrow_mut().insert(key.to_owned(), (value, until));
    }

    async fn cache_get(&self, path: &str) -> Option<HttpResponse> {
        self.kept.borrow().get(path).cloned()
    }

    async fn cache_put(&self, path: &str, answer: &HttpResponse) {
        self.kept.borrow_mut().insert(path.to_owned(), answer.clone());
    }

    async fn fetch(&self, _: HttpRequest) -> Result<HttpResponse, StoreError> {
        match self.origin_is_there.get() {
            true => Ok(HttpResponse::new(b"{}".to_vec())),
            false => Err(StoreError("these tests have no origin".to_owned())),
        }
    }

    async fn fetch_within(&self, _: HttpRequest, time_limit: Duration) -> Result<HttpResponse, StoreError> {
        self.origin_asked.update(|asked| asked + 1);
        let thought = tokio::time::timeout(time_limit, tokio::time::sleep(self.origin_thinks)).await;
        match (thought, self.table) {
            (Ok(()), Some(table)) => Ok(http::Response::builder()
                .header(header::ETAG, "\"one\"")
                .body(table.as_bytes().to_vec())
                .unwrap()),
            _ => Err(StoreError("the origin does not answer".to_owned())),
        }
    }

    async fn static_file(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        // The page of a protected site is built as it is written; other pages nobody asks for here.
        let name = path.rsplit('/').next().unwrap_or(path);
        let source = format!("{}/../../web/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&source)
            .map(Some)
            .map_err(|error| StoreError(format!("{source}: {error}")))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn client_system(&self, _: &HttpRequest) -> Option<u32> {
        None
    }

    fn warn(&self, sentence: &str) {
        eprintln!("{sentence}");
    }
}
