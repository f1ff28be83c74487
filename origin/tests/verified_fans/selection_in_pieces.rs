//! Selections that one request cannot finish: they go on in pieces from where they were broken off, with the same result.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use stanchion_origin::verified_fans::selection::{ACCOUNTS_PER_PIECE, ANSWERED_WITHIN, finish_all_begun};
use tokio::time::sleep;

use super::{Show, open};
use crate::harness::{Answer, small_event};

/// Far more than the background needs for a draw of these tests on a busy machine.
const DRAWN_WITHIN: Duration = Duration::from_secs(60);

impl Show {
    /// Registers so many accounts of another issuer's, whose ids are in no order.
    async fn many(&self, count: i64) {
        sqlx::query(
            "insert into fans (event_id, account_id, registered_at)
             select $1, md5(n::text), now() from generate_series(1, $2) n",
        )
        .bind(&self.id)
        .bind(count)
        .execute(&self.origin.app.database)
        .await
        .unwrap();
    }

    async fn promised(&self) -> i32 {
        sqlx::query_scalar("select promised from fan_programmes where event_id = $1")
            .bind(&self.id)
            .fetch_one(&self.origin.app.database)
            .await
            .unwrap()
    }

    async fn promise(&self, event: &str, promised: i32) {
        sqlx::query("update fan_programmes set promised = $2 where event_id = $1")
            .bind(event)
            .bind(promised)
            .execute(&self.origin.app.database)
            .await
            .unwrap();
    }

    /// A draw right after its beginning, when its event had so many registered.
    async fn begun(&self, event: &str, wanted: i32, registered: i32) {
        sqlx::query(
            "insert into fan_draws (event_id, round, wanted, registered, registered_digest, seed, promised, drawn)
             values ($1, 1, $2, $3, sha256('list'), sha256('seed'), $2, 0)",
        )
        .bind(event)
        .bind(wanted)
        .bind(registered)
        .execute(&self.origin.app.database)
        .await
        .unwrap();
    }

    /// How many came out, once it is over.
    async fn drawn(&self, event: &str) -> Option<i32> {
        sqlx::query_scalar("select drawn from fan_draws where event_id = $1 and drawn_at is not null")
            .bind(event)
            .fetch_optional(&self.origin.app.database)
            .await
            .unwrap()
    }

