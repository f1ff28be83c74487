//! What may be sent: keys, types, sizes, parameters; both sides of every limit.

use reqwest::{Method, StatusCode};

use crate::running::{KEY, Running, visa, with, without};

#[tokio::test]
async fn the_secret_key_is_asked_for_on_every_route_of_stripe() {
    let gateway = Running::start().await;
    for (method, path) in [
        (Method::POST, "/v1/payment_intents"),
        (Method::GET, "/v1/payment_intents"),
        (Method::GET, "/v1/payment_intents/search"),
        (Method::GET, "/v1/payment_intents/pi_1"),
        (Method::POST, "/v1/payment_intents/pi_1/capture"),
        (Method::POST, "/v1/payment_intents/pi_1/cancel"),
        (Method::POST, "/v1/refunds"),
        (Method::GET, "/v1/refunds"),
    ] {
        let unauthorized = (401, "invalid_request_error", None);
        let none = Running::send(gateway.request(method.clone(), path)).await;
        assert_eq!(none.error(), unauthorized, "{method} {path}");
        let wrong = Running::send(gateway.request(method.clone(), path).bearer_auth("sk_test_wrong")).await;
        assert_eq!(wrong.error(), unauthorized, "{method} {path}");
        assert!(
            !wrong.body.to_string().contains("sk_test_wrong"),
            "a key is never repeated"
        );
    }
    assert_eq!(gateway.intents_made().await, 0);
}

