//! Accounts, captchas, tickets and shop tokens that are worth nothing here.

use reqwest::{Method, header};
use serde_json::Value;
use stanchion_harness::{Edge, Event, now, read, refusal, unique, variable};
use stanchion_shared::{account_token::AccountClaims, proof_of_work};

#[tokio::test]
async fn account_tokens_that_identify_nobody_are_refused() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let second = now().floor_seconds();
    let claims = AccountClaims::new(
        &variable("STANCHION_ACCOUNT_ISSUER"),
        &unique("fan"),
        second,
        second + 60,
    );
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
                    nbf: Some(second + 600),
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
    wrong.challenge = proof_of_work::challenge_hash(&wrong.salt, wrong.maxnumber + 1);
    wrong.maxnumber += 1;
    let resigned = proof_of_work::solve(&wrong).unwrap();
    assert_eq!(
        join(&event, &fan, &resigned).await,
        (400, "captcha_malformed".to_owned()),
        "not our signature"
    );

    read::<Value>(edge.join_with(&event.id, &fan, &solved).await).await;
    assert_eq!(join(&event, &fan, &solved).await, (409, "captcha_used".to_owned()));
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
    let guarded = [
        (Method::GET, "/api/v1/events/some-event/seats?section=A"),
        (Method::GET, "/api/v1/cart"),
        (Method::DELETE, "/api/v1/cart"),
        (Method::POST, "/api/v1/cart/seats"),
        (Method::DELETE, "/api/v1/cart/seats"),
        (Method::POST, "/api/v1/checkout"),
    ];
    for (method, path) in guarded {
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
