//! Verified fans get a fan pass that the edge accepts; others get none.

use reqwest::{Method, StatusCode};
use serde_json::json;
use stanchion_origin::{clock, verified_fans::PASS_LIFE_MS};
use stanchion_shared::{
    fan_pass::{self, PassError},
    ids::EventId,
    timestamp::UnixMillis,
};

use super::{Person, Show};

/// The claims, verified as the edge does it: with the public account keys.
fn judge(show: &Show, pass: &str, person: &Person, event: &str, now: UnixMillis) -> Result<u64, PassError> {
    let config = &show.origin.app.config;
    let event = EventId::parse(event).unwrap();
    let who = (config.account_issuer.as_str(), person.account_id.as_str());
    fan_pass::verify(&config.account_keys, pass, who, &event, now).map(|claims| claims.exp)
}

#[tokio::test]
async fn a_verified_fans_pass_is_good_for_them_and_the_event_and_ten_minutes() {
    let show = Show::by_invitation().await;
    let (fan, other) = (show.person().await, show.person().await);
    show.admin(Method::PUT, &format!("/accounts/{}", fan.account_id), None)
        .await
        .ok();
    let now = clock::now();
    let answer = show.pass(&fan).await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    let given = answer.ok();
    let pass = given["fan_pass"].as_str().unwrap();
    let exp = judge(&show, pass, &fan, &show.id, now).unwrap();
    assert_eq!(given["expires_at"], json!(UnixMillis(exp * 1000)));
    let life = exp * 1000 - now.floor_seconds() * 1000;
    assert!((PASS_LIFE_MS..=PASS_LIFE_MS + 2_000).contains(&life), "{life}");
    assert_eq!(
        judge(&show, pass, &fan, &show.id, UnixMillis(exp * 1000)),
        Err(PassError::Expired)
    );
    assert_eq!(judge(&show, pass, &other, &show.id, now), Err(PassError::OtherSubject));
    assert_eq!(judge(&show, pass, &fan, "another", now), Err(PassError::OtherSubject));
    // A fresh one can be had at any time.
    show.pass(&fan).await.ok();
}

#[tokio::test]
async fn who_is_not_verified_gets_a_clear_no() {
    let show = Show::registering().await;
    let (nobody, registered, invited) = (show.person().await, show.person().await, show.person().await);
    show.register(&registered).await.ok();
    show.invite(&invited.email).await;
    assert_eq!(show.state(&invited).await, "invited");
    for person in [&nobody, &registered, &invited] {
        let answer = show.pass(person).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::FORBIDDEN, "not_verified")
        );
    }
}

#[tokio::test]
async fn a_pass_ends_with_the_start_of_the_event_and_none_is_given_after() {
    let show = Show::by_invitation().await;
    let fan = show.person().await;
    show.admin(Method::PUT, &format!("/accounts/{}", fan.account_id), None)
        .await
        .ok();
    let starts = async |at: UnixMillis| {
        sqlx::query("update events set starts_at = $1")
            .bind(clock::to_sql(at))
            .execute(&show.origin.app.database)
            .await
            .unwrap();
    };
    let soon = UnixMillis(clock::now().plus(60_000).floor_seconds() * 1000);
    starts(soon).await;
    assert_eq!(show.pass(&fan).await.ok()["expires_at"], json!(soon));
    starts(clock::now()).await;
    let answer = show.pass(&fan).await;
    assert_eq!(
        (answer.status, answer.word().as_str()),
        (StatusCode::FORBIDDEN, "event_over")
    );
}
