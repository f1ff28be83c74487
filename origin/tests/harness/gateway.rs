//! A payment gateway of a test's own: real HTTP, faults on request, and hands that reach behind the origin's back.

use std::time::Duration;

use serde_json::{Value, json};
use stanchion_gateway::{Gateway, SecretKey};
use stanchion_origin::payments::{
    PaymentRouter,
    stripe::{RetryPolicy, Stripe},
};
use tokio::{net::TcpListener, sync::oneshot};

/// Its secret key.
pub(crate) const STRIPE_KEY: &str = "sk_test_harness";
/// The patience of a test: a second in all.
pub(crate) const PATIENCE: RetryPolicy = RetryPolicy {
    timeout: Duration::from_millis(400),
    attempts: 2,
    pause: Duration::from_millis(50),
    total: Duration::from_secs(1),
};

/// A gateway of one test.
pub(crate) struct TestGateway {
    pub(crate) url: String,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

impl TestGateway {
    pub(crate) async fn start() -> TestGateway {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        let (stop, stopped) = oneshot::channel::<()>();
        let key: SecretKey = STRIPE_KEY.parse().expect("a test key");
        tokio::spawn(stanchion_gateway::serve(listener, Gateway::new(key), async move {
            drop(stopped.await)
        }));
        TestGateway {
            url,
            client: reqwest::Client::new(),
            _stop: stop,
        }
    }

    /// From now on these faults; see the gateway's `faults.rs`.
    pub(crate) async fn faults(&self, faults: Value) {
        let answer = self
            .client
            .put(format!("{}_control/faults", self.url))
            .json(&faults)
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// One fault for the next `times` requests of an operation.
    pub(crate) async fn fault(&self, operation: &str, fault: &str, times: u32) {
        self.faults(json!({"rules": [{"operation": operation, "fault": fault, "times": times}]}))
            .await;
    }

    /// All payments: {id, status, amount, held, captured, refunded, metadata}.
    pub(crate) async fn intents(&self) -> Vec<Value> {
        let answer = self
            .client
            .get(format!("{}_control/ledger", self.url))
            .send()
            .await
            .unwrap();
        answer.json::<Value>().await.unwrap()["intents"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Cancels the first payment at the provider, behind the origin's back.
    pub(crate) fn cancel_first_intent(&self) -> impl Future<Output = ()> + Send + 'static {
        let (client, url) = (self.client.clone(), self.url.clone());
        async move {
            let intent = first_intent(&client, &url).await;
            let path = format!("v1/payment_intents/{}/cancel", intent["id"].as_str().unwrap());
            post(&client, &url, &path, "", &[]).await;
        }
    }

    /// Captures the first payment at the provider, as another worker of its order would.
    pub(crate) fn capture_first_intent(&self) -> impl Future<Output = ()> + Send + 'static {
        let (client, url) = (self.client.clone(), self.url.clone());
        async move {
            let intent = first_intent(&client, &url).await;
            let path = format!("v1/payment_intents/{}/capture", intent["id"].as_str().unwrap());
            post(&client, &url, &path, "", &[]).await;
        }
    }

    /// Spends the idempotency key of the first order's capture on something else: from now on a capture with it is refused
    /// although the money is still held.
    pub(crate) fn refuse_capture_of_first_intent(&self) -> impl Future<Output = ()> + Send + 'static {
        let (client, url) = (self.client.clone(), self.url.clone());
        async move {
            let intent = first_intent(&client, &url).await;
            let key = format!("{}:capture", intent["metadata"]["order_id"].as_str().unwrap());
            let form = [
                ("amount", "100"),
                ("currency", "eur"),
                ("payment_method", "pm_card_visa"),
                ("payment_method_types[]", "card"),
                ("capture_method", "manual"),
                ("confirm", "true"),
            ];
            post(&client, &url, "v1/payment_intents", &key, &form).await;
        }
    }

    /// Money held and money taken (less what was given back), over all payments of an order.
    pub(crate) async fn money_of(&self, order_id: &str) -> (i64, i64) {
        let (mut held, mut taken) = (0, 0);
        for intent in self.intents().await {
            if intent["metadata"]["order_id"] == order_id {
                held += amount(&intent["held"]);
                taken += amount(&intent["captured"]) - amount(&intent["refunded"]);
            }
        }
        (held, taken)
    }

    /// A payment router that pays here, with a test's patience.
    pub(crate) fn payments(&self) -> PaymentRouter {
        let url = self.url.parse().unwrap();
        let stripe = Stripe::new(reqwest::Client::new(), url, STRIPE_KEY.to_owned(), PATIENCE);
        PaymentRouter::new(vec![std::sync::Arc::new(stripe)])
    }
}

/// The oldest payment, as the provider shows it.
async fn first_intent(client: &reqwest::Client, url: &str) -> Value {
    let list = client.get(format!("{url}v1/payment_intents")).bearer_auth(STRIPE_KEY);
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    list["data"].as_array().unwrap().last().unwrap().clone()
}

async fn post(client: &reqwest::Client, url: &str, path: &str, key: &str, form: &[(&str, &str)]) {
    let mut request = client.post(format!("{url}{path}")).bearer_auth(STRIPE_KEY).form(form);
    if !key.is_empty() {
        request = request.header("Idempotency-Key", key);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

fn amount(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("an amount: {value}"))
}
