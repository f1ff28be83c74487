//! An origin that is busy, and an origin without its edge.

use reqwest::Method;
use stanchion_origin::state::MAX_IN_FLIGHT;

use crate::harness::{self, Edge, TestOrigin, event_id, send, shop_token};

#[tokio::test]
async fn while_the_edge_is_away_nobody_is_let_in_and_afterwards_everybody_without_a_restart() {
    let edge = Edge::start().await;
    edge.set_down(true);
    let origin = TestOrigin::behind(edge, &[], |_| ()).await;
    let token = shop_token("fan", &event_id(), 600).0;
    let cart = async || send(origin.request(Method::GET, "/api/v1/cart").header("shop-token", &token)).await;
    let answer = cart().await;
    assert_eq!(
        (answer.status.as_u16(), answer.word().as_str()),
        (503, "shop_keys_unavailable")
    );
    assert_eq!(answer.headers["retry-after"], "1");
    origin.edge.set_down(false);
    harness::eventually("tokens can be checked", async || {
        cart().await.word() != "shop_keys_unavailable"
    })
    .await;
}

#[tokio::test]
async fn when_there_is_too_much_to_do_the_next_one_is_told_at_once() {
    let origin = TestOrigin::new().await;
    let all = u32::try_from(MAX_IN_FLIGHT).unwrap();
    let busy = origin.app.in_flight.acquire_many(all).await.unwrap();
    let answer = origin.get("/api/v1/events").await;
    assert_eq!((answer.status.as_u16(), answer.word().as_str()), (503, "overloaded"));
    assert_eq!(origin.get("/healthz").await.text, "ok", "a busy process is alive");
    drop(busy);
    origin.get("/api/v1/events").await.ok();
}

#[tokio::test]
async fn the_process_says_that_it_is_alive() {
    let origin = TestOrigin::new().await;
    assert_eq!(origin.get("/healthz").await.text, "ok");
}
