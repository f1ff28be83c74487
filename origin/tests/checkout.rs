//! The saga against a real gateway: every fault, a crash after every step, everything twice. What must be true at the end
//! of each: no charge without its tickets, no active tickets without their charge, nothing held for ever.

mod stage;

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use stage::{Answer, Fan, Stage, TestGateway, small_event};
use stanchion_origin::checkout::{Step, Watch};
use tokio::task::JoinSet;
use uuid::Uuid;

const VISA: &str = "pm_card_visa";
const DECLINED: &str = "pm_card_chargeDeclinedInsufficientFunds";

fn refused(answer: &Answer, status: u16, word: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.word().as_str()),
        (status, word),
        "{}",
        answer.text
    );
}

fn calm_event() -> Value {
    let mut event = small_event();
    event["limits"]["lock_ms"] = json!(600_000);
    event
}

fn key() -> String {
    Uuid::new_v4().to_string()
}

/// A fan with two seats of section A in the cart: 108.90 EUR.
async fn fan_with_seats(stage: &Stage, event: &str, seats: &[&str]) -> Fan {
    let fan = Fan::new(event);
    stage.lock(&fan, seats).await.ok();
    fan
}

/// Every order of the database against the gateway's books.
async fn books_agree(stage: &Stage, gateway: &TestGateway) {
    let orders: Vec<(Uuid, String, i64, i64, i64)> = sqlx::query_as(
        "select order_id, status, total,
                (select count(*) from tickets where tickets.order_id = orders.order_id and state = 'active'),
                (select count(*) from tickets where tickets.order_id = orders.order_id and state = 'reserved')
         from orders",
    )
    .fetch_all(&stage.app.database)
    .await
    .unwrap();
    for (order, status, total, active, reserved) in orders {
        let money = gateway.money_of(&order.to_string()).await;
        match status.as_str() {
            "confirmed" => assert_eq!((money, active > 0, reserved), ((0, total), true, 0), "{order}"),
            "failed" => assert_eq!((money, active, reserved), ((0, 0), 0, 0), "{order}"),
            _ => panic!("{order} is still {status}"),
        }
    }
}

