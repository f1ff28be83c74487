//! Orders of which recovery cannot know what their provider did.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::json;
use stanchion_origin::{
    checkout::failpoints::SagaStep,
    payments::{
        Authorisation, PaymentIntent, PaymentOutcome, PaymentProvider, PaymentRouter, provider::ProviderFuture,
        stripe::Stripe,
    },
};
use stanchion_shared::timestamp::UnixMillis;
use tokio::sync::Notify;

use super::{VISA, books_agree, calm_event, failpoints::AtSteps, fan_with_seats, refused, status_of};
use crate::harness::{self, PATIENCE, STRIPE_KEY, TestGateway, TestOrigin};

/// A provider that may be busy: then it turns authorisations away before it looks at them, as Stripe does with 429, and
/// answers no capture.
struct Busy {
    stripe: Stripe,
    is_busy: AtomicBool,
    /// How many captures came while it was busy: none of them is answered.
    silent: AtomicUsize,
}

impl PaymentProvider for Busy {
    fn name(&self) -> &'static str {
        self.stripe.name()
    }
    fn authorise<'a>(&'a self, wanted: &'a Authorisation) -> ProviderFuture<'a, String> {
        if self.is_busy.load(Ordering::Relaxed) {
            return Box::pin(async { PaymentOutcome::Unavailable("429".to_owned()) });
        }
        self.stripe.authorise(wanted)
    }
    fn capture<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()> {
        if self.is_busy.load(Ordering::Relaxed) {
            self.silent.fetch_add(1, Ordering::Relaxed);
            return Box::pin(std::future::pending());
        }
        self.stripe.capture(order_id, intent)
    }
    fn cancel<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()> {
        self.stripe.cancel(order_id, intent)
    }
    fn refund<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()> {
        self.stripe.refund(order_id, intent)
    }
    fn find<'a>(&'a self, order_id: &'a str, begun_at: UnixMillis) -> ProviderFuture<'a, Option<PaymentIntent>> {
        self.stripe.find(order_id, begun_at)
    }
}

async fn behind_busy_provider() -> (TestOrigin, TestGateway, Arc<AtSteps>, Arc<Busy>) {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let mut provider = None;
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| {
        let url = app.config.stripe_url.clone();
        let busy = Arc::new(Busy {
            stripe: Stripe::new(reqwest::Client::new(), url, STRIPE_KEY.to_owned(), PATIENCE),
            is_busy: AtomicBool::new(false),
            silent: AtomicUsize::new(0),
        });
        provider = Some(busy.clone());
        app.payments = PaymentRouter::new(vec![busy]).into();
        app.failpoints = during;
    })
    .await;
    (origin, gateway, watch, provider.unwrap())
}

async fn ends_as(origin: &TestOrigin, fan: &harness::Fan, key: &str, status: &str) {
    harness::eventually("recovery has finished", async || {
        origin.recover().await;
        status_of(origin, fan, key).await == status
    })
    .await;
}

