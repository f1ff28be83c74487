//! A running gateway and a client that speaks to it as Stripe's clients do.

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use stanchion_gateway::{Gateway, serve};
use tokio::net::TcpListener;

pub(crate) const KEY: &str = "sk_test_gateway_in_tests";

/// Ends with its runtime, that is, with its test.
pub(crate) struct Running {
    pub(crate) base: String,
    pub(crate) client: Client,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap<HeaderValue>,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn id(&self) -> String {
        self.text("id")
    }

    pub(crate) fn text(&self, field: &str) -> String {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field} in {}", self.body))
            .to_owned()
    }

    pub(crate) fn replayed(&self) -> bool {
        self.headers
            .get("idempotent-replayed")
            .is_some_and(|value| value == "true")
    }

    /// Status, type and code of an error.
    pub(crate) fn error(&self) -> (u16, &str, Option<&str>) {
        let error = &self.body["error"];
        assert!(
            error["message"].as_str().is_some_and(|message| !message.is_empty()),
            "a message in {}",
            self.body
        );
        (
            self.status.as_u16(),
            error["type"].as_str().unwrap_or("none"),
            error["code"].as_str(),
        )
    }
}

/// What every authorisation here says unless a test says otherwise.
pub(crate) fn visa(amount: &str) -> Vec<(&str, &str)> {
    paying_with("pm_card_visa", amount)
}

pub(crate) fn paying_with<'a>(card: &'a str, amount: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("amount", amount),
        ("currency", "eur"),
        ("payment_method", card),
        ("payment_method_types[]", "card"),
        ("capture_method", "manual"),
        ("confirm", "true"),
    ]
}

pub(crate) fn with<'a>(mut params: Vec<(&'a str, &'a str)>, name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    params.retain(|(held, _)| *held != name);
    params.push((name, value));
    params
}

pub(crate) fn without<'a>(mut params: Vec<(&'a str, &'a str)>, name: &str) -> Vec<(&'a str, &'a str)> {
    params.retain(|(held, _)| *held != name);
    params
}

impl Running {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let gateway = Gateway::new(KEY.parse().expect("a test key"));
        tokio::spawn(serve(listener, gateway, std::future::pending()));
        Self {
            base,
            client: Client::new(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub(crate) async fn send(request: RequestBuilder) -> Reply {
        Self::try_send(request).await.expect("an answer")
    }

    pub(crate) async fn try_send(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).expect("JSON")
        };
        Ok(Reply { status, headers, body })
    }

    pub(crate) fn posting(&self, path: &str, params: &[(&str, &str)], key: Option<&str>) -> RequestBuilder {
        let request = self.request(Method::POST, path).bearer_auth(KEY).form(params);
        match key {
            Some(key) => request.header("idempotency-key", key),
            None => request,
        }
    }

    pub(crate) async fn post(&self, path: &str, params: &[(&str, &str)], key: Option<&str>) -> Reply {
        Self::send(self.posting(path, params, key)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        Self::send(self.request(Method::GET, path).bearer_auth(KEY)).await
    }

    pub(crate) async fn authorize(&self, params: &[(&str, &str)]) -> Reply {
        self.post("/v1/payment_intents", params, None).await
    }

    /// The id of an authorised intent.
    pub(crate) async fn authorized(&self, amount: &str) -> String {
        let reply = self.authorize(&visa(amount)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.id()
    }

    /// The id of a captured intent.
    pub(crate) async fn captured(&self, amount: &str) -> String {
        let id = self.authorized(amount).await;
        assert_eq!(self.capture(&id, &[]).await.status, StatusCode::OK);
        id
    }

    pub(crate) async fn capture(&self, id: &str, params: &[(&str, &str)]) -> Reply {
        self.post(&format!("/v1/payment_intents/{id}/capture"), params, None)
            .await
    }

    pub(crate) async fn cancel(&self, id: &str, params: &[(&str, &str)]) -> Reply {
        self.post(&format!("/v1/payment_intents/{id}/cancel"), params, None)
            .await
    }

    pub(crate) async fn retrieve(&self, id: &str) -> Reply {
        self.get(&format!("/v1/payment_intents/{id}")).await
    }

    pub(crate) async fn refund(&self, params: &[(&str, &str)]) -> Reply {
        self.post("/v1/refunds", params, None).await
    }

    pub(crate) async fn put_faults(&self, faults: Value) -> Reply {
        Self::send(self.request(Method::PUT, "/_control/faults").json(&faults)).await
    }

    pub(crate) async fn faults(&self) -> Value {
        Self::send(self.request(Method::GET, "/_control/faults")).await.body
    }

    pub(crate) async fn ledger(&self) -> Value {
        Self::send(self.request(Method::GET, "/_control/ledger")).await.body
    }

    pub(crate) async fn intents_made(&self) -> usize {
        self.ledger().await["intents"].as_array().expect("a list").len()
    }
}
