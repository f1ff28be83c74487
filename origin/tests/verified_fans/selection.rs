//! Some or all registered fans are selected: fairly, once, and so that others can repeat it.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stanchion_origin::{
    clock,
    verified_fans::selection::{MAX_ROUNDS, RANK_DOMAIN},
};
use tokio::task::JoinSet;

use super::{Person, Show, closed, open};

impl Show {
    pub(crate) async fn draw(&self, round: u32, count: Option<u32>) -> crate::harness::Answer {
        let body = count.map_or(json!({}), |count| json!({"count": count}));
        self.admin(Method::PUT, &format!("/draws/{round}"), Some(&body)).await
    }

    async fn registered(&self, count: usize) -> Vec<Person> {
        let fans = self.crowd(count).await;
        for fan in &fans {
            self.register(fan).await.ok();
        }
        self.close().await;
        fans
    }

    async fn verified(&self) -> Vec<String> {
        sqlx::query_scalar("select account_id from fans where verified_at is not null")
            .fetch_all(&self.origin.app.database)
            .await
            .unwrap()
    }
}

/// The rule as `verified_fans/selection/mod.rs` tells it, in our own words.
fn drawn_again(event: &str, round: u32, seed: &str, mut accounts: Vec<String>, count: usize) -> Vec<String> {
    let rank = |account: &String| {
        let mut hash = Sha256::new();
        for part in [
            RANK_DOMAIN.as_bytes(),
            &[0],
            event.as_bytes(),
            &[0],
            &round.to_le_bytes(),
        ] {
            hash.update(part);
        }
        hash.update(hex::decode(seed).unwrap());
        hash.update(account.as_bytes());
        hash.finalize().to_vec()
    };
    accounts.sort_by_key(rank);
    accounts.truncate(count);
    accounts
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

#[tokio::test]
async fn a_draw_follows_from_its_seed_and_the_list_that_its_digest_pins() {
    let show = Show::registering().await;
    let fans = show.registered(30).await;
    let drawn = show.draw(1, Some(10)).await.ok();
    let ids: Vec<String> = sorted(fans.iter().map(|fan| fan.account_id.clone()).collect());
    assert_eq!(drawn["registered_digest"], hex::encode(Sha256::digest(ids.join("\n"))));
    assert_eq!((&drawn["registered"], &drawn["drawn"]), (&json!(30), &json!(10)));
    let seed = drawn["seed"].as_str().unwrap();
    let expected = sorted(drawn_again(&show.id, 1, seed, ids, 10));
    assert_eq!(sorted(show.verified().await), expected);
    assert_eq!(show.counts().await, [20, 0, 10, 0]);
    for fan in &fans {
        let standing = show.standing(fan).await;
        let is_drawn = expected.contains(&fan.account_id);
        assert_eq!(standing["state"], if is_drawn { "verified" } else { "registered" });
        assert_eq!(standing["drawn"], true);
        assert_eq!(show.pass(fan).await.status.is_success(), is_drawn);
    }
    let audit = &show.audit().await[0];
    assert_eq!(audit["what"], "fans.draw");
    for field in ["seed", "registered_digest", "registered", "drawn", "count", "round"] {
        assert_eq!(audit["after"][field], drawn[field], "{field}");
    }
    let begun = &show.audit().await[1];
    assert_eq!(begun["what"], "fans.begin_draw");
    for field in ["seed", "registered_digest", "registered", "count", "round"] {
        assert_eq!(begun["after"][field], drawn[field], "{field}");
    }
}

#[tokio::test]
async fn a_round_is_drawn_once_whatever_is_sent_again_and_at_once() {
    let show = Show::registering().await;
    show.registered(20).await;
    let (one, other) = tokio::join!(show.draw(1, Some(5)), show.draw(1, Some(5)));
    let one = one.ok();
    assert_eq!(one, other.ok());
    assert_eq!(show.draw(1, Some(5)).await.ok(), one);
    for count in [Some(6), None] {
        assert_eq!(show.draw(1, count).await.word(), "drawn_differently");
    }
    assert_eq!(show.counts().await, [15, 0, 5, 0]);
    assert_eq!(
        show.audit()
            .await
            .iter()
            .filter(|entry| entry["what"] == "fans.draw")
            .count(),
        1
    );
}

#[tokio::test]
async fn the_next_round_draws_from_who_is_left_and_all_means_all() {
    let show = Show::registering().await;
    show.registered(12).await;
    assert_eq!(show.draw(2, None).await.word(), "round_missing");
    let first = show.draw(1, Some(5)).await.ok();
    let second = show.draw(2, Some(100)).await.ok();
    assert_eq!((&second["registered"], &second["drawn"]), (&json!(7), &json!(7)));
    assert_ne!(first["seed"], second["seed"]);
    let third = show.draw(3, None).await.ok();
    assert_eq!((&third["registered"], &third["drawn"]), (&json!(0), &json!(0)));
    let view = show.admin(Method::GET, "", None).await.ok();
    let rounds: Vec<&Value> = view["draws"]
        .as_array()
        .unwrap()
        .iter()
        .map(|draw| &draw["drawn"])
        .collect();
    assert_eq!(rounds, [&json!(5), &json!(7), &json!(0)]);
}

#[tokio::test]
async fn nothing_is_drawn_before_registration_is_over_or_without_it() {
    let show = Show::by_invitation().await;
    assert_eq!(show.draw(1, None).await.word(), "no_registration");
    show.set(&open()).await.ok();
    assert_eq!(show.draw(1, None).await.word(), "registration_open");
    show.set(&closed()).await.ok();
    for (round, count, word) in [
        (0, None, "invalid_field"),
        (MAX_ROUNDS + 1, None, "invalid_field"),
        (MAX_ROUNDS, None, "round_missing"),
        (1, Some(0), "invalid_field"),
    ] {
        assert_eq!(show.draw(round, count).await.word(), word, "{round} {count:?}");
    }
    show.draw(1, None).await.ok();
}

#[tokio::test]
async fn a_draw_that_would_be_too_many_changes_nothing_and_says_how_many_fit() {
    let show = Show::registering().await;
    show.registered(10).await;
    let mut programme = closed();
    programme["most_fans"] = json!(6);
    show.set(&programme).await.ok();
    show.invite("guest@example.org").await;
    let refused = show.draw(1, None).await;
    assert_eq!(
        (refused.word().as_str(), &refused.json()["room"]),
        ("fans_full", &json!(5))
    );
    assert_eq!(show.counts().await, [10, 1, 0, 0]);
    assert_eq!(show.draw(1, Some(5)).await.ok()["drawn"], 5);
    assert_eq!(show.draw(2, Some(1)).await.word(), "fans_full");
    programme["most_fans"] = json!(5);
    assert_eq!(show.set(&programme).await.word(), "fans_full", "six are promised");
}

/// Many register in the last moments while an admin tries to select: a fan who was told yes is in the selection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draw_misses_nobody_who_was_told_to_be_registered() {
    let show = Show::with(&Value::Null).await;
    let fans = show.crowd(120).await;
    let closes = clock::now().plus(700);
    show.set(&json!({"registration_opens_at": clock::now().minus(1_000), "registration_closes_at": closes}))
        .await
        .ok();
    let (show, mut asked) = (Arc::new(show), JoinSet::new());
    for (number, fan) in fans.into_iter().enumerate() {
        let show = show.clone();
        asked.spawn(async move {
            tokio::time::sleep(Duration::from_millis(number as u64 * 8)).await;
            show.register(&fan).await
        });
    }
    let drawn = loop {
        let answer = show.draw(1, None).await;
        if answer.word() != "registration_open" {
            break answer.ok();
        }
    };
    let mut told_yes = 0;
    while let Some(answer) = asked.join_next().await {
        let answer = answer.unwrap();
        let is_in = answer.status.is_success();
        assert!(is_in || answer.word() == "registration_closed", "{}", answer.text);
        told_yes += i64::from(is_in);
    }
    assert!((1..120).contains(&told_yes), "{told_yes}");
    assert_eq!(drawn["drawn"], told_yes);
}

