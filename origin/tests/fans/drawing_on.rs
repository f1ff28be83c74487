//! Draws that one request cannot finish: they go on in pieces, wherever they were broken off, and come to the same.

use std::time::Instant;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use stanchion_origin::fans::{ANSWERED_WITHIN, LOOKED_AT_ONCE, draw_unfinished};

use crate::{Show, open, stage::Answer};

impl Show {
    /// Registers so many accounts of another issuer's, whose ids are in no order.
    async fn many(&self, count: i64) {
        sqlx::query(
            "insert into fans (event_id, account_id, registered_at)
             select $1, md5(n::text), now() from generate_series(1, $2) n",
        )
        .bind(&self.id)
        .bind(count)
        .execute(&self.stage.app.database)
        .await
        .unwrap();
    }

    async fn promised(&self) -> i32 {
        sqlx::query_scalar("select promised from fan_programmes where event_id = $1")
            .bind(&self.id)
            .fetch_one(&self.stage.app.database)
            .await
            .unwrap()
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
        .fetch_one(&self.stage.app.database)
        .await
        .unwrap()
    }
}

/// A draw of `count` of two pieces and a half whose first request is held up until it answers `drawing`.
async fn held_up(show: &Show, count: Option<u32>) -> Answer {
    show.many(LOOKED_AT_ONCE * 5 / 2).await;
    show.close().await;
    let mut holds = show.stage.app.database.begin().await.unwrap();
    // Somewhere in the second piece; a draw that was broken off has done the first.
    sqlx::query("select from fans where event_id = $1 order by account_id offset $2 limit 1 for update")
        .bind(&show.id)
        .bind(LOOKED_AT_ONCE + 7)
        .execute(&mut *holds)
        .await
        .unwrap();
    let asked = Instant::now();
    let answer = show.draw(1, count).await;
    assert!(asked.elapsed() < ANSWERED_WITHIN * 2, "{:?}", asked.elapsed());
    holds.rollback().await.unwrap();
    answer
}

#[tokio::test]
async fn a_draw_that_takes_long_says_so_lets_nobody_change_its_list_and_goes_on_to_the_same_end() {
    let show = Show::registering().await;
    let guest = show.invite("guest@example.org").await;
    let begun = held_up(&show, None).await;
    assert_eq!(begun.status, StatusCode::ACCEPTED);
    let begun = begun.ok();
    assert_eq!((&begun["state"], &begun["drawn_at"]), (&json!("drawing"), &Value::Null));
    // The first piece is done, if the machine had the time for it; the second is not.
    let drawn = begun["drawn"].as_i64().unwrap();
    assert!([0, LOOKED_AT_ONCE].contains(&drawn), "{drawn}");
    let all = LOOKED_AT_ONCE * 5 / 2;
    assert_eq!(begun["registered"], all);
    assert_eq!(i64::from(show.promised().await), all + 1, "with the guest's");

    // Who knows the seed cannot choose the list any more; a guest who comes meanwhile is a fan all the same.
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

    draw_unfinished(&show.stage.app).await.unwrap();
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
    let begun = held_up(&show, Some(COUNT as u32)).await.ok();
    assert_eq!(begun["state"], "drawing");
    show.redeem(&fan, &guest).await.ok();
    draw_unfinished(&show.stage.app).await.unwrap();
    let over = show.draw(1, Some(COUNT as u32)).await.ok();
    let drawn = over["drawn"].as_i64().unwrap();
    let seed = over["seed"].as_str().unwrap();
    assert_eq!(show.of_the_lowest(seed, COUNT).await, COUNT);
    // If the fan was among the lowest ranks and came before the draw did, the draw has one less.
    assert!((COUNT - 1..=COUNT).contains(&drawn), "{drawn}");
    let [_, invited, verified, _] = show.counts().await;
    assert_eq!((i64::from(show.promised().await), invited), (verified, 0));
    assert!((COUNT..=COUNT + 1).contains(&verified), "{verified}");
}
