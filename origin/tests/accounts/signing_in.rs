//! Accounts are made once, signed in to with their password, and tell nothing to others.

use reqwest::StatusCode;
use serde_json::json;
use stanchion_origin::{accounts::TOKEN_LIFE_MS, clock, keys};
use stanchion_shared::account_token::AccountRecord;

use super::sign_up;
use crate::harness::{Fan, TestOrigin, small_event};

#[tokio::test]
async fn a_new_fan_gets_a_token_that_names_the_account_for_a_day() {
    let origin = TestOrigin::new().await;
    let answer = origin.post("/api/v1/accounts", &sign_up("fan@example.org")).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let body = answer.json();
    let claims =
        keys::verify_account(&origin.app.config, body["access_token"].as_str().unwrap(), clock::now()).unwrap();
    assert_eq!(claims.sub, body["account_id"].as_str().unwrap());
    assert_eq!((claims.exp - claims.iat) * 1000, TOKEN_LIFE_MS);
    assert!(body["expires_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_token_says_since_when_the_account_is_there_and_whether_it_has_bought() {
    let (origin, _gateway) = TestOrigin::with_gateway().await;
    let wish = json!({"email": "fan@example.org", "password": "correct horse"});
    let record = |answer: &serde_json::Value| {
        let token = answer["access_token"].as_str().unwrap();
        let claims = keys::verify_account(&origin.app.config, token, clock::now()).unwrap();
        claims.account.unwrap()
    };
    let before = clock::now().floor_seconds();
    let created = origin
        .post("/api/v1/accounts", &sign_up("fan@example.org"))
        .await
        .json();
    let account = created["account_id"].as_str().unwrap();
    let made = record(&created);
    assert!(
        (before..=clock::now().floor_seconds()).contains(&made.since) && !made.bought,
        "{made:?}"
    );

    sqlx::query("update accounts set created_at = to_timestamp(1700000000.7)")
        .execute(&origin.app.database)
        .await
        .unwrap();
    let bought = |bought| AccountRecord {
        since: 1_700_000_000,
        bought,
    };
    assert_eq!(
        record(&origin.post("/api/v1/sessions", &wish).await.ok()),
        bought(false)
    );

    let event = origin.launch(&small_event()).await;
    let fan = Fan::again(account, &event, 600);
    origin.lock(&fan, &["A-1-1"]).await.ok();
    origin.checkout(&fan, "declined", "pm_card_chargeDeclined").await;
    assert_eq!(
        record(&origin.post("/api/v1/sessions", &wish).await.ok()),
        bought(false)
    );
    origin.lock(&fan, &["A-1-2"]).await.ok();
    origin.checkout(&fan, "paid", "pm_card_visa").await.ok();
    assert_eq!(record(&origin.post("/api/v1/sessions", &wish).await.ok()), bought(true));
}

#[tokio::test]
async fn signing_in_gives_the_same_account_in_any_spelling_of_the_address() {
    let origin = TestOrigin::new().await;
    let created = origin.post("/api/v1/accounts", &sign_up("Fan@Example.org")).await.ok();
    for email in ["fan@example.org", "FAN@EXAMPLE.ORG", " fan@example.org "] {
        let wish = json!({"email": email, "password": "correct horse"});
        let answer = origin.post("/api/v1/sessions", &wish).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.json()["account_id"], created["account_id"]);
    }
}

#[tokio::test]
async fn an_address_has_one_account() {
    let origin = TestOrigin::new().await;
    origin.post("/api/v1/accounts", &sign_up("fan@example.org")).await.ok();
    let again = origin.post("/api/v1/accounts", &sign_up("FAN@example.org")).await;
    assert_eq!(
        (again.status, again.word().as_str()),
        (StatusCode::CONFLICT, "email_taken")
    );
}

#[tokio::test]
async fn of_many_sign_ups_at_once_one_wins() {
    let origin = TestOrigin::new().await;
    let wish = sign_up("fan@example.org");
    let tries = tokio::join!(
        origin.post("/api/v1/accounts", &wish),
        origin.post("/api/v1/accounts", &wish),
        origin.post("/api/v1/accounts", &wish),
        origin.post("/api/v1/accounts", &wish),
    );
    let won = [tries.0, tries.1, tries.2, tries.3]
        .iter()
        .filter(|answer| answer.status == StatusCode::CREATED)
        .count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let origin = TestOrigin::new().await;
    origin.post("/api/v1/accounts", &sign_up("fan@example.org")).await.ok();
    let wrong = origin
        .post(
            "/api/v1/sessions",
            &json!({"email": "fan@example.org", "password": "wrong horse"}),
        )
        .await;
    let unknown = origin
        .post(
            "/api/v1/sessions",
            &json!({"email": "nobody@example.org", "password": "wrong horse"}),
        )
        .await;
    let nonsense = origin
        .post("/api/v1/sessions", &json!({"email": "no address", "password": ""}))
        .await;
    assert_eq!(
        (wrong.status, wrong.word().as_str()),
        (StatusCode::UNAUTHORIZED, "wrong_credentials")
    );
    assert_eq!(wrong.text, unknown.text);
    assert_eq!(wrong.text, nonsense.text);
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_out_of_its_limits_is_named() {
    let origin = TestOrigin::new().await;
    let cases = [
        (json!({"email": "no address", "password": "correct horse"}), "email"),
        (json!({"email": "fan@example.org", "password": "1234567"}), "password"),
        (
            json!({"email": "fan@example.org", "password": "p".repeat(129)}),
            "password",
        ),
        (
            json!({"email": "fan@example.org", "password": "correct horse", "name": ""}),
            "name",
        ),
    ];
    for (wish, field) in cases {
        let answer = origin.post("/api/v1/accounts", &wish).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid_field")
        );
        assert!(
            answer.json()["message"].as_str().unwrap().starts_with(field),
            "{}",
            answer.text
        );
    }
    let count: i64 = sqlx::query_scalar("select count(*) from accounts")
        .fetch_one(&origin.app.database)
        .await
        .unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn the_database_never_sees_a_password() {
    let origin = TestOrigin::new().await;
    origin.post("/api/v1/accounts", &sign_up("fan@example.org")).await.ok();
    let row: String = sqlx::query_scalar("select accounts::text from accounts")
        .fetch_one(&origin.app.database)
        .await
        .unwrap();
    assert!(!row.contains("correct horse") && row.contains("$argon2id$"), "{row}");
}
