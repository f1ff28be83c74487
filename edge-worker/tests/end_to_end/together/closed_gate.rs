//! A gate that an admin has closed for all (`reject`): no fan gets in, and no fan loses a turn or a session by it.

use std::time::Duration;

use serde_json::Value;
use stanchion_harness::{Edge, Event, Fan, now, read, refusal, release, until_effective};
use stanchion_shared::{
    policy::gate::GateMode,
    snapshot::Phase,
    wire::{PutAccepted, QueueStatus, StatusAnswer},
};

/// Closes or opens the gate, and lets the origin speak as its meter does.
async fn set(edge: &Edge, event: &mut Event, mode: GateMode) {
    event.put.version += 10;
    event.put.settings.policy.gate.mode = mode;
    let accepted: PutAccepted = read(edge.put_event(event).await).await;
    read::<Value>(edge.put_release(event, &release(event.put.version + 1, 1_000)).await).await;
    until_effective().await;
    tokio::time::sleep(Duration::from_millis(accepted.effective_at.since(now()))).await;
}

/// The status for a client that shows the queue ticket without an account token: it sees a turn and does not claim it.
async fn unclaimed(edge: &Edge, ticket: &str) -> QueueStatus {
    read::<StatusAnswer>(edge.status_response(None, ticket).await)
        .await
        .status
}

#[tokio::test]
async fn a_turn_that_came_and_a_session_that_began_are_there_when_the_gate_opens_again() {
    let (edge, mut event) = (Edge::new(), Event::on_sale_in(2_000));
    edge.open(&event, 1_000).await;
    let (shopper, waiter): (Fan, Fan) = (edge.fan(), edge.fan());
    let shoppers = edge.join(&event.id, &shopper).await.queue_token;
    let waiters = edge.join(&event.id, &waiter).await.queue_token;
    let session = edge.status_until(&shopper, &shoppers, &[QueueStatus::YourTurn]).await;
    let before = session.shop_expires_at.unwrap();
    while unclaimed(&edge, &waiters).await != QueueStatus::YourTurn {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let closed_from = now();
    set(&edge, &mut event, GateMode::Reject).await;
    let late = edge.fan();
    // Longer than a turn waits or a session lasts.
    while now() < closed_from.plus(event.put.settings.turn_ms.max(event.put.settings.shopping_ms) + 3_000) {
        for (fan, ticket) in [(&shopper, &shoppers), (&waiter, &waiters)] {
            let told = edge.status(fan, ticket).await;
            assert_eq!((told.status, told.shop_token), (QueueStatus::Paused, None));
        }
        let joined = refusal(edge.join_with(&event.id, &late, "").await).await;
        assert_eq!(joined, (503, "gate_closed".to_owned()));
        let cart = edge.http.get(format!("{}/api/v1/cart", edge.url));
        let cart = cart.header("shop-token", session.shop_token.as_ref().unwrap());
        let (status, word) = refusal(cart.send().await.unwrap()).await;
        let closed = (status, word.as_str()) == (503, "gate_closed");
        // A token that is over meanwhile is that first of all.
        let over = (status, word.as_str()) == (401, "shop_token_expired") && now() >= before;
        assert!(closed || over, "{status} {word}");
        assert_eq!(edge.queue(&event.id).await.phase, Phase::Stopped);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    set(&edge, &mut event, GateMode::Queue).await;
    let closed_ms = now().since(closed_from) - 2 * 2_000;
    let again = edge.status_until(&shopper, &shoppers, &[QueueStatus::YourTurn]).await;
    let ends = again.shop_expires_at.unwrap();
    assert!(
        ends >= before.plus(closed_ms - 2_000),
        "{ends} after {before}, closed for {closed_ms} ms"
    );
    let turn = edge.status_until(&waiter, &waiters, &[QueueStatus::YourTurn]).await;
    assert!(turn.shop_token.is_some());
    let stops = read::<Value>(edge.get(&format!("/api/v1/events/{}/schedule", event.id)).await).await;
    assert_eq!(stops["stops"].as_array().map(Vec::len), Some(1), "{stops}");
}
