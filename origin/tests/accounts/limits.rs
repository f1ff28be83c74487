//! How often somebody may sign up or in.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stanchion_origin::http::CLIENT_ADDRESS_HEADER;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::sign_up;
use crate::harness::{Answer, TestOrigin, send};

fn nobody() -> String {
    format!("{}@example.org", Uuid::new_v4().simple())
}

/// An address that no other test has.
fn address() -> String {
    std::net::Ipv6Addr::from_bits(Uuid::new_v4().as_u128()).to_string()
}

async fn sign_in(origin: &TestOrigin, email: &str) -> Answer {
    let wish = json!({"email": email, "password": "wrong horse"});
    origin.post("/api/v1/sessions", &wish).await
}

async fn from(origin: &TestOrigin, address: &str, path: &str, wish: &Value) -> Answer {
    let request = origin
        .request(Method::POST, path)
        .header(CLIENT_ADDRESS_HEADER, address);
    send(request.json(wish)).await
}

fn too_many(answer: &Answer, longest: u64) {
    assert_eq!(
        (answer.status, answer.word().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts")
    );
    let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=longest).contains(&wait), "{wait}");
}

#[tokio::test]
async fn an_account_has_so_many_sign_ins_in_any_spelling_and_then_must_wait() {
    let origin = TestOrigin::with(&[("STANCHION_SIGN_INS_PER_ACCOUNT", "3/60")]).await;
    let email = nobody();
    origin.post("/api/v1/accounts", &sign_up(&email)).await.ok();
    for _ in 0..3 {
        assert_eq!(sign_in(&origin, &email).await.status, StatusCode::UNAUTHORIZED);
    }
    too_many(&sign_in(&origin, &email).await, 20);
    too_many(&sign_in(&origin, &format!(" {}", email.to_uppercase())).await, 20);
    // Not even the right password is looked at.
    let right = json!({"email": email, "password": "correct horse"});
    too_many(&origin.post("/api/v1/sessions", &right).await, 20);
    assert_eq!(
        sign_in(&origin, &nobody()).await.status,
        StatusCode::UNAUTHORIZED,
        "others may"
    );
}

#[tokio::test]
async fn attempts_come_back_one_after_the_other() {
    let origin = TestOrigin::with(&[("STANCHION_SIGN_INS_PER_ACCOUNT", "2/8")]).await;
    let email = nobody();
    for _ in 0..2 {
        assert_eq!(sign_in(&origin, &email).await.status, StatusCode::UNAUTHORIZED);
    }
    too_many(&sign_in(&origin, &email).await, 4);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(sign_in(&origin, &email).await.status, StatusCode::UNAUTHORIZED);
    too_many(&sign_in(&origin, &email).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sign_ins_sent_at_once_cannot_pass_the_limit_together() {
    let origin = Arc::new(TestOrigin::with(&[("STANCHION_SIGN_INS_PER_ACCOUNT", "5/600")]).await);
    let email = nobody();
    let mut attempts = JoinSet::new();
    for _ in 0..30 {
        let (origin, email) = (origin.clone(), email.clone());
        attempts.spawn(async move { sign_in(&origin, &email).await.status });
    }
    let statuses = attempts.join_all().await;
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(
        (count(StatusCode::UNAUTHORIZED), count(StatusCode::TOO_MANY_REQUESTS)),
        (5, 25),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn an_address_has_so_many_sign_ups_and_sign_ins_and_other_addresses_have_theirs() {
    let limits = [
        ("STANCHION_SIGN_UPS_PER_ADDRESS", "2/60"),
        ("STANCHION_SIGN_INS_PER_ADDRESS", "2/60"),
    ];
    let origin = TestOrigin::with(&limits).await;
    let (here, there) = (address(), address());
    for (path, status) in [
        ("/api/v1/accounts", StatusCode::CREATED),
        ("/api/v1/sessions", StatusCode::UNAUTHORIZED),
    ] {
        let wish = || json!({"email": nobody(), "password": "correct horse"});
        for _ in 0..2 {
            assert_eq!(from(&origin, &here, path, &wish()).await.status, status, "{path}");
        }
        too_many(&from(&origin, &here, path, &wish()).await, 30);
        assert_eq!(from(&origin, &there, path, &wish()).await.status, status, "{path}");
        for _ in 0..3 {
            assert_eq!(
                origin.post(path, &wish()).await.status,
                status,
                "no address, no limit of one"
            );
        }
        let answer = from(&origin, "nowhere", path, &wish()).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::BAD_REQUEST, "malformed_header")
        );
    }
    let accounts: i64 = sqlx::query_scalar("select count(*) from accounts")
        .fetch_one(&origin.app.database)
        .await
        .unwrap();
    assert_eq!(accounts, 6, "who was refused has none");
}

#[tokio::test]
async fn who_fails_on_purpose_locks_nobody_out_and_many_together_meet_a_limit_too() {
    let origin = TestOrigin::with(&[("STANCHION_SIGN_INS_PER_ACCOUNT", "2/600")]).await;
    let email = nobody();
    origin.post("/api/v1/accounts", &sign_up(&email)).await.ok();
    let wrong = json!({"email": email, "password": "wrong horse"});
    let right = json!({"email": email, "password": "correct horse"});
    let stranger = address();
    for _ in 0..2 {
        let answer = from(&origin, &stranger, "/api/v1/sessions", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    too_many(&from(&origin, &stranger, "/api/v1/sessions", &wrong).await, 300);
    from(&origin, &address(), "/api/v1/sessions", &right).await.ok();

    // Three of the twenty from everywhere are used.
    for _ in 3..20 {
        let answer = from(&origin, &address(), "/api/v1/sessions", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    too_many(&from(&origin, &address(), "/api/v1/sessions", &right).await, 60);
}