    /// Nobody asks for it: the background does what is left.
    async fn until_drawn(&self, event: &str) {
        let asked = Instant::now();
        while self.drawn(event).await.is_none() {
            assert!(asked.elapsed() < DRAWN_WITHIN);
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// How many of the lowest ranks are verified, by PostgreSQL's own sorting.
    async fn of_the_lowest(&self, seed: &str, count: i64) -> i64 {
        let prefix = [
            b"stanchion/fans/v1\0",
            self.id.as_bytes(),
            &[0],
            &1_u32.to_le_bytes(),
            &hex::decode(seed).unwrap(),
        ];
        sqlx::query_scalar(
            "select count(verified_at) from (
                select verified_at from fans where event_id = $1 and registered_at is not null
                order by sha256($2::bytea || convert_to(account_id, 'UTF8')) limit $3
             ) lowest",
        )
        .bind(&self.id)
        .bind(prefix.concat())
        .bind(count)
        .fetch_one(&self.origin.app.database)
        .await
        .unwrap()
    }
}

/// A draw of `count` of two pieces and a half whose first request is held up until it answers `drawing`; it is as long as the
/// transaction is there.
async fn held_up(show: &Show, count: Option<u32>) -> (Answer, Transaction<'static, Postgres>) {
    show.many(ACCOUNTS_PER_PIECE * 5 / 2).await;
    show.close().await;
    let mut holds = show.origin.app.database.begin().await.unwrap();
    // Somewhere in the second piece; a draw that was broken off has done the first.
    sqlx::query("select from fans where event_id = $1 order by account_id offset $2 limit 1 for update")
        .bind(&show.id)
        .bind(ACCOUNTS_PER_PIECE + 7)
        .execute(&mut *holds)
        .await
        .unwrap();
    let asked = Instant::now();
    let answer = show.draw(1, count).await;
    assert!(asked.elapsed() < ANSWERED_WITHIN * 2, "{:?}", asked.elapsed());
    (answer, holds)
}

#[tokio::test]
async fn a_draw_that_takes_long_says_so_lets_nobody_change_its_list_and_goes_on_to_the_same_end() {
    let show = Show::registering().await;
    let guest = show.invite("guest@example.org").await;
    let (begun, holds) = held_up(&show, None).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let begun = begun.ok();
    assert_eq!((&begun["state"], &begun["drawn_at"]), (&json!("drawing"), &Value::Null));
    // The first piece is done, if the machine had the time for it; the second is not.
    let drawn = begun["drawn"].as_i64().unwrap();
    assert!([0, ACCOUNTS_PER_PIECE].contains(&drawn), "{drawn}");
    let all = ACCOUNTS_PER_PIECE * 5 / 2;
    assert_eq!(begun["registered"], all);
    assert_eq!(i64::from(show.promised().await), all + 1, "with the guest's");

    // An organiser who knows the seed cannot choose the list any more; a guest who comes meanwhile is a fan all the same.
    for (method, path, body) in [
        (Method::PUT, "", Some(open())),
        (Method::PUT, "/draws/2", Some(json!({}))),
        (Method::PUT, "/invitations/another@example.org", None),
        (Method::DELETE, "/invitations/guest@example.org", None),
    ] {
        let refused = show.admin(method, path, body.as_ref()).await;
        assert_eq!(
            (refused.status, refused.word().as_str()),
            (StatusCode::CONFLICT, "drawing"),
            "{path}"
        );
    }
    let view = show.admin(Method::GET, "", None).await.ok();
    assert_eq!(view["draws"][0]["state"], "drawing");
    assert_eq!(
        (&view["verified"], &view["registered"]),
        (&json!(drawn), &json!(all - drawn))
    );
    let fan = show.person().await;
    assert_eq!(show.standing(&fan).await["drawn"], false);
    show.redeem(&fan, &guest).await.ok();

    holds.rollback().await.unwrap();
    show.until_drawn(&show.id).await;
    let over = show.draw(1, None).await;
    assert_eq!(over.status, StatusCode::OK);
    let over = over.ok();
    assert_eq!((&over["state"], &over["drawn"]), (&json!("drawn"), &json!(all)));
    assert!(over["drawn_at"].is_string());
    for field in ["seed", "registered_digest", "registered"] {
        assert_eq!(over[field], begun[field], "{field}");
    }
    assert_eq!(i64::from(show.promised().await), all + 1);
    assert_eq!(show.counts().await, [0, 0, all + 1, 0]);
    let audit = show.audit().await;
    let words: Vec<&str> = audit
        .iter()
        .filter_map(|entry| entry["what"].as_str())
        .take(2)
        .collect();
    assert_eq!(words, ["fans.draw", "fans.begin_draw"]);
    show.admin(Method::PUT, "/invitations/another@example.org", None)
        .await
        .ok();
}

#[tokio::test]
async fn a_registered_fan_who_redeems_an_invitation_during_the_draw_counts_once_and_the_lowest_ranks_are_drawn() {
    const COUNT: i64 = 20_000;
    let show = Show::registering().await;
    let guest = show.invite("guest@example.org").await;
    let fan = show.person().await;
    show.register(&fan).await.ok();
    let (begun, holds) = held_up(&show, Some(COUNT as u32)).await;
    assert_eq!(begun.ok()["state"], "drawing");
    // The piece that was held up may have the fan's row.
    holds.rollback().await.unwrap();
    let redeemed = show.redeem(&fan, &guest).await;
    let came_first = redeemed.status.is_success();
    assert!(came_first || redeemed.word() == "already_verified", "{}", redeemed.text);
    show.until_drawn(&show.id).await;
    let over = show.draw(1, Some(COUNT as u32)).await.ok();
    let drawn = over["drawn"].as_i64().unwrap();
    let seed = over["seed"].as_str().unwrap();
    assert_eq!(show.of_the_lowest(seed, COUNT).await, COUNT);
    // If the fan was among the lowest ranks and came before the draw did, the draw has one less.
    assert!((COUNT - 1..=COUNT).contains(&drawn), "{drawn}");
    let [_, invited, verified, _] = show.counts().await;
    assert_eq!(
        invited,
        i64::from(!came_first),
        "the code of who was drawn is still good"
    );
    assert_eq!(i64::from(show.promised().await), verified + invited);
    assert!((COUNT..=COUNT + 1).contains(&verified), "{verified}");
}

/// Were it broken off with the request, repeated requests would begin it again and again.
#[tokio::test]
async fn a_piece_outlives_the_requests_that_wait_for_it() {
    let show = Show::registering().await;
    show.many(10).await;
    show.close().await;
    let mut holds = show.origin.app.database.begin().await.unwrap();
    sqlx::query("select from fans for update")
        .execute(&mut *holds)
        .await
        .unwrap();
    let (one, other) = tokio::join!(show.draw(1, None), show.draw(1, None));
    for answer in [one, other, show.draw(1, None).await] {
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert_eq!(answer.ok()["drawn"], 0);
    }
    let at_it = show.waiting().await;
    assert_eq!(at_it.len(), 1, "one at a time");
    holds.rollback().await.unwrap();
    show.until_drawn(&show.id).await;
    let done_by: String = sqlx::query_scalar("select xmin::text from fan_draws")
        .fetch_one(&show.origin.app.database)
        .await
        .unwrap();
    assert_eq!(at_it, [done_by], "what was begun is not done again");
    assert_eq!(show.draw(1, None).await.ok()["drawn"], 10);
}

#[tokio::test]
async fn a_draw_that_fails_keeps_no_other_event_from_its_own() {
    let show = Show::registering().await;
    show.many(2).await;
    // The older of the two gives back more than was promised, which the table forbids.
    show.begun(&show.id, 3, 3).await;
    let other = show.origin.launch(&small_event()).await;
    let path = format!("/events/{other}/fans");
    show.origin.admin(Method::PUT, &path, Some(&json!({}))).await.ok();
    show.promise(&other, 1).await;
    show.begun(&other, 1, 1).await;
    finish_all_begun(&show.origin.app.database).await.unwrap();
    show.until_drawn(&other).await;
    assert_eq!(show.drawn(&show.id).await, None);
    show.promise(&show.id, 3).await;
    show.until_drawn(&show.id).await;
}

#[tokio::test]
async fn a_draw_whose_list_was_cut_short_in_the_database_draws_who_is_left() {
    let show = Show::registering().await;
    show.many(2).await;
    show.promise(&show.id, 3).await;
    show.begun(&show.id, 3, 4).await;
    show.until_drawn(&show.id).await;
    assert_eq!(show.drawn(&show.id).await, Some(2));
    assert_eq!(show.promised().await, 2);
}
