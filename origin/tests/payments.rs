//! The Stripe adapter against a gateway that can fail on purpose: what is certain, what is not, and that nothing is ever
//! charged twice.

use std::time::Duration;

use crate::harness::{PATIENCE, STRIPE_KEY, TestGateway};
use serde_json::json;
use stanchion_origin::{
    clock,
    payments::{
        Authorisation, IntentState, PaymentOutcome, PaymentProvider,
        router::STEP_LIMIT,
        stripe::{RetryPolicy, Stripe},
    },
};
use stanchion_shared::money::Minor;
use uuid::Uuid;

fn stripe(gateway: &TestGateway) -> Stripe {
    Stripe::new(
        reqwest::Client::new(),
        gateway.url.parse().unwrap(),
        STRIPE_KEY.to_owned(),
        PATIENCE,
    )
}

fn wanted(card: &str) -> Authorisation {
    Authorisation {
        order_id: Uuid::new_v4().to_string(),
        amount: Minor(4_950),
        currency: "EUR".to_owned(),
        token: card.to_owned(),
        begun_at: clock::now(),
    }
}

async fn authorised(stripe: &Stripe, wanted: &Authorisation) -> String {
    match stripe.authorise(wanted).await {
        PaymentOutcome::Done(intent) => intent,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_amount_is_held_then_charged_and_may_be_given_back() {
    let gateway = TestGateway::start().await;
    let (stripe, wanted) = (stripe(&gateway), wanted("pm_card_visa"));
    let intent = authorised(&stripe, &wanted).await;
    assert_eq!(gateway.money_of(&wanted.order_id).await, (4_950, 0));
    for _ in 0..2 {
        assert_eq!(
            stripe.capture(&wanted.order_id, &intent).await,
            PaymentOutcome::Done(()),
            "also when repeated"
        );
    }
    assert_eq!(gateway.money_of(&wanted.order_id).await, (0, 4_950));
    assert!(
        matches!(
            stripe.cancel(&wanted.order_id, &intent).await,
            PaymentOutcome::Declined(_)
        ),
        "charged is charged"
    );
    for _ in 0..2 {
        assert_eq!(stripe.refund(&wanted.order_id, &intent).await, PaymentOutcome::Done(()));
    }
    assert_eq!(gateway.money_of(&wanted.order_id).await, (0, 0));
}

#[tokio::test]
async fn a_held_amount_is_let_go_of() {
    let gateway = TestGateway::start().await;
    let (stripe, wanted) = (stripe(&gateway), wanted("pm_card_visa"));
    let intent = authorised(&stripe, &wanted).await;
    for _ in 0..2 {
        assert_eq!(stripe.cancel(&wanted.order_id, &intent).await, PaymentOutcome::Done(()));
    }
    assert_eq!(gateway.money_of(&wanted.order_id).await, (0, 0));
    assert!(matches!(
        stripe.capture(&wanted.order_id, &intent).await,
        PaymentOutcome::Declined(_)
    ));
}

#[tokio::test]
async fn a_decline_says_why_and_a_card_that_asks_for_its_holder_is_declined() {
    let gateway = TestGateway::start().await;
    let stripe = stripe(&gateway);
    for (card, word) in [
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
        ("pm_card_authenticationRequired", "authentication_required"),
        ("pm_of_nobody", "resource_missing"),
    ] {
        let wanted = wanted(card);
        for _ in 0..2 {
            assert_eq!(
                stripe.authorise(&wanted).await,
                PaymentOutcome::Declined(word.to_owned()),
                "{card}"
            );
        }
        assert_eq!(gateway.money_of(&wanted.order_id).await, (0, 0));
    }
}

#[tokio::test]
async fn a_lost_answer_is_learnt_by_asking_again_and_charges_once() {
    let gateway = TestGateway::start().await;
    let (stripe, wanted) = (stripe(&gateway), wanted("pm_card_visa"));
    gateway.fault("authorize", "lose_answer", 1).await;
    let intent = authorised(&stripe, &wanted).await;
    gateway.fault("capture", "lose_answer", 1).await;
    assert_eq!(
        stripe.capture(&wanted.order_id, &intent).await,
        PaymentOutcome::Done(())
    );
    assert_eq!(
        (gateway.intents().await.len(), gateway.money_of(&wanted.order_id).await),
        (1, (0, 4_950))
    );
}

#[tokio::test]
async fn where_no_answer_ever_comes_nothing_is_claimed() {
    let gateway = TestGateway::start().await;
    let (stripe, wanted) = (stripe(&gateway), wanted("pm_card_visa"));
    gateway.fault("authorize", "lose_answer", 9).await;
    assert!(matches!(stripe.authorise(&wanted).await, PaymentOutcome::Unknown(_)));
    assert_eq!(
        gateway.money_of(&wanted.order_id).await,
        (4_950, 0),
        "it was held, after all"
    );
    match stripe.find(&wanted.order_id, wanted.begun_at).await {
        PaymentOutcome::Done(Some(intent)) => assert_eq!(intent.state, IntentState::Authorised),
        other => panic!("{other:?}"),
    }
    gateway.faults(json!({})).await;
    let intent = authorised(&stripe, &wanted).await;
    assert_eq!(stripe.cancel(&wanted.order_id, &intent).await, PaymentOutcome::Done(()));
}

#[tokio::test]
async fn a_kept_fault_is_no_charge_if_the_list_knows_no_intent() {
    let gateway = TestGateway::start().await;
    let (stripe, wanted) = (stripe(&gateway), wanted("pm_card_visa"));
    gateway.fault("authorize", "fail_kept", 1).await;
    assert!(matches!(stripe.authorise(&wanted).await, PaymentOutcome::Spent(_)));
    // The list cannot be read either: then nothing is certain.
    gateway.fault("read", "fail", 99).await;
    assert!(matches!(stripe.authorise(&wanted).await, PaymentOutcome::Unknown(_)));
    assert_eq!(gateway.money_of(&wanted.order_id).await, (0, 0));
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_did_nothing() {
    let gateway = TestGateway::start().await;
    let nowhere = "http://127.0.0.1:9/".parse().unwrap();
    let unreachable = Stripe::new(reqwest::Client::new(), nowhere, STRIPE_KEY.to_owned(), PATIENCE);
    assert!(matches!(
        unreachable.authorise(&wanted("pm_card_visa")).await,
        PaymentOutcome::Unavailable(_)
    ));
    let wrong_key = "sk_test_of_somebody_else".to_owned();
    let stranger = Stripe::new(
        reqwest::Client::new(),
        gateway.url.parse().unwrap(),
        wrong_key,
        PATIENCE,
    );
    assert!(matches!(
        stranger.authorise(&wanted("pm_card_visa")).await,
        PaymentOutcome::Unavailable(_)
    ));
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_unknown_and_patience_has_an_end() {
    let gateway = TestGateway::start().await;
    let (stripe, wanted) = (stripe(&gateway), wanted("pm_card_visa"));
    gateway.faults(json!({"delay_ms": 1_500})).await;
    let started = std::time::Instant::now();
    assert!(matches!(stripe.authorise(&wanted).await, PaymentOutcome::Unknown(_)));
    assert!(started.elapsed() < PATIENCE.total + PATIENCE.timeout + Duration::from_millis(500));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(
        gateway.money_of(&wanted.order_id).await.0,
        4_950,
        "the provider did it, late"
    );
}

#[tokio::test]
async fn an_intent_is_found_among_hundreds() {
    let gateway = TestGateway::start().await;
    let (stripe, searched) = (stripe(&gateway), wanted("pm_card_visa"));
    authorised(&stripe, &searched).await;
    for _ in 0..230 {
        authorised(&stripe, &wanted("pm_card_visa")).await;
    }
    assert!(matches!(
        stripe.find(&searched.order_id, searched.begun_at).await,
        PaymentOutcome::Done(Some(_))
    ));
    assert_eq!(
        stripe.find("nobody", searched.begun_at).await,
        PaymentOutcome::Done(None)
    );
}

#[test]
fn the_patience_for_one_call_fits_into_a_step() {
    let RetryPolicy { timeout, total, .. } = RetryPolicy::default();
    // One more look at the intent may follow the last attempt.
    let longest = total + timeout + timeout;
    assert!(longest <= STEP_LIMIT, "{longest:?}");
}
