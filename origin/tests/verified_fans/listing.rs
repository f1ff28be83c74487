//! The list of registered, verified and revoked fans that an admin sees.

use reqwest::Method;
use serde_json::{Value, json};
use stanchion_origin::verified_fans::{DEFAULT_ACCOUNTS_LISTED, MAX_ACCOUNTS_LISTED};

use super::Show;

impl Show {
    async fn list(&self, query: &str) -> (Vec<Value>, Value) {
        let page = self.admin(Method::GET, &format!("/accounts{query}"), None).await.ok();
        (page["accounts"].as_array().unwrap().clone(), page["next"].clone())
    }
}

fn ids(accounts: &[Value]) -> Vec<&str> {
    accounts
        .iter()
        .map(|account| account["account_id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn accounts_are_listed_by_what_they_are() {
    let show = Show::registering().await;
    let people = show.crowd(4).await;
    for person in &people[..3] {
        show.register(person).await.ok();
    }
    let path = |n: usize| format!("/accounts/{}", people[n].account_id);
    show.admin(Method::PUT, &path(1), None).await.ok();
    show.admin(Method::DELETE, &path(2), None).await.ok();
    let (all, next) = show.list("").await;
    assert_eq!((all.len(), next), (3, Value::Null));
    for (state, n) in [("registered", 0), ("verified", 1), ("revoked", 2)] {
        let (found, _) = show.list(&format!("?state={state}")).await;
        assert_eq!(ids(&found), [people[n].account_id.as_str()], "{state}");
        assert_eq!(found[0]["email"], people[n].email.as_str());
    }
    let (verified, _) = show.list("?state=verified").await;
    assert_eq!(verified[0]["verified_by"], "admin");
    assert!(verified[0]["registered_at"].is_string() && verified[0]["revoked_at"].is_null());
}

#[tokio::test]
async fn pages_follow_each_other_and_hold_everybody_once() {
    let show = Show::registering().await;
    // The account of another issuer is one, too, and has no address.
    sqlx::query("insert into fans (event_id, account_id, registered_at) select $1, 'x-' || lpad(n::text, 5, '0'), now() from generate_series(1, $2) n")
        .bind(&show.id)
        .bind(i32::try_from(MAX_ACCOUNTS_LISTED).unwrap() + 1)
        .execute(&show.origin.app.database)
        .await
        .unwrap();
    let (page, next) = show.list("").await;
    assert_eq!(page.len(), DEFAULT_ACCOUNTS_LISTED as usize);
    assert_eq!((&next, &page[99]["email"]), (&json!("x-00100"), &Value::Null));
    let (page, next) = show.list(&format!("?limit={MAX_ACCOUNTS_LISTED}")).await;
    assert_eq!((page.len(), &next), (MAX_ACCOUNTS_LISTED as usize, &json!("x-10000")));
    let (rest, next) = show.list("?limit=1&after=x-10000").await;
    assert_eq!((ids(&rest), next), (vec!["x-10001"], Value::Null));
    for (query, word) in [
        ("?limit=0", "invalid_field"),
        ("?limit=10001", "invalid_field"),
        ("?state=none", "malformed_query"),
    ] {
        let refused = show.admin(Method::GET, &format!("/accounts{query}"), None).await;
        assert_eq!(refused.word(), word, "{query}");
    }
    let without = Show::with(&Value::Null).await;
    assert_eq!(
        without.admin(Method::GET, "/accounts", None).await.word(),
        "no_verified_fans"
    );
}
