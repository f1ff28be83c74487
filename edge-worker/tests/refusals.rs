//! Bad input: each kind gets its status and its word, and nothing is lost by it.

use reqwest::{Method, header};
use serde_json::{Value, json};
use stanchion_shared::{
    account::AccountClaims,
    human,
    wire::{CHALLENGE_MAX_NUMBER, DRAW_WINDOW_MS, LEASE_MS, Limits, PutEvent, SHOPPING_MS, TURN_MS},
};

use stanchion_stage::{Edge, Event, now, read, refusal, release, unique, variable};

#[tokio::test]
async fn addresses_methods_and_bodies_that_are_not_ours_are_refused() {
    let edge = Edge::new();
    let fan = edge.fan();
    let long = "x".repeat(2_100);
    let large = format!("{{\"event_id\":\"{}\"}}", "x".repeat(16 * 1024));
    let json = "application/json";
    // (method, path, content type, body, status, word)
    let cases = [
        (Method::GET, "/nothing", None, "", 404, "not_found"),
        (Method::GET, "/assets/nothing.js", None, "", 404, "not_found"),
        (Method::GET, "/api/v1/admin/events", None, "", 404, "not_found"),
        (Method::POST, "/api/v1/admin/events", Some(json), "{}", 404, "not_found"),
        (Method::GET, "/api/v1/queue/join", None, "", 405, "method_not_allowed"),
        (Method::DELETE, "/api/v1/checkout", None, "", 405, "method_not_allowed"),
        (Method::GET, &long, None, "", 414, "uri_too_long"),
        (
            Method::GET,
            "/api/v1/events/UPPER/queue",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::GET,
            "/api/v1/events/no-such-event/queue",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::GET,
            "/api/v1/events/no-such-event/schedule",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::GET,
            "/api/v1/events/no-such-event/draws/0",
            None,
            "",
            404,
            "event_unknown",
        ),
        (Method::GET, "/api/v1/queue/status", None, "", 400, "ticket_missing"),
        (
            Method::GET,
            "/api/v1/queue/status?token=nonsense",
            None,
            "",
            401,
            "ticket_invalid",
        ),
        (
            Method::GET,
            "/api/v1/queue/challenge",
            None,
            "",
            400,
            "event_id_missing",
        ),
        (
            Method::GET,
            "/api/v1/queue/challenge?event_id=no-such-event",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            None,
            "{}",
            415,
            "unsupported_media_type",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some("text/plain"),
            "{}",
            415,
            "unsupported_media_type",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            "",
            400,
            "malformed_body",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            "{",
            400,
            "malformed_body",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            "{\"event_id\":1}",
            400,
            "malformed_body",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            &large,
            413,
            "body_too_large",
        ),
        (
            Method::POST,
            "/api/v1/queue/leave",
            Some(json),
            "{\"queue_token\":\"x\"}",
            401,
            "ticket_invalid",
        ),
    ];
    for (method, path, content_type, body, status, word) in cases {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        let mut request = edge
            .http
            .request(method.clone(), format!("{}{path}", edge.url))
            .bearer_auth(&fan.token);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = if body.is_empty() {
            request
        } else {
            request.body(body.to_owned())
        };
        let answer = refusal(request.send().await.unwrap()).await;
        let shown: String = path.chars().take(60).collect();
        assert_eq!(answer, (status, word.to_owned()), "{method} {shown} {:.30}", body);
    }
}

#[tokio::test]
async fn account_tokens_that_identify_nobody_are_refused() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let second = now().floor_seconds();
    let claims = AccountClaims {
        iss: variable("STANCHION_ACCOUNT_ISSUER"),
        sub: unique("fan"),
        iat: second,
        exp: second + 60,
    };
    let valid = edge.account_token(&claims);
    let cases = [
        (None, "unauthorized"),
        (Some("Basic abc".to_owned()), "account_token_invalid"),
        (Some("Bearer nonsense".to_owned()), "account_token_invalid"),
        (Some(format!("Bearer {}x", valid)), "account_token_invalid"),
        (
            Some(bearer(
                &edge,
                AccountClaims {
                    exp: second - 1,
                    ..claims.clone()
                },
            )),
            "account_token_expired",
        ),
        (
            Some(bearer(
                &edge,
                AccountClaims {
                    iat: second + 120,
                    ..claims.clone()
                },
            )),
            "account_token_invalid",
        ),
        (
            Some(bearer(
                &edge,
                AccountClaims {
                    iss: "https://elsewhere".into(),
                    ..claims.clone()
                },
            )),
            "account_token_invalid",
        ),
        (
            Some(bearer(
                &edge,
                AccountClaims {
                    sub: "x".repeat(129),
                    ..claims.clone()
                },
            )),
            "account_token_invalid",
        ),
    ];
    for (authorization, word) in cases {
        let mut request = edge
            .http
            .get(format!("{}/api/v1/queue/challenge?event_id={}", edge.url, event.id));
        if let Some(authorization) = &authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = refusal(request.send().await.unwrap()).await;
        assert_eq!(answer, (401, word.to_owned()), "{authorization:?}");
    }
    let longest = AccountClaims {
        sub: "x".repeat(128),
        ..claims
    };
    let url = format!("{}/api/v1/queue/challenge?event_id={}", edge.url, event.id);
    let response = edge
        .http
        .get(url)
        .header(header::AUTHORIZATION, bearer(&edge, longest))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}

