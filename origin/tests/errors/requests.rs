//! Requests that are not of the expected form.

use reqwest::Method;
use stanchion_origin::{
    admin::MAX_EVENT_BODY_BYTES,
    http::{MAX_BODY_BYTES, MAX_IDEMPOTENCY_KEY_LENGTH},
};

use super::{Case, JSON, check};
use crate::harness::{ADMIN_TOKEN, TestOrigin, event_id, shop_token};

#[tokio::test]
async fn paths_and_methods() {
    let origin = TestOrigin::new().await;
    let request = |method, path| origin.request(method, path);
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
    let origin = TestOrigin::new().await;
    let post = || origin.request(Method::POST, "/api/v1/sessions");
    let padded = |length: usize| {
        let body = r#"{"email":"a@b.de","password":"wrong horse"}"#;
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let create = || {
        origin
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
async fn an_idempotency_key_is_visible_and_not_too_long() {
    let origin = TestOrigin::new().await;
    let (subject, _) = origin.sign_up().await;
    let token = shop_token(&subject, &event_id(), 600).0;
    let checkout = || {
        origin
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
