//! A fan registers in the window, and only there.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stanchion_origin::clock;

use super::{Show, closed, open};
use crate::harness::{event_id, in_days};

#[tokio::test]
async fn a_fan_registers_once_and_sees_it() {
    let show = Show::registering().await;
    let fan = show.person().await;
    let before = show.standing(&fan).await;
    assert_eq!(
        (
            &before["state"],
            &before["offered"],
            &before["registration"]["phase"],
            &before["drawn"]
        ),
        (&json!("none"), &json!(true), &json!("open"), &json!(false))
    );
    for _ in 0..2 {
        let answer = show.register(&fan).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert_eq!(answer.ok()["state"], "registered");
    }
    assert_eq!(show.state(&fan).await, "registered");
    assert_eq!(show.counts().await, [1, 0, 0, 0]);
    // An admin sees it in the event's numbers, too.
    let stats = show
        .origin
        .admin(Method::GET, &format!("/events/{}/stats", show.id), None)
        .await
        .ok();
    assert_eq!(
        stats["fans"],
        json!({"registered": 1, "invited": 0, "verified": 0, "revoked": 0})
    );
}

#[tokio::test]
async fn nobody_registers_where_or_when_there_is_no_registration() {
    let show = Show::with(&Value::Null).await;
    let fan = show.person().await;
    let standing = show.standing(&fan).await;
    assert_eq!(
        (&standing["offered"], &standing["registration"]),
        (&json!(false), &Value::Null)
    );
    let stats = show
        .origin
        .admin(Method::GET, &format!("/events/{}/stats", show.id), None)
        .await
        .ok();
    assert_eq!(stats["fans"], Value::Null);

    let refused = async |programme: Option<Value>| {
        if let Some(programme) = programme {
            show.set(&programme).await.ok();
        }
        let answer = show.register(&fan).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
        answer.word()
    };
    assert_eq!(refused(None).await, "no_registration");
    assert_eq!(refused(Some(json!({}))).await, "no_registration");
    let later = json!({"registration_opens_at": in_days(1), "registration_closes_at": in_days(2)});
    assert_eq!(refused(Some(later)).await, "registration_not_open");
    assert_eq!(refused(Some(closed())).await, "registration_closed");
    assert_eq!(show.counts().await, [0, 0, 0, 0]);
    show.set(&open()).await.ok();
    show.register(&fan).await.ok();
    // A registered fan stays registered, and asking again does not say otherwise.
    show.close().await;
    assert_eq!(show.register(&fan).await.ok()["state"], "registered");
}

#[tokio::test]
async fn who_is_invited_can_register_as_well_and_is_in_the_draw() {
    let show = Show::registering().await;
    let fan = show.person().await;
    show.invite(&fan.email).await;
    for registered in [false, true] {
        let standing = show.standing(&fan).await;
        assert_eq!(
            (&standing["state"], &standing["registered"]),
            (&json!("invited"), &json!(registered))
        );
        show.register(&fan).await.ok();
    }
    show.close().await;
    show.register(&fan).await.ok();
    assert_eq!(
        show.admin(Method::PUT, "/draws/1", Some(&json!({}))).await.ok()["drawn"],
        1
    );
    assert_eq!(show.state(&fan).await, "verified");
}

#[tokio::test]
async fn a_window_ends_at_its_millisecond_however_many_come() {
    let show = Show::with(&Value::Null).await;
    let fans = show.crowd(60).await;
    let closes = clock::now().plus(400);
    show.set(&json!({"registration_opens_at": clock::now().minus(1_000), "registration_closes_at": closes}))
        .await
        .ok();
    let mut told_yes = 0;
    for (number, fan) in fans.iter().enumerate() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        let answer = show.register(fan).await;
        if answer.status == StatusCode::OK {
            told_yes += 1;
        } else {
            assert_eq!(answer.word(), "registration_closed", "fan {number}");
            assert!(clock::now() >= closes);
        }
    }
    assert!((1..fans.len() as i64).contains(&told_yes), "{told_yes}");
    assert_eq!(show.counts().await, [told_yes, 0, 0, 0]);
}

#[tokio::test]
async fn of_many_requests_of_one_fan_at_once_one_registers_and_all_are_told_so() {
    let show = Show::registering().await;
    let fan = show.person().await;
    let once = || show.register(&fan);
    let answers = tokio::join!(once(), once(), once(), once());
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        assert_eq!(answer.ok()["state"], "registered");
    }
    assert_eq!(show.counts().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn registering_needs_an_account_and_a_launched_event() {
    let show = Show::registering().await;
    let fan = show.person().await;
    let path = format!("/api/v1/events/{}/registration", show.id);
    assert_eq!(show.origin.get(&path).await.word(), "unauthorized");
    assert_eq!(show.origin.post(&path, &json!({})).await.word(), "unauthorized");
    assert_eq!(
        show.origin
            .get(&format!("/api/v1/events/{}/pass", show.id))
            .await
            .word(),
        "unauthorized"
    );

    let mut draft = crate::harness::small_event();
    draft["on_sale_time"] = json!(in_days(2));
    show.origin.admin(Method::POST, "/events", Some(&draft)).await.ok();
    for id in [draft["event_id"].as_str().unwrap().to_owned(), event_id()] {
        let elsewhere = Show {
            id,
            origin: crate::harness::TestOrigin::new().await,
        };
        let person = elsewhere.person().await;
        let answer = elsewhere.register(&person).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::NOT_FOUND, "event_not_found")
        );
        assert_eq!(elsewhere.pass(&person).await.word(), "event_not_found");
    }
    let unknown = show.post(&fan, &json!({"code": "1-00"})).await;
    assert_eq!(unknown.word(), "malformed_body");
}

#[tokio::test]
async fn a_programme_has_limits_is_noted_and_can_be_sent_again() {
    let show = Show::with(&Value::Null).await;
    let refused = async |programme: Value, word: &str| {
        let answer = show.set(&programme).await;
        assert_eq!(answer.word(), word, "{programme}: {}", answer.text);
    };
    refused(json!({"registration_opens_at": in_days(1)}), "invalid_field").await;
    refused(
        json!({"registration_opens_at": in_days(1), "registration_closes_at": in_days(2).plus(1)}),
        "invalid_field",
    )
    .await;
    refused(json!({"most_fans": 0}), "invalid_field").await;
    refused(json!({"most": 1}), "malformed_body").await;
    assert_eq!(show.admin(Method::GET, "", None).await.word(), "no_verified_fans");
    assert_eq!(show.audit().await.len(), 0);

    let programme = open();
    for _ in 0..2 {
        show.set(&programme).await.ok();
    }
    let audit = show.audit().await;
    assert_eq!(audit.len(), 1, "the second changed nothing");
    assert_eq!(
        audit[0]["after"]["registration_closes_at"],
        programme["registration_closes_at"]
    );
    let nowhere = Show {
        id: event_id(),
        origin: show.origin,
    };
    assert_eq!(nowhere.set(&json!({})).await.word(), "event_not_found");
}