async fn status_of(stage: &Stage, fan: &Fan, key: &str) -> String {
    let order = stage.orders(fan, &format!("?idempotency_key={key}")).await.ok();
    order["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_cart_becomes_a_paid_order_with_tickets() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1", "A-1-2"]).await;
    let order = stage.checkout(&fan, &key(), VISA).await.ok();
    assert_eq!(
        (&order["status"], &order["total"]),
        (&json!("confirmed"), &json!("108.90"))
    );
    let tickets = order["tickets"].as_array().unwrap();
    assert_eq!(
        tickets.iter().map(|ticket| &ticket["seat"]).collect::<Vec<_>>(),
        ["A-1-1", "A-1-2"]
    );
    assert!(
        tickets
            .iter()
            .all(|ticket| ticket["barcode"].as_str().unwrap().starts_with("ST1"))
    );
    assert_eq!(gateway.money_of(order["order_id"].as_str().unwrap()).await, (0, 10_890));
    let seats = stage.seats(&fan, "A").await;
    assert_eq!(
        (&seats["available"], &seats["locked"], &seats["sold"]),
        (&json!(8), &json!(0), &json!(2))
    );
    assert_eq!(
        stage.cart(&fan).await["seats"],
        json!([]),
        "what is bought leaves the cart"
    );
    let told: Vec<(String, Value)> = sqlx::query_as("select kind, payload from outbox")
        .fetch_all(&stage.app.database)
        .await
        .unwrap();
    assert_eq!((told.len(), told[0].0.as_str()), (1, "order_confirmed"));
    let steps: Vec<String> = sqlx::query_scalar("select step from order_steps order by step_id")
        .fetch_all(&stage.app.database)
        .await
        .unwrap();
    assert_eq!(steps[..4], ["pending", "authorising", "confirming", "confirmed"]);
    stage::eventually("Redis' state is noted", async || {
        sqlx::query_scalar("select settled from orders")
            .fetch_one(&stage.app.database)
            .await
            .unwrap()
    })
    .await;
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_cart_of_two_sections_is_one_order() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    stage.lock(&fan, &["B-1-1"]).await.ok();
    let order = stage.checkout(&fan, &key(), VISA).await.ok();
    assert_eq!(
        (&order["total"], order["tickets"].as_array().unwrap().len()),
        (&json!("86.35"), 2)
    );
    assert_eq!(stage.seat(&fan, "B-1-1").await, "sold");
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_declined_card_leaves_the_seats_in_the_cart_for_another_card() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let (first, second) = (key(), key());
    for _ in 0..2 {
        let answer = stage.checkout(&fan, &first, DECLINED).await;
        refused(&answer, 402, "payment_declined");
        assert_eq!(
            answer.json()["reason"],
            "insufficient_funds",
            "also when it is sent again"
        );
    }
    assert_eq!(stage.cart(&fan).await["seats"][0]["locked"], true);
    refused(
        &stage.lock(&Fan::new(&event), &["A-1-1"]).await,
        409,
        "seats_unavailable",
    );
    stage.checkout(&fan, &second, VISA).await.ok();
    assert_eq!(
        (
            status_of(&stage, &fan, &first).await,
            status_of(&stage, &fan, &second).await
        ),
        ("failed".into(), "confirmed".into())
    );
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn after_a_decline_the_fan_may_give_the_seats_back() {
    let (stage, _gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    refused(&stage.checkout(&fan, &key(), DECLINED).await, 402, "payment_declined");
    stage.unlock(&fan, &["A-1-1"]).await.ok();
    assert_eq!(stage.seat(&fan, "A-1-1").await, "available");
}

#[tokio::test]
async fn a_key_sent_twice_makes_one_order_and_one_charge() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let key = key();
    let first = stage.checkout(&fan, &key, VISA).await.ok();
    assert_eq!(stage.checkout(&fan, &key, VISA).await.ok(), first);
    assert_eq!(stage.orders(&fan, &format!("?idempotency_key={key}")).await.ok(), first);
    assert_eq!(gateway.intents().await.len(), 1);
    refused(
        &stage.checkout(&fan, &key, "pm_card_mastercard").await,
        422,
        "idempotency_key_reused",
    );
    // Keys are per account.
    let other = fan_with_seats(&stage, &event, &["A-1-2"]).await;
    assert_ne!(
        stage.checkout(&other, &key, VISA).await.ok()["order_id"],
        first["order_id"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_sent_many_times_at_once_makes_one_order_and_everybody_gets_it() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 150})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1", "A-1-2"]).await;
    let (stage, key) = (Arc::new(stage), key());
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (stage, fan, key) = (stage.clone(), fan.clone(), key.clone());
        requests.spawn(async move { stage.checkout(&fan, &key, VISA).await.ok() });
    }
    let answers = requests.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(gateway.intents().await.len(), 1);
    books_agree(&stage, &gateway).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cart_is_paid_once_whatever_keys_it_is_sent_with() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 150})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let stage = Arc::new(stage);
    let mut requests = JoinSet::new();
    for _ in 0..5 {
        let (stage, fan) = (stage.clone(), fan.clone());
        requests.spawn(async move { stage.checkout(&fan, &key(), VISA).await });
    }
    let answers = requests.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(won.len(), 1);
    for answer in lost {
        assert!(
            ["checkout_in_progress", "cart_empty"].contains(&answer.word().as_str()),
            "{}",
            answer.text
        );
    }
    // Nobody takes a seat out while it is being paid for, either.
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn the_limit_counts_what_was_bought_before() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1", "A-1-2", "A-1-3", "A-1-4", "A-1-5"]).await;
    stage.checkout(&fan, &key(), VISA).await.ok();
    let again = Fan::again(&fan.subject, &event, 600);
    stage.lock(&again, &["A-2-1", "A-2-2", "A-2-3", "A-2-4"]).await.ok();
    refused(&stage.checkout(&again, &key(), VISA).await, 422, "too_many_seats");
    stage.unlock(&again, &["A-2-4"]).await.ok();
    stage.checkout(&again, &key(), VISA).await.ok();
    let third = Fan::again(&fan.subject, &event, 600);
    stage.lock(&third, &["B-1-1"]).await.ok();
    refused(&stage.checkout(&third, &key(), VISA).await, 422, "too_many_seats");
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn every_bad_checkout_has_its_word_and_charges_nothing() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = Fan::new(&event);
    refused(&stage.checkout(&fan, &key(), VISA).await, 422, "cart_empty");
    stage.lock(&fan, &["A-1-1"]).await.ok();
    refused(
        &stage.checkout(&fan, &key(), "4242424242424242").await,
        422,
        "card_number_refused",
    );
    refused(
        &stage.checkout(&fan, &key(), "pm card").await,
        422,
        "payment_token_invalid",
    );
    refused(&stage.checkout(&fan, "", VISA).await, 400, "idempotency_key_missing");
    refused(
        &stage.checkout(&fan, &"k".repeat(256), VISA).await,
        400,
        "idempotency_key_missing",
    );
    refused(
        &stage.checkout(&fan, &key(), "pm_of_nobody").await,
        402,
        "payment_declined",
    );
    let body = json!({"cart_id": stanchion_origin::cart::cart_id(&Fan::new(&event).claims), "payment": {"method": "card", "token": VISA}});
    let request = stage
        .shop(&fan, reqwest::Method::POST, "/api/v1/checkout")
        .header("Idempotency-Key", key());
    refused(&stage::send(request.json(&body)).await, 403, "cart_of_other_session");
    let request = stage
        .shop(&fan, reqwest::Method::POST, "/api/v1/checkout")
        .header("Idempotency-Key", key());
    let body = json!({"cart_id": "x", "payment": {"method": "cash", "token": VISA}});
    refused(
        &stage::send(request.json(&body)).await,
        422,
        "payment_method_unsupported",
    );
    assert!(gateway.intents().await.is_empty());
    stage.checkout(&fan, &"k".repeat(255), VISA).await.ok();
}

