//! An event of Stanchion's own origin whose gate is `when_busy`: who joins while nobody waits and there is room is in at
//! once, without a ticket. As soon as there is no room everybody is drawn.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stanchion_harness::{Edge, Event, Fan, now, read, refusal, release, until_effective};
use stanchion_shared::{
    policy::gate::GateMode,
    wire::{EdgeStats, JoinAnswer, PutAccepted, PutRelease, QueueStatus, WalkInAnswer},
};

const AT_ONCE: u32 = 2;

/// Opens an event that lets so many in at once, and waits until every instance knows it.
async fn opened(edge: &Edge) -> Event {
    let mut event = Event::on_sale_in(0);
    event.put.settings.policy.gate.mode = GateMode::WhenBusy;
    event.put.settings.turn_ms = 60_000;
    event.put.settings.shopping_ms = 600_000;
    read::<Value>(edge.put_event(&event).await).await;
    let release = PutRelease {
        at_once: Some(AT_ONCE),
        ..release(event.put.version + 1, 100)
    };
    let accepted: PutAccepted = read(edge.put_release(&event, &release).await).await;
    // On Spin a release holds a little later.
    let holds_in = accepted.effective_at.since(now()) + 500;
    tokio::time::sleep(Duration::from_millis(holds_in)).await;
    event
}

async fn join(edge: &Edge, event: &Event, fan: &Fan) -> Value {
    let captcha_token = edge.solved(&event.id, fan).await;
    read(edge.join_with(&event.id, fan, &captcha_token).await).await
}

/// Joins, and must be in.
async fn walk_in(edge: &Edge, event: &Event, fan: &Fan) -> WalkInAnswer {
    let answer = join(edge, event, fan).await;
    serde_json::from_value(answer.clone()).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// The status that a shop token gets from the gate; what the origin says does not matter.
async fn passes(edge: &Edge, token: &str) -> bool {
    let cart = edge.http.get(format!("{}/api/v1/cart", edge.url));
    cart.header("shop-token", token).send().await.unwrap().status() != 401
}

async fn stats(edge: &Edge, event: &Event) -> EdgeStats {
    let path = format!("/api/v1/control/events/{}/stats", event.id);
    read(edge.control(Method::GET, &path, &Value::Null).await).await
}

/// Waits until so many sessions run, as the coordinator was told.
async fn until_active(edge: &Edge, event: &Event, active: u64) {
    let deadline = now().plus(15_000);
    loop {
        let sessions = stats(edge, event).await.sessions;
        if sessions.active() == active {
            return;
        }
        assert!(now() < deadline, "{sessions:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn who_joins_while_there_is_room_is_in_at_once_and_then_everybody_is_drawn() {
    let edge = Edge::new();
    let event = opened(&edge).await;
    let (first, second) = (edge.fan(), edge.fan());
    let came = walk_in(&edge, &event, &first).await;
    assert_eq!((came.status, &came.queue_token), (QueueStatus::YourTurn, &None));
    assert!(passes(&edge, &came.shop_token).await);
    let again = walk_in(&edge, &event, &first).await;
    assert_eq!(again.shop_expires_at, came.shop_expires_at, "the same session");
    walk_in(&edge, &event, &second).await;
    until_active(&edge, &event, u64::from(AT_ONCE)).await;

    let third = edge.fan();
    let queued: JoinAnswer = serde_json::from_value(join(&edge, &event, &third).await).unwrap();
    assert!(!queued.queue_token.is_empty() && !queued.receipt.is_empty());
    // The origin lets in whom it calls: its meter keeps within its limit.
    let called = [QueueStatus::YourTurn];
    let answer = edge.status_until(&third, &queued.queue_token, &called).await;
    assert!(answer.shop_token.is_some(), "{answer:?}");
    let sessions = stats(&edge, &event).await.sessions;
    assert_eq!(sessions.walked_in, u64::from(AT_ONCE));
}

#[tokio::test]
async fn who_came_in_without_a_turn_leaves_by_the_shop_token_and_the_next_one_is_in() {
    let edge = Edge::new();
    let event = opened(&edge).await;
    let (first, second) = (edge.fan(), edge.fan());
    let came = walk_in(&edge, &event, &first).await;
    walk_in(&edge, &event, &second).await;
    until_active(&edge, &event, u64::from(AT_ONCE)).await;

    let leave = |token: Option<&str>| {
        let request = edge
            .http
            .post(format!("{}/api/v1/queue/leave", edge.url))
            .json(&json!({}));
        token
            .into_iter()
            .fold(request, |request, token| request.header("shop-token", token))
    };
    let nobody = leave(None).send().await.unwrap();
    assert_eq!(refusal(nobody).await, (401, "unauthorized".to_owned()));
    let left: Value = read(leave(Some(&came.shop_token)).send().await.unwrap()).await;
    assert_eq!(left["left"], true);
    until_effective().await;
    assert!(!passes(&edge, &came.shop_token).await);
    until_active(&edge, &event, u64::from(AT_ONCE) - 1).await;
    until_effective().await;
    let third = edge.fan();
    assert!(passes(&edge, &walk_in(&edge, &event, &third).await.shop_token).await);
}

#[tokio::test]
async fn without_a_word_of_the_origin_nobody_is_in_without_a_turn() {
    let edge = Edge::new();
    let mut event = Event::on_sale_in(0);
    event.put.settings.policy.gate.mode = GateMode::WhenBusy;
    edge.open(&event, 100).await;
    until_effective().await;
    let fan = edge.fan();
    let queued: JoinAnswer = serde_json::from_value(join(&edge, &event, &fan).await).unwrap();
    assert!(!queued.queue_token.is_empty());
}
