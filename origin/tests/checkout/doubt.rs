//! Orders of which recovery cannot know what their provider did.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use serde_json::json;
use stanchion_origin::{
    checkout::Step,
    payments::{Authorisation, Intent, Outcome, PaymentProvider, PaymentRouter, provider::Answer, stripe::Stripe},
};
use stanchion_shared::timestamp::UnixMillis;
use tokio::sync::Notify;

use crate::{
    VISA, books_agree, calm_event, fan_with_seats, refused,
    stage::{self, PATIENCE, STRIPE_KEY, Stage, TestGateway},
    status_of,
    watching::AtSteps,
};

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
    fn authorise<'a>(&'a self, wanted: &'a Authorisation) -> Answer<'a, String> {
        if self.is_busy.load(Ordering::Relaxed) {
            return Box::pin(async { Outcome::Unavailable("429".to_owned()) });
        }
        self.stripe.authorise(wanted)
    }
    fn capture<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()> {
        if self.is_busy.load(Ordering::Relaxed) {
            self.silent.fetch_add(1, Ordering::Relaxed);
            return Box::pin(std::future::pending());
        }
        self.stripe.capture(order_id, intent)
    }
    fn cancel<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()> {
        self.stripe.cancel(order_id, intent)
    }
    fn refund<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()> {
        self.stripe.refund(order_id, intent)
    }
    fn find<'a>(&'a self, order_id: &'a str, begun_at: UnixMillis) -> Answer<'a, Option<Intent>> {
        self.stripe.find(order_id, begun_at)
    }
}

async fn behind_busy_provider() -> (Stage, TestGateway, Arc<AtSteps>, Arc<Busy>) {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let mut provider = None;
    let (stage, gateway) = Stage::with_gateway_and(|app| {
        let url = app.config.stripe_url.clone();
        let busy = Arc::new(Busy {
            stripe: Stripe::new(reqwest::Client::new(), url, STRIPE_KEY.to_owned(), PATIENCE),
            is_busy: AtomicBool::new(false),
            silent: AtomicUsize::new(0),
        });
        provider = Some(busy.clone());
        app.till.payments = PaymentRouter::new(vec![busy]);
        app.till.watch = during;
    })
    .await;
    (stage, gateway, watch, provider.unwrap())
}

async fn ends_as(stage: &Stage, fan: &stage::Fan, key: &str, status: &str) {
    stage::eventually("recovery has finished", async || {
        stage.recover().await;
        status_of(stage, fan, key).await == status
    })
    .await;
}

#[tokio::test]
async fn an_order_whose_authorisation_may_still_be_sent_is_not_called_failed() {
    let (stage, gateway, watch, provider) = behind_busy_provider().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let (asleep, awake) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (sleeps, wakes) = (asleep.clone(), awake.clone());
    watch.at(Step::Noted, async move {
        sleeps.notify_one();
        wakes.notified().await;
    });
    let (answer, ()) = tokio::join!(stage.checkout(&fan, "k", VISA), async {
        asleep.notified().await;
        provider.is_busy.store(true, Ordering::Relaxed);
        stage.recover().await;
        assert_eq!(status_of(&stage, &fan, "k").await, "pending");
        // The worker that slept has lost the order, and holds money for it all the same.
        provider.is_busy.store(false, Ordering::Relaxed);
        awake.notify_one();
        stage::eventually("money is held", async || gateway.intents().await.len() == 1).await;
        ends_as(&stage, &fan, "k", "failed").await;
    });
    refused(&answer, 409, "checkout_abandoned");
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn the_older_an_order_in_doubt_the_seldomer_its_provider_is_asked() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    gateway
        .faults(json!({"rules": [{"operation": "capture", "fault": "fail"}]}))
        .await;
    let doubts = async || -> i64 {
        sqlx::query_scalar("select count(*) from order_steps where step = 'in_doubt'")
            .fetch_one(&stage.app.database)
            .await
            .unwrap()
    };
    let asked = async {
        stage::eventually("the order is in doubt", async || doubts().await > 0).await;
        let age = "update orders set created_at = created_at - interval '1 hour'";
        sqlx::query(age).execute(&stage.app.database).await.unwrap();
        let before = doubts().await;
        stage::eventually("it is asked once more", async || doubts().await > before).await;
        let after = doubts().await;
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        assert!(doubts().await <= after + 1, "every second");
        gateway.faults(json!({})).await;
        ends_as(&stage, &fan, "k", "confirmed").await;
    };
    let (answer, ()) = tokio::join!(stage.checkout(&fan, "k", VISA), asked);
    answer.ok();
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn an_order_that_cannot_be_read_keeps_no_other_waiting() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (stage, gateway) = Stage::with_gateway_and(|app| app.till.watch = during).await;
    let event = stage.launch(&calm_event()).await;
    let (one, two) = (
        fan_with_seats(&stage, &event, &["A-1-1"]).await,
        fan_with_seats(&stage, &event, &["A-1-2"]).await,
    );
    watch.at(Step::Noted, std::future::pending());
    watch.at(Step::Noted, std::future::pending());
    let stage = Arc::new(stage);
    let requests = [&one, &two].map(|fan| {
        let (stage, fan) = (stage.clone(), fan.clone());
        tokio::spawn(async move { stage.checkout(&fan, "k", VISA).await })
    });
    stage::eventually("the sagas have died", async || watch.nothing_is_left_to_do()).await;
    requests.iter().for_each(tokio::task::JoinHandle::abort);
    let spoil = "update orders set payment_token = null where account_id = $1";
    let spoilt = sqlx::query(spoil).bind(&one.subject).execute(&stage.app.database).await;
    assert_eq!(spoilt.unwrap().rows_affected(), 1);
    ends_as(&stage, &two, "k", "failed").await;
    assert_eq!(status_of(&stage, &one, "k").await, "pending");
    assert_eq!(gateway.intents().await.len(), 1);
}

#[tokio::test]
async fn an_order_whose_provider_is_silent_keeps_no_other_waiting() {
    let (stage, _gateway, watch, provider) = behind_busy_provider().await;
    let event = stage.launch(&calm_event()).await;
    let one = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    stage.checkout(&one, "k", VISA).await.ok();
    let two = fan_with_seats(&stage, &event, &["A-1-2"]).await;
    watch.at(Step::Reserved, std::future::pending());
    let stage = Arc::new(stage);
    let request = tokio::spawn({
        let (stage, fan) = (stage.clone(), two.clone());
        async move { stage.checkout(&fan, "k", VISA).await }
    });
    stage::eventually("the saga has died", async || watch.nothing_is_left_to_do()).await;
    request.abort();
    provider.is_busy.store(true, Ordering::Relaxed);
    // From here on the origin recovers by itself.
    let over = "update orders set lease_until = now() - interval '1 second' where account_id = $1";
    let database = &stage.app.database;
    sqlx::query(over).bind(&two.subject).execute(database).await.unwrap();
    stage::eventually("the silent provider is asked", async || {
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
    stage::eventually("the other order is settled", async || {
        let settled = "select settled from orders where account_id = $1";
        sqlx::query_scalar(settled)
            .bind(&one.subject)
            .fetch_one(database)
            .await
            .unwrap()
    })
    .await;
}
