//! An admin can revoke a verification or an invitation.

use reqwest::{Method, StatusCode};
use serde_json::json;
use stanchion_origin::{clock, verified_fans::PASS_LIFE_MS};
use stanchion_shared::timestamp::UnixMillis;
use uuid::Uuid;

use super::{Show, closed};

#[tokio::test]
async fn a_revoked_account_gets_no_pass_is_in_no_draw_and_redeems_nothing_until_an_admin_says_so() {
    let show = Show::registering().await;
    let fan = show.person().await;
    let path = format!("/accounts/{}", fan.account_id);
    show.register(&fan).await.ok();
    show.admin(Method::PUT, &path, None).await.ok();
    assert_eq!(show.counts().await, [0, 0, 1, 0]);
    for _ in 0..2 {
        let answer = show.admin(Method::DELETE, &path, None).await.ok();
        let ends = UnixMillis::parse(answer["passes_end_at"].as_str().unwrap()).unwrap();
        assert!(ends.since(clock::now()) <= PASS_LIFE_MS && ends > clock::now());
    }
    assert_eq!(show.counts().await, [0, 0, 0, 1]);
    assert_eq!(show.state(&fan).await, "revoked");
    let code = show.invite("a@example.org").await;
    for refused in [
        show.pass(&fan).await,
        show.register(&fan).await,
        show.redeem(&fan, &code).await,
    ] {
        assert_eq!(
            (refused.status, refused.word().as_str()),
            (StatusCode::FORBIDDEN, "fan_revoked")
        );
    }
    show.close().await;
    let drawn = show.admin(Method::PUT, "/draws/1", Some(&json!({}))).await.ok();
    assert_eq!(drawn["registered"], 0);
    show.admin(Method::PUT, &path, None).await.ok();
    show.pass(&fan).await.ok();
    let noted: Vec<_> = show
        .audit()
        .await
        .iter()
        .map(|entry| entry["what"].as_str().unwrap().to_owned())
        .collect();
    let about_accounts: Vec<&str> = noted
        .iter()
        .map(String::as_str)
        .filter(|what| what.ends_with("account"))
        .collect();
    assert_eq!(
        about_accounts,
        ["fans.verify_account", "fans.revoke_account", "fans.verify_account"]
    );
}

#[tokio::test]
async fn an_invitation_that_was_taken_back_is_dead_and_takes_its_fan_along() {
    let show = Show::by_invitation().await;
    let (open, used) = (
        show.invite("open@example.org").await,
        show.invite("used@example.org").await,
    );
    let (fan, other) = (show.person().await, show.person().await);
    show.redeem(&fan, &used).await.ok();
    let answer = show
        .admin(Method::DELETE, "/invitations/open@example.org", None)
        .await
        .ok();
    assert_eq!(
        (&answer["state"], &answer["account_id"]),
        (&json!("revoked"), &json!(null))
    );
    assert_eq!(show.redeem(&other, &open).await.word(), "invitation_revoked");
    for _ in 0..2 {
        let answer = show
            .admin(Method::DELETE, "/invitations/used@example.org", None)
            .await
            .ok();
        assert_eq!(answer["account_id"], fan.account_id.as_str());
    }
    assert_eq!(show.redeem(&fan, &used).await.word(), "fan_revoked");
    assert_eq!(show.counts().await, [0, 0, 0, 1]);
    // An open one can be given again, with another code; a used one cannot.
    let again = show.invite("open@example.org").await;
    assert_ne!(again, open);
    assert_eq!(show.redeem(&other, &open).await.word(), "invitation_invalid");
    show.redeem(&other, &again).await.ok();
    let refused = show.admin(Method::PUT, "/invitations/used@example.org", None).await;
    assert_eq!(refused.word(), "invitation_used");
    let unknown = show
        .admin(Method::DELETE, "/invitations/nobody@example.org", None)
        .await;
    assert_eq!(
        (unknown.status, unknown.word().as_str()),
        (StatusCode::NOT_FOUND, "invitation_not_found")
    );
}

#[tokio::test]
async fn places_that_are_taken_back_can_be_given_again_and_no_more() {
    let show = Show::with(&json!({"most_fans": 2})).await;
    let people = show.crowd(3).await;
    let path = |n: usize| format!("/accounts/{}", people[n].account_id);
    show.admin(Method::PUT, &path(0), None).await.ok();
    show.invite("a@example.org").await;
    let full = show.admin(Method::PUT, &path(1), None).await;
    assert_eq!(
        (full.status, full.word().as_str(), &full.json()["room"]),
        (StatusCode::CONFLICT, "fans_full", &json!(0))
    );
    assert_eq!(show.state(&people[1]).await, "none", "nothing half done");
    show.admin(Method::DELETE, "/invitations/a@example.org", None)
        .await
        .ok();
    show.admin(Method::PUT, &path(1), None).await.ok();
    assert_eq!(show.admin(Method::PUT, &path(2), None).await.word(), "fans_full");
    show.admin(Method::DELETE, &path(0), None).await.ok();
    show.admin(Method::DELETE, &path(2), None).await.ok();
    assert_eq!(
        show.admin(Method::PUT, "/invitations/a@example.org", None).await.status,
        StatusCode::OK
    );
    assert_eq!(
        show.admin(Method::PUT, "/invitations/b@example.org", None).await.word(),
        "fans_full"
    );
}

/// Whatever is done at once, what was promised is what there is.
#[tokio::test]
async fn what_is_promised_is_what_there_is_after_everything_at_once() {
    let show = Show::registering().await;
    let people = show.crowd(8).await;
    for person in &people {
        show.register(person).await.ok();
    }
    show.set(&closed()).await.ok();
    let mut codes = Vec::new();
    for number in 0..8 {
        codes.push(show.invite(&format!("fan{number}@example.org")).await);
    }
    for round in 0..4 {
        let number = round as usize;
        let account = |n: usize| format!("/accounts/{}", people[n].account_id);
        let address = format!("/invitations/fan{number}@example.org");
        let draw = (format!("/draws/{}", round + 1), json!({"count": 1}));
        let (one, two) = (account(number), account(number + 4));
        let _ = tokio::join!(
            show.redeem(&people[number], &codes[number]),
            show.admin(Method::DELETE, &address, None),
            show.admin(Method::PUT, &draw.0, Some(&draw.1)),
            show.admin(Method::PUT, &two, None),
            show.admin(Method::DELETE, &one, None),
            show.redeem(&people[number + 4], &codes[number + 4]),
        );
    }
    let promised: i32 = sqlx::query_scalar("select promised from fan_programmes where event_id = $1")
        .bind(&show.id)
        .fetch_one(&show.origin.app.database)
        .await
        .unwrap();
    let [_, invited, verified, _] = show.counts().await;
    assert_eq!(i64::from(promised), invited + verified);
}

#[tokio::test]
async fn an_account_that_is_not_there_is_neither_verified_nor_revoked() {
    let show = Show::by_invitation().await;
    for method in [Method::PUT, Method::DELETE] {
        let nobody = show
            .admin(method.clone(), &format!("/accounts/{}", Uuid::new_v4()), None)
            .await;
        assert_eq!(
            (nobody.status, nobody.word().as_str()),
            (StatusCode::NOT_FOUND, "account_not_found")
        );
        assert_eq!(show.admin(method, "/accounts/me", None).await.word(), "malformed_path");
    }
    let without = Show::with(&json!(null)).await;
    let fan = without.person().await;
    let refused = without
        .admin(Method::PUT, &format!("/accounts/{}", fan.account_id), None)
        .await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::CONFLICT, "no_verified_fans")
    );
}
