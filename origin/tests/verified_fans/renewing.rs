//! An invitation code that others have seen is replaced.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Show;
use crate::harness::Answer;

impl Show {
    async fn renew(&self, email: &str) -> Answer {
        let path = format!("/invitations/{email}?renew=true");
        self.admin(Method::PUT, &path, None).await
    }
}

fn code(invited: &Value) -> &str {
    invited["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_renewed_code_makes_all_before_it_worthless_and_is_exported() {
    let show = Show::by_invitation().await;
    let leaked = show.invite("a@example.org").await;
    let second = show.renew("A@example.org").await.ok();
    let third = show.renew("a@example.org").await.ok();
    assert_eq!(third["state"], "invited");
    assert_eq!(
        show.invite("a@example.org").await,
        code(&third),
        "without renewing it stays"
    );
    let (finder, fan) = (show.person().await, show.person().await);
    for old in [leaked.as_str(), code(&second)] {
        assert_ne!(old, code(&third));
        let refused = show.redeem(&finder, old).await;
        assert_eq!(
            (refused.status, refused.word().as_str()),
            (StatusCode::FORBIDDEN, "invitation_invalid")
        );
    }
    let export = show.admin(Method::GET, "/invitations", None).await;
    assert_eq!(
        export.text.lines().nth(1),
        Some(format!("a@example.org,{},invited", code(&third)).as_str())
    );
    assert_eq!(show.counts().await, [0, 1, 0, 0], "it is one invitation");
    assert_eq!(show.redeem(&fan, code(&third)).await.ok()["state"], "verified");
    let audit = show.audit().await;
    let renewed = audit.iter().filter(|entry| entry["what"] == "fans.renew_invitation");
    assert_eq!(renewed.count(), 2);
}

#[tokio::test]
async fn renewing_invites_who_was_not_invited_or_was_taken_back_and_changes_nothing_of_a_redeemed_one() {
    let show = Show::by_invitation().await;
    let new = show.renew("new@example.org").await.ok();
    let fan = show.person().await;
    show.redeem(&fan, code(&new)).await.ok();
    let refused = show.renew("new@example.org").await;
    assert_eq!(
        (refused.status, refused.word().as_str()),
        (StatusCode::CONFLICT, "invitation_used")
    );
    assert_eq!(show.state(&fan).await, "verified");
    assert_eq!(show.invite("new@example.org").await, code(&new));

    let old = show.invite("back@example.org").await;
    show.admin(Method::DELETE, "/invitations/back@example.org", None)
        .await
        .ok();
    let again = show.renew("back@example.org").await.ok();
    assert_ne!(code(&again), old);
    assert_eq!(show.counts().await, [0, 1, 1, 0]);
    let unknown = show
        .admin(Method::PUT, "/invitations/a@example.org?new=true", None)
        .await;
    assert_eq!(unknown.word(), "malformed_query");
    let with_room = json!({"most_fans": 2});
    show.set(&with_room).await.ok();
    show.renew("back@example.org").await.ok();
    assert_eq!(show.renew("third@example.org").await.word(), "fans_full");
}