#[tokio::test]
async fn a_lock_that_is_over_is_not_paid() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&small_event()).await; // locks last two seconds
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    tokio::time::sleep(Duration::from_millis(2_050)).await;
    let answer = stage.checkout(&fan, &key(), VISA).await;
    refused(&answer, 409, "lock_expired");
    assert_eq!(answer.json()["lost_seats"], json!(["A-1-1"]));
    assert!(gateway.intents().await.is_empty());
    assert_eq!(
        stage.cart(&fan).await["seats"],
        json!([]),
        "a lost seat leaves the cart"
    );
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn locks_lost_in_a_redis_failover_are_not_paid() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let sold = fan_with_seats(&stage, &event, &["A-1-2"]).await;
    stage.checkout(&sold, &key(), VISA).await.ok();
    stage.wipe_section(&event, "A").await;
    let key = key();
    refused(&stage.checkout(&fan, &key, VISA).await, 503, "inventory_unavailable");
    stage::eventually("the section is loaded", async || {
        stage.checkout(&fan, &key, VISA).await.word() == "lock_expired"
    })
    .await;
    assert_eq!(
        (stage.seat(&fan, "A-1-1").await, stage.seat(&fan, "A-1-2").await),
        ("available".into(), "sold".into())
    );
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn the_unique_index_judges_last() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let owner = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    stage.checkout(&owner, &key(), VISA).await.ok();
    // Redis forgets on purpose what PostgreSQL knows: it lets a second fan lock the sold seat.
    let held = format!("stanchion:{{{event}:A}}:held");
    redis::cmd("HDEL")
        .arg(&held)
        .arg("A-1-1")
        .query_async::<()>(&mut stage.app.redis.clone())
        .await
        .unwrap();
    let meta = format!("stanchion:{{{event}:A}}:meta");
    redis::cmd("HINCRBY")
        .arg(&meta)
        .arg("sold")
        .arg(-1)
        .query_async::<()>(&mut stage.app.redis.clone())
        .await
        .unwrap();
    let second = fan_with_seats(&stage, &event, &["A-1-1", "A-1-2"]).await;
    refused(&stage.checkout(&second, &key(), VISA).await, 409, "seats_unavailable");
    books_agree(&stage, &gateway).await;
    assert_eq!(
        gateway.intents().await[1]["held"],
        0,
        "the second fan's money is let go of"
    );
    assert_eq!(
        (stage.seat(&owner, "A-1-1").await, stage.seat(&owner, "A-1-2").await),
        ("sold".into(), "available".into()),
        "Redis has learnt it"
    );
}

