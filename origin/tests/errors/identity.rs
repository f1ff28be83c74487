//! Requests with missing or wrong credentials.

use reqwest::Method;

use super::{Case, check};
use crate::harness::{self, ADMIN_TOKEN, TestOrigin, event_id, send, shop_token};

#[tokio::test]
async fn who_is_asking() {
    let origin = TestOrigin::new().await;
    let (subject, account) = origin.sign_up().await;
    let event = event_id();
    let orders = || origin.request(Method::GET, "/api/v1/orders?idempotency_key=k");
    let admin = || origin.request(Method::GET, "/api/v1/admin/audit");
    let seats = || origin.request(Method::GET, &format!("/api/v1/events/{event}/seats?section=A"));
    let expired = shop_token(&subject, &event, 0).0;
    let valid = shop_token(&subject, &event, 600).0;
    let mut forged = valid.clone().into_bytes();
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    let forged = String::from_utf8(forged).unwrap();
    let unauthorized = |what, request| Case {
        what,
        request,
        status: 401,
        word: "unauthorized",
    };
    check(vec![
        unauthorized("no account", orders()),
        unauthorized(
            "no Bearer",
            orders().header("authorization", format!("Basic {account}")),
        ),
        unauthorized("no token", orders().bearer_auth("")),
        unauthorized("nonsense", orders().bearer_auth("nonsense")),
        unauthorized("a shop token", orders().bearer_auth(&valid)),
        unauthorized("no admin", admin()),
        unauthorized("an account", admin().bearer_auth(&account)),
        unauthorized("almost the admin", admin().bearer_auth(&ADMIN_TOKEN[1..])),
        unauthorized("more than the admin", admin().bearer_auth(format!("{ADMIN_TOKEN}x"))),
        Case {
            what: "no shop token",
            request: seats(),
            status: 401,
            word: "shop_token_missing",
        },
        Case {
            what: "in the wrong place",
            request: seats().bearer_auth(&valid),
            status: 401,
            word: "shop_token_missing",
        },
        Case {
            what: "an account token",
            request: seats().header("shop-token", &account),
            status: 401,
            word: "shop_token_invalid",
        },
        Case {
            what: "a forged shop token",
            request: seats().header("shop-token", forged),
            status: 401,
            word: "shop_token_invalid",
        },
        Case {
            what: "an old shop token",
            request: seats().header("shop-token", expired),
            status: 401,
            word: "shop_token_expired",
        },
    ])
    .await;
}

#[tokio::test]
async fn unknown_keys_do_not_make_the_origin_hammer_the_edge() {
    let origin = TestOrigin::new().await;
    let (token, _) = shop_token("fan", &event_id(), 600);
    harness::eventually("the keys are there", async || origin.app.edge_keys.have_shop_keys()).await;
    let before = origin.edge.key_fetches();
    let (header, rest) = token.split_once('.').unwrap();
    // {"alg":"EdDSA","typ":"shop+jwt","kid":"other"}
    let other = "eyJhbGciOiJFZERTQSIsInR5cCI6InNob3Arand0Iiwia2lkIjoib3RoZXIifQ";
    assert_ne!(header, other);
    for _ in 0..50 {
        let request = origin
            .request(Method::GET, "/api/v1/cart")
            .header("shop-token", format!("{other}.{rest}"));
        assert_eq!(send(request).await.word(), "shop_token_invalid");
    }
    assert!(
        origin.edge.key_fetches() - before <= 2,
        "{} fetches",
        origin.edge.key_fetches() - before
    );
}
