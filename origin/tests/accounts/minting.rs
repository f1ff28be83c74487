//! Accounts for load tests, made at the command line.

use serde_json::Value;
use stanchion_origin::{accounts, clock, keys};

use crate::harness::TestOrigin;

#[tokio::test]
async fn minted_accounts_exist_and_their_tokens_are_good() {
    let origin = TestOrigin::new().await;
    let mut out = Vec::new();
    // One more than fits into one insert.
    accounts::create_load_test_accounts(&origin.app.accounts, &origin.app.config, 5_001, "load", &mut out)
        .await
        .unwrap();
    let lines: Vec<Value> = String::from_utf8(out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5_001);
    let token = lines[5_000]["token"].as_str().unwrap();
    let claims = keys::verify_account(&origin.app.config, token, clock::now()).unwrap();
    assert_eq!(claims.sub, lines[5_000]["subject"].as_str().unwrap());
    let (count, hashes): (i64, i64) = sqlx::query_as(
        "select count(*), count(distinct password_hash) from accounts where email like 'load-%@load.invalid'",
    )
    .fetch_one(&origin.app.database)
    .await
    .unwrap();
    assert_eq!((count, hashes), (5_001, 1));
}

#[tokio::test]
async fn minting_has_its_limits() {
    let origin = TestOrigin::new().await;
    let longest = "p".repeat(32);
    for (count, prefix, expected) in [
        (0, "load", false),
        (1, "load", true),
        (accounts::MAX_LOAD_TEST_ACCOUNTS + 1, "load", false),
        (1, "", false),
        (1, "A", false),
        (1, longest.as_str(), true),
        (1, &format!("{longest}p"), false),
    ] {
        let minted = accounts::create_load_test_accounts(
            &origin.app.accounts,
            &origin.app.config,
            count,
            prefix,
            &mut Vec::new(),
        )
        .await;
        assert_eq!(minted.is_ok(), expected, "{count} {prefix}");
    }
}
