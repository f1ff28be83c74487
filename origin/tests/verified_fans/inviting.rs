//! An invitation is redeemed by its code: once per address, once per account.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Show;
use crate::harness::send;

#[tokio::test]
async fn a_code_makes_its_first_account_a_verified_fan_and_no_other() {
    let show = Show::by_invitation().await;
    let code = show.invite("Invited@Example.org").await;
    // Not the address, the code: the reader of its mail may have an account by another address.
    let (fan, other) = (show.person().await, show.person().await);
    assert_eq!(show.state(&fan).await, "none");
    for _ in 0..2 {
        assert_eq!(show.redeem(&fan, &code.to_uppercase()).await.ok()["state"], "verified");
    }
    show.pass(&fan).await.ok();
    let refused = show.redeem(&other, &code).await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::CONFLICT, "invitation_used")
    );
    assert_eq!(show.counts().await, [0, 0, 1, 0]);
}

#[tokio::test]
async fn an_invited_address_alone_opens_nothing() {
    let show = Show::by_invitation().await;
    show.invite("invited@example.org").await;
    // Anybody can sign up with it: addresses are not confirmed.
    let stranger = show.person_at("invited@example.org").await;
    assert_eq!(show.state(&stranger).await, "invited");
    assert_eq!(show.register(&stranger).await.word(), "no_registration");
    assert_eq!(show.pass(&stranger).await.word(), "not_verified");
}

#[tokio::test]
async fn a_code_of_another_event_or_made_up_is_refused_without_a_hint() {
    let show = Show::by_invitation().await;
    let code = show.invite("a@example.org").await;
    let fan = show.person().await;
    let (number, tail) = code.split_once('-').unwrap();
    let other_number = number.parse::<i64>().unwrap() + 1;
    let last = if tail.ends_with('0') { "1" } else { "0" };
    let elsewhere = Show::by_invitation().await;
    let foreign = elsewhere.invite("a@example.org").await;
    let foreign_tail = foreign.split_once('-').unwrap().1;
    for made_up in [
        String::new(),
        "nonsense".to_owned(),
        format!("{other_number}-{tail}"),
        format!("{number}-{}{last}", &tail[..tail.len() - 1]),
        format!("{number}-{foreign_tail}"),
    ] {
        let refused = show.redeem(&fan, &made_up).await;
        assert_eq!(
            (refused.status, refused.word().as_str()),
            (StatusCode::FORBIDDEN, "invitation_invalid"),
            "{made_up}"
        );
    }
    assert_eq!(show.counts().await, [0, 1, 0, 0]);
    show.redeem(&fan, &code).await.ok();
}

#[tokio::test]
async fn an_account_redeems_one_code_and_the_other_stays_good() {
    let show = Show::by_invitation().await;
    let (first, second) = (show.invite("a@example.org").await, show.invite("b@example.org").await);
    let (fan, friend) = (show.person().await, show.person().await);
    show.redeem(&fan, &first).await.ok();
    assert_eq!(show.redeem(&fan, &second).await.word(), "already_verified");
    assert_eq!(show.redeem(&friend, &second).await.ok()["state"], "verified");
}

#[tokio::test]
async fn of_many_who_redeem_one_code_at_once_one_is_verified() {
    let show = Show::by_invitation().await;
    let code = show.invite("a@example.org").await;
    let people = show.crowd(4).await;
    let redeem = |n: usize| show.redeem(&people[n], &code);
    let answers = tokio::join!(redeem(0), redeem(1), redeem(2), redeem(3));
    let statuses = [answers.0, answers.1, answers.2, answers.3].map(|answer| answer.status);
    assert_eq!(
        statuses.iter().filter(|status| **status == StatusCode::OK).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses
            .iter()
            .filter(|status| **status == StatusCode::CONFLICT)
            .count(),
        3,
        "{statuses:?}"
    );
    assert_eq!(show.counts().await, [0, 0, 1, 0]);
}

#[tokio::test]
async fn of_two_codes_that_one_account_redeems_at_once_one_is_used() {
    let show = Show::by_invitation().await;
    let (first, second) = (show.invite("a@example.org").await, show.invite("b@example.org").await);
    let fan = show.person().await;
    let answers = tokio::join!(show.redeem(&fan, &first), show.redeem(&fan, &second));
    let words = [answers.0, answers.1].map(|answer| answer.word());
    assert!(
        words.contains(&String::new()) && words.contains(&"already_verified".to_owned()),
        "{words:?}"
    );
    assert_eq!(show.counts().await, [0, 1, 1, 0]);
}

#[tokio::test]
async fn inviting_is_noted_once_and_an_export_has_every_code() {
    let show = Show::by_invitation().await;
    let code = show.invite("a@example.org").await;
    assert_eq!(show.invite("A@example.org").await, code);
    let fan = show.person().await;
    show.redeem(&fan, &show.invite("b@example.org").await).await.ok();
    let audit = show.audit().await;
    let invited: Vec<&Value> = audit.iter().filter(|entry| entry["what"] == "fans.invite").collect();
    assert_eq!(invited.len(), 2);
    assert_eq!(invited[1]["after"], json!({"email": "a@example.org"}));
    let export = show.admin(Method::GET, "/invitations", None).await;
    assert_eq!(export.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(export.headers["cache-control"], "no-store");
    let lines: Vec<&str> = export.text.lines().collect();
    assert_eq!(lines[0], "email,code,state");
    assert_eq!(lines[1], format!("a@example.org,{code},invited"));
    assert!(
        lines[2].starts_with("b@example.org,") && lines[2].ends_with(",redeemed"),
        "{}",
        lines[2]
    );
    let refused = show.admin(Method::PUT, "/invitations/no-address", None).await;
    assert_eq!(refused.word(), "invalid_field");
}

#[tokio::test]
async fn only_an_admin_invites_verifies_draws_and_sees_codes() {
    let show = Show::by_invitation().await;
    for (method, path) in [
        (Method::GET, ""),
        (Method::PUT, ""),
        (Method::GET, "/accounts"),
        (Method::PUT, "/accounts/00000000-0000-0000-0000-000000000000"),
        (Method::DELETE, "/accounts/00000000-0000-0000-0000-000000000000"),
        (Method::PUT, "/draws/1"),
        (Method::GET, "/invitations"),
        (Method::POST, "/invitations"),
        (Method::PUT, "/invitations/a@example.org"),
        (Method::DELETE, "/invitations/a@example.org"),
    ] {
        let path = format!("/api/v1/admin/events/{}/fans{path}", show.id);
        let answer = send(show.origin.request(method.clone(), &path)).await;
        assert_eq!(
            (answer.status, answer.word().as_str()),
            (StatusCode::UNAUTHORIZED, "unauthorized"),
            "{method} {path}"
        );
    }
}