/// An admin who waits while another begins a draw comes after it: the seed is told by then.
#[tokio::test]
async fn who_waited_for_the_beginning_of_a_draw_cannot_change_its_list() {
    let show = Show::registering().await;
    let fans = show.registered(4).await;
    let ids: Vec<String> = fans.iter().map(|fan| fan.account_id.clone()).collect();
    let database = &show.origin.app.database;
    // Somebody is registering still, so the beginning takes a while; and so does the draw itself.
    let mut registering = database.begin().await.unwrap();
    sqlx::query("select from fan_programmes for key share")
        .execute(&mut *registering)
        .await
        .unwrap();
    let mut holds = database.begin().await.unwrap();
    sqlx::query("select from fans where account_id = $1 for update")
        .bind(&ids[0])
        .execute(&mut *holds)
        .await
        .unwrap();
    let path = format!("/accounts/{}", ids[1]);
    let (drawn, (), refused) = tokio::join!(
        show.draw(1, Some(3)),
        async {
            show.until_waiting(2).await;
            registering.rollback().await.unwrap();
        },
        async {
            show.until_waiting(1).await;
            let asked = show.admin(Method::DELETE, &path, None);
            let answer = tokio::time::timeout(Duration::from_secs(4), asked).await;
            holds.rollback().await.unwrap();
            answer.expect("it is refused before the draw is over")
        },
    );
    assert_eq!((refused.status.as_u16(), refused.word().as_str()), (409, "drawing"));
    let drawn = drawn.ok();
    assert_eq!(drawn["drawn"], 3);
    let seed = drawn["seed"].as_str().unwrap();
    assert_eq!(
        sorted(show.verified().await),
        sorted(drawn_again(&show.id, 1, seed, ids, 3))
    );
}

/// Each fan's chance is the same: over many draws of 3 of 6, everybody is drawn about half of the time.
#[tokio::test]
async fn everybody_registered_has_the_same_chance() {
    const DRAWS: u32 = 90;
    let show = Show::registering().await;
    let fans = show.registered(6).await;
    let mut times = std::collections::HashMap::new();
    for round in 1..=DRAWS {
        show.draw(round, Some(3)).await.ok();
        for account in show.verified().await {
            *times.entry(account).or_insert(0_u32) += 1;
        }
        sqlx::query("update fans set verified_at = null, verified_by = null")
            .execute(&show.origin.app.database)
            .await
            .unwrap();
    }
    // 90 draws with chance 1/2: five standard deviations (4.74) either side of 45.
    for fan in &fans {
        let drawn = times.get(&fan.account_id).copied().unwrap_or_default();
        assert!((22..=68).contains(&drawn), "{drawn} of {DRAWS}");
    }
}
