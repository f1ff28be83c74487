//! Whatever is wrong with a request, the answer is a status, a machine word and a sentence, and nothing internal.

mod stage;

use reqwest::{Method, RequestBuilder};
use stage::{ADMIN_TOKEN, Edge, Stage, event_id, send, shop_token};
use stanchion_origin::{
    admin::MAX_EVENT_BODY_BYTES,
    http::{MAX_BODY_BYTES, MAX_IDEMPOTENCY_KEY_LENGTH, MAX_IN_FLIGHT},
};

const JSON: (&str, &str) = ("content-type", "application/json");

struct Case {
    what: &'static str,
    request: RequestBuilder,
    status: u16,
    word: &'static str,
}

async fn check(cases: Vec<Case>) {
    for Case {
        what,
        request,
        status,
        word,
    } in cases
    {
        let answer = send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.word().as_str()),
            (status, word),
            "{what}: {}",
            answer.text
        );
        let message = answer.json()["message"].as_str().unwrap_or_default().to_owned();
        assert!(
            message.ends_with('.') || message.ends_with('!'),
            "{what}: no sentence: {message:?}"
        );
        assert_eq!(answer.headers["content-type"], "application/json", "{what}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{what}");
        assert_eq!(answer.headers.contains_key("www-authenticate"), status == 401, "{what}");
    }
}

#[tokio::test]
async fn paths_and_methods() {
    let stage = Stage::new().await;
    let request = |method, path| stage.request(method, path);
    check(vec![
        Case {
            what: "unknown path",
            request: request(Method::GET, "/nothing"),
            status: 404,
            word: "not_found",
        },
        Case {
            what: "root",
            request: request(Method::GET, "/"),
            status: 404,
            word: "not_found",
        },
        Case {
            what: "another method",
            request: request(Method::PATCH, "/api/v1/accounts"),
            status: 405,
            word: "method_not_allowed",
        },
        Case {
            what: "no such event",
            request: request(Method::GET, "/api/v1/events/none"),
            status: 404,
            word: "event_not_found",
        },
        Case {
            what: "no event id",
            request: request(Method::GET, "/api/v1/events/Not%20An%20Id"),
            status: 400,
            word: "malformed_path",
        },
        Case {
            what: "path that is no text",
            request: request(Method::GET, "/api/v1/events/%ff"),
            status: 400,
            word: "malformed_path",
        },
        Case {
            what: "a word for a number",
            request: request(Method::GET, "/api/v1/events?limit=many"),
            status: 400,
            word: "malformed_query",
        },
        Case {
            what: "unknown parameter",
            request: request(Method::GET, "/api/v1/events?page=2"),
            status: 400,
            word: "malformed_query",
        },
        Case {
            what: "out of its limits",
            request: request(Method::GET, "/api/v1/events?limit=0"),
            status: 422,
            word: "invalid_field",
        },
    ])
    .await;
}