#[tokio::test]
async fn the_secret_key_can_be_the_user_of_basic_auth() {
    let gateway = Running::start().await;
    let with_user = |user: &str| {
        gateway
            .request(Method::GET, "/v1/payment_intents")
            .basic_auth(user, Some(""))
    };
    assert_eq!(Running::send(with_user(KEY)).await.status, StatusCode::OK);
    assert_eq!(
        Running::send(with_user("sk_test_wrong")).await.status,
        StatusCode::UNAUTHORIZED
    );
    let garbled = gateway
        .request(Method::GET, "/v1/payment_intents")
        .header("authorization", "Basic %%%");
    assert_eq!(Running::send(garbled).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_test_keys_are_keys() {
    for (text, valid) in [
        (KEY, true),
        ("sk_live_x", false),
        ("sk_test_", false),
        ("sk_test_a b", false),
        ("pk_test_a", false),
    ] {
        assert_eq!(text.parse::<stanchion_gateway::SecretKey>().is_ok(), valid, "{text}");
    }
}

#[tokio::test]
async fn amounts_are_whole_minor_units_from_50_to_99999999() {
    let gateway = Running::start().await;
    for (amount, code) in [
        ("50", None),
        ("99999999", None),
        ("49", Some("amount_too_small")),
        ("1", Some("amount_too_small")),
        ("100000000", Some("amount_too_large")),
        ("99999999999999999999", Some("amount_too_large")),
        ("0", Some("parameter_invalid_integer")),
        ("-50", Some("parameter_invalid_integer")),
        ("50.5", Some("parameter_invalid_integer")),
        ("1e3", Some("parameter_invalid_integer")),
        ("+50", Some("parameter_invalid_integer")),
        (" 50", Some("parameter_invalid_integer")),
        ("", Some("parameter_invalid_empty")),
    ] {
        let reply = gateway.authorize(&visa(amount)).await;
        match code {
            None => assert_eq!(reply.body["amount"].to_string(), amount),
            Some(_) => {
                assert_eq!(reply.error(), (400, "invalid_request_error", code), "{amount}");
                assert_eq!(reply.body["error"]["param"], "amount");
            }
        }
    }
    assert_eq!(gateway.intents_made().await, 2);
}

#[tokio::test]
async fn a_currency_has_three_letters() {
    let gateway = Running::start().await;
    assert_eq!(
        gateway
            .authorize(&with(visa("100"), "currency", "USD"))
            .await
            .text("currency"),
        "usd"
    );
    for currency in ["eu", "euro", "12x", "€"] {
        assert_eq!(
            gateway
                .authorize(&with(visa("100"), "currency", currency))
                .await
                .error()
                .0,
            400,
            "{currency}"
        );
    }
}

#[tokio::test]
async fn what_is_needed_must_be_there_and_what_is_unknown_must_not() {
    let gateway = Running::start().await;
    for name in ["amount", "currency"] {
        let reply = gateway.authorize(&without(visa("100"), name)).await;
        assert_eq!(reply.error(), (400, "invalid_request_error", Some("parameter_missing")));
        assert_eq!(reply.body["error"]["param"], name);
    }
    let no_method = gateway.authorize(&without(visa("100"), "payment_method")).await;
    assert_eq!(no_method.error().2, Some("payment_intent_unexpected_state"));
    for (name, value, status) in [
        ("confirm", "false", 400),
        ("confirm", "1", 400),
        ("capture_method", "later", 400),
        ("off_session", "maybe", 400),
        ("amout", "100", 400),
        ("description", "", 400),
        ("expand[]", "latest_charge", 200),
        ("receipt_email", "fan@example.org", 200),
    ] {
        assert_eq!(
            gateway.authorize(&with(visa("100"), name, value)).await.status.as_u16(),
            status,
            "{name}={value}"
        );
    }
    let twice = [visa("100"), vec![("amount", "200")]].concat();
    assert_eq!(gateway.authorize(&twice).await.error().0, 400);
    let id = gateway.authorized("100").await;
    assert_eq!(
        gateway.capture(&id, &[("amount", "100")]).await.error().2,
        Some("parameter_unknown")
    );
    assert_eq!(
        gateway.cancel(&id, &[("cancellation_reason", "whim")]).await.error().0,
        400
    );
    assert_eq!(gateway.retrieve(&id).await.text("status"), "requires_capture");
}

#[tokio::test]
async fn an_intent_must_exclude_payment_methods_that_redirect_or_say_where_to() {
    let gateway = Running::start().await;
    let bare = || without(visa("100"), "payment_method_types[]");
    let automatic = |more: &[(&'static str, &'static str)]| {
        [
            bare(),
            vec![("automatic_payment_methods[enabled]", "true")],
            more.to_vec(),
        ]
        .concat()
    };
    for (params, status) in [
        (bare(), 400),
        (automatic(&[]), 400),
        (
            automatic(&[("automatic_payment_methods[allow_redirects]", "always")]),
            400,
        ),
        (
            automatic(&[("automatic_payment_methods[allow_redirects]", "never")]),
            200,
        ),
        (automatic(&[("return_url", "https://example.org/back")]), 200),
        (automatic(&[("payment_method_types[]", "card")]), 400),
        (with(bare(), "payment_method_types[0]", "card"), 200),
        (with(bare(), "payment_method_types[]", "ideal"), 400),
    ] {
        assert_eq!(gateway.authorize(&params).await.status.as_u16(), status, "{params:?}");
    }
}

#[tokio::test]
async fn metadata_has_at_most_50_keys_of_40_letters_with_500_letters_each() {
    let gateway = Running::start().await;
    let keyed = |length: usize| format!("metadata[{}]", "ä".repeat(length));
    for (name, value, status) in [
        (keyed(40), "v".to_owned(), 200),
        (keyed(41), "v".to_owned(), 400),
        ("metadata[k]".to_owned(), "ä".repeat(500), 200),
        ("metadata[k]".to_owned(), "ä".repeat(501), 400),
    ] {
        let reply = gateway.authorize(&with(visa("100"), &name, &value)).await;
        assert_eq!(reply.status.as_u16(), status, "{} {}", name.len(), value.len());
    }
    for (count, status) in [(50, 200), (51, 400)] {
        let names: Vec<String> = (0..count).map(|number| format!("metadata[k{number}]")).collect();
        let params = [visa("100"), names.iter().map(|name| (name.as_str(), "v")).collect()].concat();
        assert_eq!(gateway.authorize(&params).await.status.as_u16(), status, "{count}");
    }
    let unset = gateway.authorize(&with(visa("100"), "metadata[k]", "")).await;
    assert_eq!(unset.body["metadata"], serde_json::json!({}));
}

#[tokio::test]
async fn bodies_are_forms_of_at_most_128_kib() {
    let gateway = Running::start().await;
    let post = |body: String| {
        gateway
            .request(Method::POST, "/v1/payment_intents")
            .bearer_auth(KEY)
            .body(body)
    };
    let form = "application/x-www-form-urlencoded";
    let json = post(r#"{"amount": 100}"#.to_owned()).header("content-type", "application/json");
    assert_eq!(Running::send(json).await.error(), (415, "invalid_request_error", None));
    assert_eq!(Running::send(post("amount=100".to_owned())).await.error().0, 415);
    let charset = post("amount=100".to_owned()).header("content-type", format!("{form}; charset=utf-8"));
    assert_eq!(
        Running::send(charset).await.error().2,
        Some("parameter_missing"),
        "it was read"
    );

    let limit = stanchion_gateway::http::MAX_BODY_BYTES;
    let sized = |size: usize| post(format!("note={}", "x".repeat(size - 5))).header("content-type", form);
    assert_eq!(
        Running::send(sized(limit)).await.error().2,
        Some("parameter_missing"),
        "it was read"
    );
    assert_eq!(
        Running::send(sized(limit + 1)).await.error(),
        (413, "invalid_request_error", None)
    );

    let id = gateway.authorized("100").await;
    let bare = gateway
        .request(Method::POST, &format!("/v1/payment_intents/{id}/capture"))
        .bearer_auth(KEY);
    assert_eq!(
        Running::send(bare).await.text("status"),
        "succeeded",
        "no body needs no type"
    );
}

#[tokio::test]
async fn unknown_routes_and_methods_are_404_in_stripes_shape() {
    let gateway = Running::start().await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/v1"),
        (Method::GET, "/v1/charges"),
        (Method::POST, "/v1/payment_intents/pi_1/confirm"),
        (Method::DELETE, "/v1/payment_intents"),
        (Method::GET, "/v1/payment_intents/pi_1/capture"),
        (Method::POST, "/_control/ledger"),
        (Method::GET, "/_control/nothing"),
    ] {
        let reply = Running::send(gateway.request(method.clone(), path).bearer_auth(KEY)).await;
        assert_eq!(reply.error(), (404, "invalid_request_error", None), "{method} {path}");
    }
}
