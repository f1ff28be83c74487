//! The whole application while its Redis is away or comes back as an older copy.

use http::{Method, header};
use serde_json::{Value, json};
use stanchion_shared::ids::EventId;

use crate::{
    edge::Edge,
    harness::Event,
    server::{Keeps, Server},
};

fn fans(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}-{number}")).collect()
}

async fn join_all(edge: &Edge, event: &EventId, fans: &[String]) -> Vec<Value> {
    let mut tickets = Vec::new();
    for fan in fans {
        tickets.push(edge.join(event, fan).await["queue_token"].clone());
    }
    tickets
}

/// A restore takes longer than a snapshot may be old.
pub(crate) async fn until_snapshots_are_too_old() {
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
}

#[tokio::test]
async fn fans_whose_tickets_an_older_copy_lost_are_told_to_join_again_and_then_have_a_place() {
    let mut server = Server::start(Keeps::Copies).await;
    let edge = Edge::new(&server.url());
    let mut event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let (kept, lost) = (fans("kept", 8), fans("lost", 8));
    let kept_tickets = join_all(&edge, &event.id, &kept).await;
    let copy = server.copy().await;
    let lost_tickets = join_all(&edge, &event.id, &lost).await;
    server.restore(&copy).await;
    until_snapshots_are_too_old().await;

    for (fan, ticket) in kept.iter().zip(&kept_tickets) {
        let (status, told) = edge.status(fan, ticket).await;
        assert_eq!((status, &told["status"]), (200, &json!("pre_queue")), "{told}");
    }
    for (fan, ticket) in lost.iter().zip(&lost_tickets) {
        let (status, told) = edge.status(fan, ticket).await;
        assert_eq!((status, &told["error"]), (410, &json!("ticket_lost")), "{told}");
    }
    let new_tickets = join_all(&edge, &event.id, &lost).await;
    event.on_sale_now_in(&edge.redis, 300).await;
    let mut places = Vec::new();
    for (fan, ticket) in kept.iter().zip(&kept_tickets).chain(lost.iter().zip(&new_tickets)) {
        places.push(edge.place(fan, ticket).await["position"].as_u64().unwrap());
    }
    places.sort_unstable();
    assert_eq!(places, (1..=16).collect::<Vec<_>>());
    let (status, told) = edge.status(&lost[0], &lost_tickets[0]).await;
    assert_eq!((status, &told["error"]), (410, &json!("ticket_lost")), "{told}");
}

#[tokio::test]
async fn a_place_of_a_record_that_was_lost_is_drawn_again_although_the_ticket_holds_it() {
    let mut server = Server::start(Keeps::Copies).await;
    let edge = Edge::new(&server.url());
    let mut event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let (kept, lost) = (fans("kept", 8), fans("lost", 8));
    let tickets = join_all(&edge, &event.id, &kept).await;
    event.on_sale_now_in(&edge.redis, 3_000).await;
    let copy = server.copy().await;
    let lost_tickets = join_all(&edge, &event.id, &lost).await;
    let mut with_place = Vec::new();
    for (fan, ticket) in kept.iter().zip(&tickets) {
        with_place.push(edge.place(fan, ticket).await["queue_token"].clone());
    }
    let lost_with_place = edge.place(&lost[0], &lost_tickets[0]).await["queue_token"].clone();
    assert_ne!(with_place, tickets);

    server.restore(&copy).await;
    until_snapshots_are_too_old().await;
    let mut places = Vec::new();
    for (fan, ticket) in kept.iter().zip(&with_place) {
        let told = edge.place(fan, ticket).await;
        places.push(told["position"].as_u64().unwrap());
        assert_ne!(
            told["queue_token"], *ticket,
            "it is signed anew with the place that holds"
        );
    }
    places.sort_unstable();
    assert_eq!(places, (1..=8).collect::<Vec<_>>());
    let (status, told) = edge.status(&lost[0], &lost_with_place).await;
    assert_eq!((status, &told["error"]), (410, &json!("ticket_lost")), "{told}");
}

#[tokio::test]
async fn while_redis_is_away_a_poll_repeats_where_the_ticket_stood_and_leaving_is_503_until_it_is_back() {
    let mut server = Server::start(Keeps::EveryWrite).await;
    let edge = Edge::new(&server.url());
    let event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let ticket = edge.join(&event.id, "fan").await["queue_token"].clone();
    server.kill();
    until_snapshots_are_too_old().await;
    let (status, told) = edge.status("fan", &ticket).await;
    assert_eq!((status, &told["status"]), (200, &json!("pre_queue")), "{told}");
    assert!(told["as_of"].is_string(), "{told}");
    let body = Some(json!({ "queue_token": ticket }));
    let (status, response, told) = edge.ask_whole(Method::POST, "/api/v1/queue/leave", "fan", body).await;
    assert_eq!((status, &told["error"]), (503, &json!("unavailable")), "{told}");
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    server.run().await;
    let mut tries = 0;
    while edge.status("fan", &ticket).await.1["as_of"].is_string() {
        tries += 1;
        assert!(tries < 80, "it does not heal");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
