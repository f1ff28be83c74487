//! Every test card does what Stripe's does.

use reqwest::StatusCode;
use stanchion_gateway::cards::{BankDecision, TEST_CARDS};

use crate::running::{Running, paying_with, with};

#[tokio::test]
async fn cards_that_are_approved_are_held() {
    let gateway = Running::start().await;
    for card in TEST_CARDS.iter().filter(|card| card.verdict == BankDecision::Approves) {
        let reply = gateway.authorize(&paying_with(card.token, "1000")).await;
        assert_eq!(
            (reply.status, reply.text("status").as_str()),
            (StatusCode::OK, "requires_capture"),
            "{}",
            card.token
        );
    }
}

#[tokio::test]
async fn cards_that_are_declined_say_why() {
    let gateway = Running::start().await;
    let declines = [
        ("pm_card_chargeDeclined", "card_declined", Some("generic_decline")),
        ("pm_card_visa_chargeDeclined", "card_declined", Some("generic_decline")),
        ("pm_card_chargeCustomerFail", "card_declined", Some("generic_decline")),
        (
            "pm_card_chargeDeclinedInsufficientFunds",
            "card_declined",
            Some("insufficient_funds"),
        ),
        (
            "pm_card_visa_chargeDeclinedInsufficientFunds",
            "card_declined",
            Some("insufficient_funds"),
        ),
        (
            "pm_card_visa_chargeDeclinedLostCard",
            "card_declined",
            Some("lost_card"),
        ),
        (
            "pm_card_visa_chargeDeclinedStolenCard",
            "card_declined",
            Some("stolen_card"),
        ),
        ("pm_card_chargeDeclinedFraudulent", "card_declined", Some("fraudulent")),
        ("pm_card_radarBlock", "card_declined", Some("fraudulent")),
        (
            "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
            "card_declined",
            Some("card_velocity_exceeded"),
        ),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ];
    for (card, code, decline_code) in declines {
        let reply = gateway.authorize(&paying_with(card, "1000")).await;
        assert_eq!(reply.error(), (402, "card_error", Some(code)), "{card}");
        let error = &reply.body["error"];
        assert_eq!(error["decline_code"].as_str(), decline_code, "{card}");
        assert_eq!(error["payment_method"]["object"], "payment_method");
        let intent = &error["payment_intent"];
        assert_eq!(intent["status"], "requires_payment_method");
        assert_eq!(intent["last_payment_error"]["code"], code);
        assert_eq!(intent["latest_charge"], error["charge"]);
        assert!(intent["payment_method"].is_null());
    }
    let all = TEST_CARDS
        .iter()
        .filter(|card| matches!(card.verdict, BankDecision::Declines(_)))
        .count();
    assert_eq!(all, declines.len(), "every card that is declined is listed above");
}

#[tokio::test]
async fn a_declined_intent_can_be_looked_up_and_canceled_but_not_captured() {
    let gateway = Running::start().await;
    let declined = gateway.authorize(&paying_with("pm_card_chargeDeclined", "1000")).await;
    let id = declined.body["error"]["payment_intent"]["id"].as_str().unwrap();
    let held = gateway.retrieve(id).await;
    assert_eq!(held.body, declined.body["error"]["payment_intent"]);
    assert_eq!(gateway.capture(id, &[]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(gateway.cancel(id, &[]).await.text("status"), "canceled");
}

#[tokio::test]
async fn cards_that_ask_for_authentication_hold_nothing_until_then() {
    let gateway = Running::start().await;
    for card in TEST_CARDS
        .iter()
        .filter(|card| card.verdict == BankDecision::AsksForAuthentication)
    {
        let reply = gateway.authorize(&paying_with(card.token, "1000")).await;
        assert_eq!(
            (reply.status, reply.text("status").as_str()),
            (StatusCode::OK, "requires_action"),
            "{}",
            card.token
        );
        assert_eq!(reply.body["next_action"]["type"], "use_stripe_sdk");
        assert_eq!(reply.body["amount_capturable"], 0);
        assert!(reply.body["latest_charge"].is_null());
        let capture = gateway.capture(&reply.id(), &[]).await;
        assert_eq!(
            capture.error(),
            (400, "invalid_request_error", Some("payment_intent_unexpected_state"))
        );
        assert_eq!(gateway.cancel(&reply.id(), &[]).await.text("status"), "canceled");
    }
}

#[tokio::test]
async fn nobody_can_authenticate_off_session() {
    let gateway = Running::start().await;
    let reply = gateway
        .authorize(&with(
            paying_with("pm_card_authenticationRequired", "1000"),
            "off_session",
            "true",
        ))
        .await;
    assert_eq!(reply.error(), (402, "card_error", Some("authentication_required")));
    assert_eq!(reply.body["error"]["decline_code"], "authentication_required");
}

#[tokio::test]
async fn card_numbers_and_unknown_payment_methods_are_refused() {
    let gateway = Running::start().await;
    for token in [
        "4242424242424242",
        "4242 4242 4242 4242",
        "tok_visa",
        "pm_card_none",
        "PM_CARD_VISA",
    ] {
        let reply = gateway.authorize(&paying_with(token, "1000")).await;
        assert_eq!(
            reply.error(),
            (400, "invalid_request_error", Some("resource_missing")),
            "{token}"
        );
        assert_eq!(reply.body["error"]["param"], "payment_method");
    }
    let number = [
        ("payment_method_data[type]", "card"),
        ("payment_method_data[card][number]", "4242424242424242"),
    ];
    let params = [paying_with("pm_card_visa", "1000"), number.to_vec()].concat();
    assert_eq!(gateway.authorize(&params).await.error().2, Some("parameter_unknown"));
    assert_eq!(gateway.intents_made().await, 0);
}
