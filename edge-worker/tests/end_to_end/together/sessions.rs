//! Shopping sessions end when they are over: a fan who leaves is out within two seconds, the slot is free, and the fan may
//! come back.

use std::time::Duration;

use stanchion_harness::{Edge, Event, Fan, now, read, refusal};
use stanchion_shared::{
    sessions::SessionTotals,
    timestamp::UnixMillis,
    wire::{EdgeStats, QueueStatus, StatusAnswer},
};

/// As long as every other change takes.
const DEAD_WITHIN_MS: u64 = 2_000;

async fn shopping(edge: &Edge, event: &Event, fan: &Fan) -> (String, StatusAnswer) {
    let ticket = edge.join(&event.id, fan).await.queue_token;
    let answer = edge.status_until(fan, &ticket, &[QueueStatus::YourTurn]).await;
    assert!(answer.shop_token.is_some(), "{answer:?}");
    (ticket, answer)
}

/// Whether the gate lets a shop token pass; what the origin then says does not matter.
async fn passes(edge: &Edge, token: &str) -> bool {
    let cart = edge.http.get(format!("{}/api/v1/cart", edge.url));
    let answered = cart.header("shop-token", token).send().await.unwrap();
    if answered.status() != 401 {
        return true;
    }
    assert_eq!(refusal(answered).await, (401, "shop_token_ended".to_owned()));
    false
}

async fn leave(edge: &Edge, fan: &Fan, ticket: &str) -> UnixMillis {
    let left: serde_json::Value = read(edge.leave(fan, ticket).await).await;
    assert_eq!(left["left"], true);
    now()
}

fn totals(begun: u64, over: u64) -> SessionTotals {
    SessionTotals {
        begun,
        over,
        ..SessionTotals::default()
    }
}

async fn sessions(edge: &Edge, event: &Event) -> SessionTotals {
    let path = format!("/api/v1/control/events/{}/stats", event.id);
    let stats: EdgeStats = read(
        edge.control(reqwest::Method::GET, &path, &serde_json::Value::Null)
            .await,
    )
    .await;
    stats.sessions
}

fn long_sale() -> Event {
    let mut event = Event::on_sale_in(1_000);
    event.put.settings.turn_ms = 60_000;
    event.put.settings.shopping_ms = 600_000;
    event
}

#[tokio::test]
async fn who_leaves_while_shopping_is_out_within_two_seconds_and_nobody_else_is() {
    let (edge, event) = (Edge::new(), long_sale());
    edge.open(&event, 1_000).await;
    let (leaver, other) = (edge.fan(), edge.fan());
    let (ticket, session) = shopping(&edge, &event, &leaver).await;
    let (_, stays) = shopping(&edge, &event, &other).await;
    let (token, stays) = (session.shop_token.unwrap(), stays.shop_token.unwrap());
    assert!(passes(&edge, &token).await && passes(&edge, &stays).await);

    let left_at = leave(&edge, &leaver, &ticket).await;
    while passes(&edge, &token).await {
        let since = now().since(left_at);
        assert!(since <= DEAD_WITHIN_MS, "the token is still good after {since} ms");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(passes(&edge, &stays).await);
    let after = edge.status(&leaver, &ticket).await;
    assert_eq!((after.status, after.shop_token), (QueueStatus::Expired, None));
    leave(&edge, &leaver, &ticket).await; // once more changes nothing
    let everywhere_in = left_at.plus(DEAD_WITHIN_MS).since(now());
    tokio::time::sleep(Duration::from_millis(everywhere_in)).await;
    for _ in 0..20 {
        assert!(!passes(&edge, &token).await, "dead for good, at every instance");
    }
}

#[tokio::test]
async fn who_left_may_join_anew_at_once_and_never_has_two_tokens() {
    let (edge, event) = (Edge::new(), long_sale());
    edge.open(&event, 1_000).await;
    let fan = edge.fan();
    let (first, session) = shopping(&edge, &event, &fan).await;
    let token = session.shop_token.unwrap();
    leave(&edge, &fan, &first).await;
    let (second, again) = shopping(&edge, &event, &fan).await;
    assert!(
        !passes(&edge, &token).await,
        "the second token came while the first was good"
    );
    assert_ne!(first, second);
    let new = again.shop_token.unwrap();
    assert!(new != token && passes(&edge, &new).await);
    assert!(again.shop_expires_at.unwrap() > now().plus(60_000), "a whole session");
}

#[tokio::test]
async fn sessions_are_counted_and_a_leaver_makes_room_within_three_seconds() {
    let (edge, event) = (Edge::new(), long_sale());
    edge.open(&event, 1_000).await;
    let fans = [edge.fan(), edge.fan(), edge.fan()];
    let mut tickets = Vec::new();
    for fan in &fans {
        tickets.push(shopping(&edge, &event, fan).await.0);
    }
    let counted = async |wanted: SessionTotals| {
        let since = now();
        loop {
            let sessions = sessions(&edge, &event).await;
            if sessions == wanted {
                return;
            }
            assert!(now() < since.plus(3_000), "{sessions:?} instead of {wanted:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    counted(totals(3, 0)).await;
    leave(&edge, &fans[1], &tickets[1]).await;
    counted(totals(3, 1)).await;
}

#[tokio::test]
async fn a_session_that_is_over_by_itself_makes_room_too() {
    let (edge, mut event) = (Edge::new(), long_sale());
    event.put.settings.shopping_ms = 10_000;
    edge.open(&event, 1_000).await;
    let fan = edge.fan();
    let (_, session) = shopping(&edge, &event, &fan).await;
    let ends = session.shop_expires_at.unwrap();
    while sessions(&edge, &event).await != totals(1, 1) {
        assert!(now() < ends.plus(6_000), "{:?}", sessions(&edge, &event).await);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(now().plus(1_000) >= ends, "not before its end");
}