fn bearer(edge: &Edge, claims: AccountClaims) -> String {
    format!("Bearer {}", edge.account_token(&claims))
}

#[tokio::test]
async fn a_captcha_is_good_for_one_join_of_its_person_at_its_event() {
    let (edge, event, other) = (Edge::new(), Event::on_sale_in(60_000), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    edge.open(&other, 0).await;
    let (fan, stranger) = (edge.fan(), edge.fan());
    let solved = edge.solved(&event.id, &fan).await;
    let join = async |event: &Event, fan, captcha: &str| refusal(edge.join_with(&event.id, fan, captcha).await).await;

    assert_eq!(
        join(&event, &stranger, &solved).await,
        (403, "captcha_of_other".to_owned())
    );
    assert_eq!(join(&other, &fan, &solved).await, (403, "captcha_of_other".to_owned()));
    assert_eq!(join(&event, &fan, "").await, (400, "captcha_malformed".to_owned()));
    assert_eq!(
        join(&event, &fan, "bm9uc2Vuc2U=").await,
        (400, "captcha_malformed".to_owned())
    );

    let mut wrong = edge.challenge(&event.id, &fan).await;
    wrong.challenge = human::challenge_hash(&wrong.salt, wrong.maxnumber + 1);
    wrong.maxnumber += 1;
    let resigned = human::solve(&wrong).unwrap();
    assert_eq!(
        join(&event, &fan, &resigned).await,
        (400, "captcha_malformed".to_owned()),
        "not our signature"
    );

    read::<Value>(edge.join_with(&event.id, &fan, &solved).await).await;
    assert_eq!(join(&event, &fan, &solved).await, (409, "captcha_used".to_owned()));
}

#[tokio::test]
async fn a_device_fingerprint_has_a_limit() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let captcha = edge.solved(&event.id, &fan).await;
    let send = async |length: usize| {
        let body = json!({ "event_id": event.id, "device_fingerprint": "f".repeat(length), "captcha_token": captcha });
        let request = edge
            .http
            .post(format!("{}/api/v1/queue/join", edge.url))
            .bearer_auth(&fan.token);
        request.json(&body).send().await.unwrap()
    };
    assert_eq!(refusal(send(129).await).await, (422, "fingerprint_too_long".to_owned()));
    assert_eq!(send(128).await.status(), 200);
}

#[tokio::test]
async fn tickets_that_were_altered_are_refused() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let ticket = edge.join(&event.id, &fan).await.queue_token;
    for at in [0, 5, 20, 40, ticket.len() - 1] {
        let mut altered = ticket.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        let answer = refusal(edge.status_response(Some(&fan), &altered).await).await;
        assert_eq!(answer, (401, "ticket_invalid".to_owned()), "byte {at}");
    }
    assert_eq!(
        refusal(edge.leave(&edge.fan(), &ticket).await).await,
        (403, "ticket_of_other".to_owned())
    );
    assert_eq!(edge.status_response(Some(&fan), &ticket).await.status(), 200);
}

#[tokio::test]
async fn shop_tokens_that_open_nothing_stay_outside() {
    let edge = Edge::new();
    let gated = [
        (Method::GET, "/api/v1/events/some-event/seats?section=A"),
        (Method::GET, "/api/v1/cart"),
        (Method::DELETE, "/api/v1/cart"),
        (Method::POST, "/api/v1/cart/seats"),
        (Method::DELETE, "/api/v1/cart/seats"),
        (Method::POST, "/api/v1/checkout"),
    ];
    for (method, path) in gated {
        let bare = edge
            .http
            .request(method.clone(), format!("{}{path}", edge.url))
            .send()
            .await
            .unwrap();
        assert_eq!(
            refusal(bare).await,
            (401, "shop_token_missing".to_owned()),
            "{method} {path}"
        );
        let account_token = edge.fan().token;
        for token in ["nonsense", account_token.as_str(), "eyJhbGciOiJub25lIn0.e30."] {
            let request = edge
                .http
                .request(method.clone(), format!("{}{path}", edge.url))
                .header("shop-token", token);
            assert_eq!(
                refusal(request.send().await.unwrap()).await,
                (401, "shop_token_invalid".to_owned())
            );
        }
    }
}