#[tokio::test]
async fn bodies() {
    let stage = Stage::new().await;
    let post = || stage.request(Method::POST, "/api/v1/sessions");
    let padded = |length: usize| {
        let body = r#"{"email":"a@b.de","password":"wrong horse"}"#;
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let create = || {
        stage
            .request(Method::POST, "/api/v1/admin/events")
            .bearer_auth(ADMIN_TOKEN)
            .header(JSON.0, JSON.1)
    };
    check(vec![
        Case {
            what: "no body",
            request: post(),
            status: 415,
            word: "unsupported_media_type",
        },
        Case {
            what: "a form",
            request: post().form(&[("email", "a@b.de")]),
            status: 415,
            word: "unsupported_media_type",
        },
        Case {
            what: "empty",
            request: post().header(JSON.0, JSON.1),
            status: 400,
            word: "malformed_body",
        },
        Case {
            what: "no JSON",
            request: post().header(JSON.0, JSON.1).body("{"),
            status: 400,
            word: "malformed_body",
        },
        Case {
            what: "no UTF-8",
            request: post().header(JSON.0, JSON.1).body(b"{\"email\":\"\xff\"}".to_vec()),
            status: 400,
            word: "malformed_body",
        },
        Case {
            what: "field missing",
            request: post().header(JSON.0, JSON.1).body(r#"{"email":"a@b.de"}"#),
            status: 400,
            word: "malformed_body",
        },
        Case {
            what: "field unknown",
            request: post()
                .header(JSON.0, JSON.1)
                .body(r#"{"email":"a@b.de","password":"x","admin":true}"#),
            status: 400,
            word: "malformed_body",
        },
        Case {
            what: "largest",
            request: post()
                .header(JSON.0, "application/json; charset=utf-8")
                .body(padded(MAX_BODY_BYTES)),
            status: 401,
            word: "wrong_credentials",
        },
        Case {
            what: "too large",
            request: post().header(JSON.0, JSON.1).body(padded(MAX_BODY_BYTES + 1)),
            status: 413,
            word: "body_too_large",
        },
        Case {
            what: "an event may be larger",
            request: create().body(" ".repeat(MAX_BODY_BYTES + 1)),
            status: 400,
            word: "malformed_body",
        },
        Case {
            what: "and has its own limit",
            request: create().body(" ".repeat(MAX_EVENT_BODY_BYTES + 1)),
            status: 413,
            word: "body_too_large",
        },
    ])
    .await;
}

#[tokio::test]
async fn who_is_asking() {
    let stage = Stage::new().await;
    let (subject, account) = stage.sign_up().await;
    let event = event_id();
    let orders = || stage.request(Method::GET, "/api/v1/orders?idempotency_key=k");
    let admin = || stage.request(Method::GET, "/api/v1/admin/audit");
    let seats = || stage.request(Method::GET, &format!("/api/v1/events/{event}/seats?section=A"));
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
async fn an_idempotency_key_is_visible_and_not_too_long() {
    let stage = Stage::new().await;
    let (subject, _) = stage.sign_up().await;
    let token = shop_token(&subject, &event_id(), 600).0;
    let checkout = || {
        stage
            .request(Method::POST, "/api/v1/checkout")
            .header("shop-token", &token)
    };
    let with = |key: String| checkout().header("idempotency-key", key);
    let missing = |what, request| Case {
        what,
        request,
        status: 400,
        word: "idempotency_key_missing",
    };
    check(vec![
        missing("none", checkout().json(&())),
        missing("empty", with(String::new()).json(&())),
        missing("with a space", with("a b".to_owned()).json(&())),
        missing("too long", with("k".repeat(MAX_IDEMPOTENCY_KEY_LENGTH + 1)).json(&())),
        // The longest is taken: what is wrong then is the body.
        Case {
            what: "the longest",
            request: with("k".repeat(MAX_IDEMPOTENCY_KEY_LENGTH)).json(&()),
            status: 400,
            word: "malformed_body",
        },
    ])
    .await;
}

#[tokio::test]
async fn while_the_edge_is_away_nobody_is_let_in_and_afterwards_everybody_without_a_restart() {
    let edge = Edge::start().await;
    edge.set_down(true);
    let stage = Stage::behind(edge, &[], |_| ()).await;
    let token = shop_token("fan", &event_id(), 600).0;
    let cart = async || send(stage.request(Method::GET, "/api/v1/cart").header("shop-token", &token)).await;
    let answer = cart().await;
    assert_eq!(
        (answer.status.as_u16(), answer.word().as_str()),
        (503, "shop_keys_unavailable")
    );
    assert_eq!(answer.headers["retry-after"], "1");
    stage.edge.set_down(false);
    stage::eventually("tokens can be checked", async || {
        cart().await.word() != "shop_keys_unavailable"
    })
    .await;
}

#[tokio::test]
async fn when_there_is_too_much_to_do_the_next_one_is_told_at_once() {
    let stage = Stage::new().await;
    let all = u32::try_from(MAX_IN_FLIGHT).unwrap();
    let busy = stage.app.in_flight.acquire_many(all).await.unwrap();
    let answer = stage.get("/api/v1/events").await;
    assert_eq!((answer.status.as_u16(), answer.word().as_str()), (503, "overloaded"));
    assert_eq!(stage.get("/healthz").await.text, "ok", "a busy process is alive");
    drop(busy);
    stage.get("/api/v1/events").await.ok();
}

#[tokio::test]
async fn unknown_keys_do_not_make_the_origin_hammer_the_edge() {
    let stage = Stage::new().await;
    let (token, _) = shop_token("fan", &event_id(), 600);
    stage::eventually("the keys are there", async || stage.app.keys.have_shop_keys()).await;
    let before = stage.edge.key_fetches();
    let (header, rest) = token.split_once('.').unwrap();
    // {"alg":"EdDSA","typ":"shop+jwt","kid":"other"}
    let other = "eyJhbGciOiJFZERTQSIsInR5cCI6InNob3Arand0Iiwia2lkIjoib3RoZXIifQ";
    assert_ne!(header, other);
    for _ in 0..50 {
        let request = stage
            .request(Method::GET, "/api/v1/cart")
            .header("shop-token", format!("{other}.{rest}"));
        assert_eq!(send(request).await.word(), "shop_token_invalid");
    }
    assert!(
        stage.edge.key_fetches() - before <= 2,
        "{} fetches",
        stage.edge.key_fetches() - before
    );
}

#[tokio::test]
async fn the_process_says_that_it_is_alive() {
    let stage = Stage::new().await;
    assert_eq!(stage.get("/healthz").await.text, "ok");
}
