//! Uploaded lists: every line judged, all or nothing, the same list twice is the same as once.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stanchion_origin::verified_fans::{MAX_INVITATIONS, MAX_LINES_TOLD, MAX_LIST_BYTES};

use super::Show;

fn counts(report: &Value) -> [u64; 6] {
    [
        "invited",
        "without_account",
        "repeated",
        "already_invited",
        "redeemed",
        "revoked",
    ]
    .map(|name| report[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_list_is_reported_line_by_line_and_gives_a_code_for_each_address() {
    let show = Show::by_invitation().await;
    let known = show.person_at("known@example.org").await;
    show.invite("before@example.org").await;
    let used = show.invite("used@example.org").await;
    show.redeem(&show.person().await, &used).await.ok();
    show.invite("back@example.org").await;
    show.admin(Method::DELETE, "/invitations/back@example.org", None)
        .await
        .ok();
    let list = "name;email\nA;Known@example.org\nB;new@example.org\nC;before@example.org\n\
                D;NEW@example.org\nE;used@example.org\nF;back@example.org\n";
    let report = show.upload("text/csv", list).await.ok();
    assert_eq!(counts(&report), [2, 1, 1, 1, 1, 1]);
    assert_eq!(
        report["unchanged"],
        json!([
            {"line": 4, "email": "before@example.org", "why": "invited"},
            {"line": 5, "email": "new@example.org", "why": "repeated"},
            {"line": 6, "email": "used@example.org", "why": "redeemed"},
            {"line": 7, "email": "back@example.org", "why": "revoked"},
        ])
    );
    let export = show.admin(Method::GET, "/invitations", None).await.text;
    let code = |email: &str| {
        let line = export.lines().find(|line| line.starts_with(email)).unwrap().to_owned();
        line.split(',').nth(1).unwrap().to_owned()
    };
    show.redeem(&known, &code("known@example.org")).await.ok();
    // An address without an account counts when there is one.
    let late = show.person_at("new@example.org").await;
    assert_eq!(show.state(&late).await, "invited");
    show.redeem(&late, &code("new@example.org")).await.ok();
}

#[tokio::test]
async fn the_same_list_again_changes_nothing_and_says_so() {
    let show = Show::by_invitation().await;
    let list = "a@example.org\nb@example.org\n";
    assert_eq!(counts(&show.upload("text/plain", list).await.ok()), [2, 2, 0, 0, 0, 0]);
    let export = show.admin(Method::GET, "/invitations", None).await.text;
    assert_eq!(counts(&show.upload("text/plain", list).await.ok()), [0, 0, 0, 2, 0, 0]);
    assert_eq!(show.admin(Method::GET, "/invitations", None).await.text, export);
    let audit = show.audit().await;
    let uploads: Vec<&Value> = audit
        .iter()
        .filter(|entry| entry["what"] == "fans.invite_list")
        .collect();
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0]["after"]["counts"], json!({"invited": 2, "lines": 2}));
}

#[tokio::test]
async fn of_two_lists_at_once_each_address_is_invited_by_one() {
    let show = Show::by_invitation().await;
    let list = |from: usize| {
        (from..from + 600)
            .map(|n| format!("f{n}@example.org\n"))
            .collect::<String>()
    };
    let (one, other) = tokio::join!(show.upload("text/plain", list(0)), show.upload("text/plain", list(300)));
    let (one, other) = (one.ok(), other.ok());
    let invited = one["invited"].as_u64().unwrap() + other["invited"].as_u64().unwrap();
    assert_eq!(invited, 900);
    assert_eq!(show.counts().await, [0, 900, 0, 0]);
    let later = if one["invited"] == 600 { other } else { one };
    assert_eq!(
        (&later["invited"], &later["already_invited"]),
        (&json!(300), &json!(300))
    );
    assert_eq!(later["unchanged"].as_array().unwrap().len(), MAX_LINES_TOLD);
}

#[tokio::test]
async fn a_bad_list_changes_nothing_and_its_lines_are_named() {
    let show = Show::by_invitation().await;
    let refused = show.upload("text/plain", "a@example.org\nno address\n").await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, "malformed_list")
    );
    assert_eq!(refused.json()["bad_lines"], 1);
    assert_eq!(refused.json()["lines"], json!([{"line": 2, "said": "no address"}]));
    let many = "no address\n".repeat(MAX_LINES_TOLD + 1);
    let refused = show.upload("text/plain", many).await;
    assert_eq!(refused.json()["bad_lines"], MAX_LINES_TOLD + 1);
    assert_eq!(refused.json()["lines"].as_array().unwrap().len(), MAX_LINES_TOLD);
    for (content_type, list, word) in [
        ("application/json", "[]", "unsupported_media_type"),
        ("text/csv", "a@example.org\n", "malformed_list"),
        ("text/plain", "", "malformed_list"),
    ] {
        assert_eq!(show.upload(content_type, list).await.word(), word, "{content_type}");
    }
    assert_eq!(show.counts().await, [0, 0, 0, 0]);
    assert_eq!(show.audit().await.len(), 1, "the programme");
}

#[tokio::test]
async fn a_list_may_be_so_large_and_no_larger() {
    let show = Show::by_invitation().await;
    let line = "a@example.org";
    let largest = line.to_owned() + &" ".repeat(MAX_LIST_BYTES - line.len());
    show.upload("text/plain", largest.clone()).await.ok();
    let refused = show.upload("text/plain", largest + " ").await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
    );
}

#[tokio::test]
async fn a_list_that_does_not_fit_the_programme_changes_nothing() {
    let show = Show::with(&json!({"most_fans": 2})).await;
    let refused = show
        .upload("text/plain", "a@example.org\nb@example.org\nc@example.org\n")
        .await;
    assert_eq!(
        (refused.word().as_str(), &refused.json()["room"]),
        ("fans_full", &json!(2))
    );
    assert_eq!(show.counts().await, [0, 0, 0, 0]);
    show.upload("text/plain", "a@example.org\nb@example.org\n").await.ok();
}

#[tokio::test]
async fn an_event_has_so_many_invitations_and_no_more() {
    let show = Show::by_invitation().await;
    sqlx::query(
        "insert into fan_invitations (event_id, email) select $1, 'f' || n || '@example.org' from generate_series(1, $2) n",
    )
    .bind(&show.id)
    .bind(i32::try_from(MAX_INVITATIONS).unwrap() - 1)
    .execute(&show.origin.app.database)
    .await
    .unwrap();
    let refused = show.upload("text/plain", "a@example.org\nb@example.org\n").await;
    assert_eq!(
        (refused.word().as_str(), &refused.json()["room"]),
        ("too_many_invitations", &json!(1))
    );
    show.upload("text/plain", "a@example.org\n").await.ok();
    let refused = show.admin(Method::PUT, "/invitations/b@example.org", None).await;
    assert_eq!(refused.word(), "too_many_invitations");
    let export = show.admin(Method::GET, "/invitations", None).await;
    assert_eq!(export.text.lines().count(), MAX_INVITATIONS + 1);
}