#[tokio::test]
async fn the_control_api_listens_to_the_origin_only_and_to_the_newest_version() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(3_600_000));
    let path = format!("/api/v1/control/events/{}", event.id);
    let body = serde_json::to_value(&event.put).unwrap();
    let unsigned = edge
        .http
        .put(format!("{}{path}", edge.url))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(unsigned).await, (401, "control_signature".to_owned()));
    let old = edge.control_at(now().minus(31_000), Method::PUT, &path, &body).await;
    assert_eq!(refusal(old).await, (401, "control_time".to_owned()));
    let early = edge.put_release(&event, &release(1, 1)).await;
    assert_eq!(refusal(early).await, (404, "event_unknown".to_owned()));

    edge.open(&event, 5).await;
    assert_eq!(
        refusal(edge.put_event(&event).await).await,
        (409, "version_stale".to_owned())
    );
    let stats: Value = read(edge.control(Method::GET, &format!("{path}/stats"), &Value::Null).await).await;
    assert_eq!(
        (stats["version"].as_u64(), stats["joined"].as_u64()),
        (Some(event.put.version + 1), Some(0))
    );
}

#[tokio::test]
async fn every_number_of_an_event_has_both_its_limits() {
    let edge = Edge::new();
    type Set = fn(&mut PutEvent, u64);
    let limited: [(&str, Limits, Set); 4] = [
        ("draw_window_ms", DRAW_WINDOW_MS, |put, value| {
            put.draw_window_ms = value
        }),
        ("turn_ms", TURN_MS, |put, value| put.turn_ms = value),
        ("shopping_ms", SHOPPING_MS, |put, value| put.shopping_ms = value),
        ("challenge_max_number", CHALLENGE_MAX_NUMBER, |put, value| {
            put.challenge_max_number = value
        }),
    ];
    for (name, limits, set) in limited {
        for (value, allowed) in [
            (limits.least - 1, false),
            (limits.least, true),
            (limits.most, true),
            (limits.most + 1, false),
        ] {
            let mut event = Event::on_sale_in(3_600_000);
            set(&mut event.put, value);
            let response = edge.put_event(&event).await;
            if allowed {
                assert_eq!(response.status(), 200, "{name} {value}");
            } else {
                assert_eq!(
                    refusal(response).await,
                    (422, "out_of_range".to_owned()),
                    "{name} {value}"
                );
            }
        }
    }
    let event = Event::on_sale_in(3_600_000);
    edge.open(&event, 0).await;
    for (version, lease_ms, allowed) in [
        (2, LEASE_MS.least - 1, false),
        (3, LEASE_MS.least, true),
        (4, LEASE_MS.most, true),
        (5, LEASE_MS.most + 1, false),
    ] {
        let put = stanchion_shared::wire::PutRelease {
            lease_ms,
            ..release(event.put.version + version, 1)
        };
        assert_eq!(
            edge.put_release(&event, &put).await.status() == 200,
            allowed,
            "{lease_ms}"
        );
    }
}

#[tokio::test]
async fn what_is_fixed_stays_fixed() {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(30_000));
    read::<Value>(edge.put_event(&event).await).await;
    let commitment = edge.queue(&event.id).await.commitment;
    let original = event.put.clone();
    type Change = fn(&mut PutEvent);
    let changes: [(&str, Change); 3] = [
        ("shards", |put| {
            put.shards = stanchion_shared::identity::ShardCount::new(8).unwrap()
        }),
        ("on_sale_time within a minute of it", |put| {
            put.on_sale_time = put.on_sale_time.plus(1)
        }),
        ("draw_window_ms within a minute of the on-sale", |put| {
            put.draw_window_ms += 1
        }),
    ];
    for (index, (what, change)) in changes.into_iter().enumerate() {
        event.put = PutEvent {
            version: original.version + 1 + index as u64,
            ..original.clone()
        };
        change(&mut event.put);
        assert_eq!(
            refusal(edge.put_event(&event).await).await,
            (409, "fixed".to_owned()),
            "{what}"
        );
    }
    event.put = PutEvent {
        version: original.version + 10,
        name: "Another name".to_owned(),
        ..original
    };
    read::<Value>(edge.put_event(&event).await).await;
    assert_eq!(edge.queue(&event.id).await.commitment, commitment);
}