#[tokio::test]
async fn an_order_whose_authorisation_may_still_be_sent_is_not_called_failed() {
    let (origin, gateway, watch, provider) = behind_busy_provider().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    let (asleep, awake) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (sleeps, wakes) = (asleep.clone(), awake.clone());
    watch.at(SagaStep::AuthorisingMarked, async move {
        sleeps.notify_one();
        wakes.notified().await;
    });
    let (answer, ()) = tokio::join!(origin.checkout(&fan, "k", VISA), async {
        asleep.notified().await;
        provider.is_busy.store(true, Ordering::Relaxed);
        origin.recover().await;
        assert_eq!(status_of(&origin, &fan, "k").await, "pending");
        // The worker that slept has lost the order, and holds money for it all the same.
        provider.is_busy.store(false, Ordering::Relaxed);
        awake.notify_one();
        harness::eventually("money is held", async || gateway.intents().await.len() == 1).await;
        ends_as(&origin, &fan, "k", "failed").await;
    });
    refused(&answer, 409, "checkout_abandoned");
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn the_older_an_order_in_doubt_the_seldomer_its_provider_is_asked() {
    let (origin, gateway) = TestOrigin::with_gateway().await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    gateway
        .faults(json!({"rules": [{"operation": "capture", "fault": "fail"}]}))
        .await;
    let doubts = async || -> i64 {
        sqlx::query_scalar("select count(*) from order_steps where step = 'in_doubt'")
            .fetch_one(&origin.app.database)
            .await
            .unwrap()
    };
    let asked = async {
        harness::eventually("the order is in doubt", async || doubts().await > 0).await;
        let age = "update orders set created_at = created_at - interval '1 hour'";
        sqlx::query(age).execute(&origin.app.database).await.unwrap();
        let before = doubts().await;
        harness::eventually("it is asked once more", async || doubts().await > before).await;
        let after = doubts().await;
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        assert!(doubts().await <= after + 1, "every second");
        gateway.faults(json!({})).await;
        ends_as(&origin, &fan, "k", "confirmed").await;
    };
    let (answer, ()) = tokio::join!(origin.checkout(&fan, "k", VISA), asked);
    answer.ok();
    books_agree(&origin, &gateway).await;
}

#[tokio::test]
async fn an_order_that_cannot_be_read_keeps_no_other_waiting() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (origin, gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = during).await;
    let event = origin.launch(&calm_event()).await;
    let (one, two) = (
        fan_with_seats(&origin, &event, &["A-1-1"]).await,
        fan_with_seats(&origin, &event, &["A-1-2"]).await,
    );
    watch.at(SagaStep::AuthorisingMarked, std::future::pending());
    watch.at(SagaStep::AuthorisingMarked, std::future::pending());
    let origin = Arc::new(origin);
    let requests = [&one, &two].map(|fan| {
        let (origin, fan) = (origin.clone(), fan.clone());
        tokio::spawn(async move { origin.checkout(&fan, "k", VISA).await })
    });
    harness::eventually("the sagas have died", async || watch.nothing_is_left_to_do()).await;
    requests.iter().for_each(tokio::task::JoinHandle::abort);
    let spoil = "update orders set payment_token = null where account_id = $1";
    let spoilt = sqlx::query(spoil)
        .bind(&one.subject)
        .execute(&origin.app.database)
        .await;
    assert_eq!(spoilt.unwrap().rows_affected(), 1);
    ends_as(&origin, &two, "k", "failed").await;
    assert_eq!(status_of(&origin, &one, "k").await, "pending");
    assert_eq!(gateway.intents().await.len(), 1);
}

#[tokio::test]
async fn an_order_whose_provider_is_silent_keeps_no_other_waiting() {
    let (origin, _gateway, watch, provider) = behind_busy_provider().await;
    let event = origin.launch(&calm_event()).await;
    let one = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    origin.checkout(&one, "k", VISA).await.ok();
    let two = fan_with_seats(&origin, &event, &["A-1-2"]).await;
    watch.at(SagaStep::Reserved, std::future::pending());
    let origin = Arc::new(origin);
    let request = tokio::spawn({
        let (origin, fan) = (origin.clone(), two.clone());
        async move { origin.checkout(&fan, "k", VISA).await }
    });
    harness::eventually("the saga has died", async || watch.nothing_is_left_to_do()).await;
    request.abort();
    provider.is_busy.store(true, Ordering::Relaxed);
    // From here on the origin recovers by itself.
    let over = "update orders set lease_until = now() - interval '1 second' where account_id = $1";
    let database = &origin.app.database;
    sqlx::query(over).bind(&two.subject).execute(database).await.unwrap();
    harness::eventually("the silent provider is asked", async || {
        provider.silent.load(Ordering::Relaxed) > 0
    })
    .await;
    let unsettled =
        "update orders set settled = false, lease_until = now() - interval '1 second' where account_id = $1";
    sqlx::query(unsettled)
        .bind(&one.subject)
        .execute(database)
        .await
        .unwrap();
    harness::eventually("the other order is settled", async || {
        let settled = "select settled from orders where account_id = $1";
        sqlx::query_scalar(settled)
            .bind(&one.subject)
            .fetch_one(database)
            .await
            .unwrap()
    })
    .await;
}