#[tokio::test]
async fn six_declines_within_an_hour_end_in_a_refusal() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    for _ in 0..6 {
        refused(&stage.checkout(&fan, &key(), DECLINED).await, 402, "payment_declined");
    }
    let answer = stage.checkout(&fan, &key(), VISA).await;
    refused(&answer, 403, "order_refused");
    assert_eq!(answer.json()["reason"], "too_many_declined_payments");
    assert_eq!(gateway.intents().await.len(), 6, "the card was not asked");
    books_agree(&stage, &gateway).await;
}

/// What a fault ends in, once recovery has had its look.
async fn fault_ends_in(operation: &str, fault: &str, times: u32, expected: &str) {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    gateway.fault(operation, fault, times).await;
    let key = key();
    let answer = stage.checkout(&fan, &key, VISA).await;
    let said = match answer.status.as_u16() {
        200 => "confirmed",
        _ => "failed",
    };
    assert_eq!(said, expected, "{operation} {fault}: {}", answer.text);
    books_agree(&stage, &gateway).await;
    let seat = stage.seat(&fan, "A-1-1").await;
    assert_eq!(
        seat,
        if expected == "confirmed" { "sold" } else { "locked" },
        "{operation} {fault}"
    );
    // Whatever happened, the fan can buy in the end.
    if expected == "failed" {
        gateway.faults(json!({})).await;
        stage.checkout(&fan, &self::key(), VISA).await.ok();
        books_agree(&stage, &gateway).await;
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_survived() {
    for operation in ["authorize", "capture"] {
        fault_ends_in(operation, "fail", 1, "confirmed").await;
        fault_ends_in(operation, "lose_answer", 1, "confirmed").await;
    }
}

#[tokio::test]
async fn an_authorisation_the_provider_failed_for_good_costs_nothing() {
    fault_ends_in("authorize", "fail", 9, "failed").await;
    fault_ends_in("authorize", "fail_kept", 1, "failed").await;
}

#[tokio::test]
async fn a_capture_whose_key_a_fault_has_spent_is_captured_with_another() {
    fault_ends_in("capture", "fail_kept", 1, "confirmed").await;
}

#[tokio::test]
async fn an_authorisation_whose_answers_are_all_lost_is_undone() {
    // Two attempts and recovery's first lose their answers; then recovery learns what happened, and lets go of the money.
    fault_ends_in("authorize", "lose_answer", 3, "failed").await;
}

#[tokio::test]
async fn a_capture_whose_answers_are_all_lost_is_found_to_have_worked() {
    fault_ends_in("capture", "lose_answer", 9, "confirmed").await;
}

#[tokio::test]
async fn a_slow_provider_is_waited_for_within_its_patience() {
    let (stage, gateway) = Stage::with_gateway().await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    gateway.faults(json!({"delay_ms": 300})).await;
    assert_eq!(stage.checkout(&fan, &key(), VISA).await.ok()["status"], "confirmed");
    // Slower than the patience: nobody can tell, until the provider is well again.
    let fan = fan_with_seats(&stage, &event, &["A-1-2"]).await;
    gateway.faults(json!({"delay_ms": 2_000})).await;
    let (asked, well) = tokio::join!(stage.checkout(&fan, "slow", VISA), async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        gateway.faults(json!({})).await;
        stage::eventually("recovery has finished", async || {
            stage.recover().await;
            status_of(&stage, &fan, "slow").await == "failed"
        })
        .await;
    });
    let () = well;
    refused(&asked, 409, "checkout_abandoned");
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_definite_capture_failure_voids_the_tickets_and_frees_the_seats() {
    let watch = Arc::new(AtStep::new(Step::Reserved));
    let during = watch.clone();
    let (stage, gateway) = Stage::with_gateway_and(|app| app.till.watch = during).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let gateway_url = gateway.url.clone();
    // The provider cancels the intent by itself between reservation and capture (as Stripe does after seven days).
    *watch.action.lock().unwrap() = Some(Box::pin(async move {
        let client = reqwest::Client::new();
        let list = client
            .get(format!("{gateway_url}v1/payment_intents"))
            .bearer_auth(stage::STRIPE_KEY);
        let list: Value = list.send().await.unwrap().json().await.unwrap();
        let intent = list["data"][0]["id"].as_str().unwrap();
        let cancel = client.post(format!("{gateway_url}v1/payment_intents/{intent}/cancel"));
        assert!(
            cancel
                .bearer_auth(stage::STRIPE_KEY)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
    }));
    refused(&stage.checkout(&fan, "definite", VISA).await, 402, "payment_failed");
    books_agree(&stage, &gateway).await;
    assert_eq!(stage.seat(&fan, "A-1-1").await, "available");
    assert_eq!(stage.cart(&fan).await["seats"], json!([]));
    let told: Vec<String> = sqlx::query_scalar("select kind from outbox")
        .fetch_all(&stage.app.database)
        .await
        .unwrap();
    assert_eq!(told, ["order_failed"]);
}

/// Does something once, after one step.
struct AtStep {
    step: Step,
    action: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl AtStep {
    fn new(step: Step) -> AtStep {
        AtStep {
            step,
            action: Mutex::new(None),
        }
    }
}

impl Watch for AtStep {
    fn after(&self, step: Step, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let action = if step == self.step {
            self.action.lock().unwrap().take()
        } else {
            None
        };
        Box::pin(async move {
            if let Some(action) = action {
                action.await;
            }
        })
    }
}

/// Dies after one step, once: the saga never goes on, as if its process had been killed.
struct DieAfter {
    step: Step,
    died: Mutex<bool>,
}

impl Watch for DieAfter {
    fn after(&self, step: Step, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut died = self.died.lock().unwrap();
        if step == self.step && !*died {
            *died = true;
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}

/// A crash after `step`; `cards` that are good end in an order or in nothing, never in between.
async fn crash_after(step: Step) {
    let watch = Arc::new(DieAfter {
        step,
        died: Mutex::new(false),
    });
    let dying = watch.clone();
    let (stage, gateway) = Stage::with_gateway_and(|app| app.till.watch = dying).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1", "A-1-2"]).await;
    let (stage, key) = (Arc::new(stage), key());
    let request = tokio::spawn({
        let (stage, fan, key) = (stage.clone(), fan.clone(), key.clone());
        async move { stage.checkout(&fan, &key, VISA).await }
    });
    stage::eventually("the saga has died", async || *watch.died.lock().unwrap()).await;
    request.abort();
    stage.recover().await;
    let expected = if step < Step::Reserved { "failed" } else { "confirmed" };
    assert_eq!(status_of(&stage, &fan, &key).await, expected, "after {step:?}");
    books_agree(&stage, &gateway).await;
    let seat = stage.seat(&fan, "A-1-1").await;
    assert_eq!(
        seat,
        if expected == "confirmed" { "sold" } else { "locked" },
        "after {step:?}"
    );
    let settled: bool = sqlx::query_scalar("select settled from orders")
        .fetch_one(&stage.app.database)
        .await
        .unwrap();
    assert!(settled, "after {step:?}");
    // The fan asks again with the same key and gets the order's end.
    let answer = stage.checkout(&fan, &key, VISA).await;
    if expected == "confirmed" {
        assert_eq!(answer.ok()["tickets"].as_array().unwrap().len(), 2);
    } else {
        refused(&answer, 409, "checkout_abandoned");
        stage.checkout(&fan, &self::key(), VISA).await.ok();
    }
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_crash_after_any_step_ends_in_tickets_with_their_charge_or_in_neither() {
    let crashes = async {
        let mut crashes = JoinSet::new();
        for step in Step::ALL {
            crashes.spawn_local(crash_after(step));
        }
        while let Some(crash) = crashes.join_next().await {
            crash.unwrap();
        }
    };
    tokio::task::LocalSet::new().run_until(crashes).await;
}

#[tokio::test]
async fn recovery_by_itself_finishes_within_its_lease_and_a_second_origin_does_not_interfere() {
    let watch = Arc::new(DieAfter {
        step: Step::Authorised,
        died: Mutex::new(false),
    });
    let dying = watch.clone();
    let (stage, gateway) = Stage::with_gateway_and(|app| app.till.watch = dying).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let key = key();
    let waiting = tokio::time::timeout(Duration::from_millis(500), stage.checkout(&fan, &key, VISA)).await;
    assert!(waiting.is_err(), "the saga is dead");
    // Many look at once: each order is taken by one.
    let mut looks = JoinSet::new();
    sqlx::query("update orders set lease_until = now() - interval '1 second'")
        .execute(&stage.app.database)
        .await
        .unwrap();
    for _ in 0..4 {
        let app = stage.app.clone();
        looks.spawn(async move { stanchion_origin::checkout::recover(&app).await.unwrap() });
    }
    assert!(looks.join_all().await.into_iter().sum::<usize>() <= 1);
    stage::eventually("the order ends", async || {
        status_of(&stage, &fan, &key).await == "failed"
    })
    .await;
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn a_fan_who_hangs_up_gets_the_order_all_the_same() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 200})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let key = key();
    let hung_up = tokio::time::timeout(Duration::from_millis(100), stage.checkout(&fan, &key, VISA)).await;
    assert!(hung_up.is_err());
    stage::eventually("the order is confirmed", async || {
        let order = stage.orders(&fan, &format!("?idempotency_key={key}")).await;
        order.status == 200 && order.json()["status"] == "confirmed"
    })
    .await;
    books_agree(&stage, &gateway).await;
}

#[tokio::test]
async fn seats_being_paid_cannot_be_taken_out_of_the_cart() {
    let (stage, gateway) = Stage::with_gateway().await;
    gateway.faults(json!({"delay_ms": 300})).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let (order, unlock) = tokio::join!(stage.checkout(&fan, "paying", VISA), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        stage.unlock(&fan, &["A-1-1"]).await
    });
    refused(&unlock, 409, "checkout_in_progress");
    assert_eq!(order.ok()["status"], "confirmed");
}

#[tokio::test]
async fn seats_without_a_price_need_no_provider() {
    let (stage, gateway) = Stage::with_gateway().await;
    let mut free = calm_event();
    free["sections"][0]["price"] = json!("0");
    free["sections"][0]["fee"] = json!("0");
    let event = stage.launch(&free).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    let order = stage.checkout(&fan, &key(), VISA).await.ok();
    assert_eq!(
        (&order["status"], &order["total"]),
        (&json!("confirmed"), &json!("0.00"))
    );
    assert!(gateway.intents().await.is_empty());
}
