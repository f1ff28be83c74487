//! How the application scores while something that it asks does not answer, or answers late.

use std::time::Duration;

use futures_util::future::join_all;
use http::header;
use stanchion_shared::score::counts::ScoreCounts;

use crate::{
    edge::Edge,
    edge_restored::until_snapshots_are_too_old,
    harness::Event,
    server::{Keeps, Server},
};

const FAR_MS: u64 = 3_600_000;
/// Of an instance without a table, at once.
const MOST_QUESTIONS: u32 = 2;
const TABLE: &str = "203.0.113.0/24 datacentre\n";

/// An edge whose fans come from an address of [`TABLE`], at an instance that is as fresh as its thread.
async fn fresh(server: &Server) -> (Edge, Event) {
    let mut edge = Edge::new(&server.url());
    edge.address = "203.0.113.9".parse().ok();
    edge.table = Some(TABLE);
    let event = Event::on_sale_in(FAR_MS).open(&edge.store()).await;
    (edge, event)
}

async fn counted(edge: &Edge, event: &Event) -> ScoreCounts {
    until_snapshots_are_too_old().await;
    edge.store().snapshot(&event.id).await.unwrap().unwrap().scores
}

#[tokio::test]
async fn a_store_that_cannot_say_who_used_the_same_things_refuses_nobody_and_that_is_counted() {
    let server = Server::start(Keeps::EveryWrite).await;
    let (mut edge, event) = fresh(&server).await;
    edge.table = Some("");
    edge.redis.identifiers_fail = true;
    edge.join(&event.id, "fan").await;
    let counts = counted(&edge, &event).await;
    assert_eq!(
        [
            "tier.human",
            "factor.sightings_unavailable",
            "factor.reputation_unavailable"
        ]
        .map(|name| counts.get(name)),
        [1, 1, 0]
    );
}

#[tokio::test]
async fn all_joins_that_meet_a_fresh_instance_together_wait_for_the_table() {
    let server = Server::start(Keeps::EveryWrite).await;
    let (mut edge, event) = fresh(&server).await;
    edge.origin_thinks = Duration::from_millis(200);
    let fans = ["one", "two", "three", "four", "five", "six"];
    join_all(fans.iter().map(|fan| edge.join(&event.id, fan))).await;
    let counts = counted(&edge, &event).await;
    assert_eq!(
        ["tier.suspect", "factor.datacentre", "factor.reputation_unavailable"].map(|name| counts.get(name)),
        [6, 6, 0]
    );
    assert!(
        (1..=MOST_QUESTIONS).contains(&edge.origin_asked.get()),
        "{}",
        edge.origin_asked.get()
    );
}

#[tokio::test]
async fn joins_that_wait_for_others_questions_wait_a_second_at_most_too() {
    let server = Server::start(Keeps::EveryWrite).await;
    let (mut edge, event) = fresh(&server).await;
    edge.origin_thinks = Duration::from_secs(60);
    let begun = std::time::Instant::now();
    let fans = ["one", "two", "three", "four", "five", "six"];
    join_all(fans.iter().map(|fan| edge.join(&event.id, fan))).await;
    assert!(begun.elapsed() < Duration::from_millis(1_900), "{:?}", begun.elapsed());
    assert!(edge.origin_asked.get() <= MOST_QUESTIONS, "{}", edge.origin_asked.get());
    assert_eq!(counted(&edge, &event).await.get("factor.reputation_unavailable"), 6);
}

#[tokio::test]
async fn a_fresh_instance_takes_the_table_that_another_of_the_data_centre_asked_for() {
    let server = Server::start(Keeps::EveryWrite).await;
    let (edge, event) = fresh(&server).await;
    edge.join(&event.id, "one").await;
    assert_eq!(edge.origin_asked.get(), 1);
    let kept = edge.kept.take();
    assert_eq!(kept.len(), 1);
    for copy in kept.values() {
        assert_eq!(copy.headers()[header::CACHE_CONTROL], "public, max-age=1");
    }
    let (url, id) = (server.url(), event.id.clone());
    // An instance is a thread here.
    let asked = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(async {
            let mut edge = Edge::new(&url);
            edge.address = "203.0.113.9".parse().ok();
            edge.kept = kept.into();
            edge.join(&id, "two").await;
            edge.origin_asked.get()
        })
    });
    assert_eq!(asked.join().unwrap(), 0);
    let counts = counted(&edge, &event).await;
    assert_eq!(
        ["factor.datacentre", "factor.reputation_unavailable"].map(|name| counts.get(name)),
        [2, 0]
    );
}

#[tokio::test]
async fn an_origin_that_does_not_answer_delays_a_join_a_second_at_most_and_the_score_says_so() {
    let server = Server::start(Keeps::EveryWrite).await;
    let (mut edge, event) = fresh(&server).await;
    edge.origin_thinks = Duration::from_secs(60);
    let begun = std::time::Instant::now();
    edge.join(&event.id, "one").await;
    // Right after that nobody asks, and nobody waits.
    edge.join(&event.id, "two").await;
    assert!(begun.elapsed() < Duration::from_millis(1_900), "{:?}", begun.elapsed());
    assert_eq!(edge.origin_asked.get(), 1);
    let counts = counted(&edge, &event).await;
    assert_eq!(
        ["tier.human", "factor.reputation_unavailable", "factor.datacentre"].map(|name| counts.get(name)),
        [2, 2, 0]
    );
    // It answers again.
    edge.origin_thinks = Duration::ZERO;
    edge.join(&event.id, "three").await;
    assert_eq!(counted(&edge, &event).await.get("factor.datacentre"), 1);
}

#[tokio::test]
async fn in_front_of_a_site_nobody_is_asked_for_a_table() {
    let server = Server::start(Keeps::EveryWrite).await;
    let (mut edge, event) = fresh(&server).await;
    edge.in_front_of_a_site(&event.id);
    edge.join(&event.id, "fan").await;
    let counts = counted(&edge, &event).await;
    assert_eq!(
        ["tier.human", "factor.reputation_unavailable"].map(|name| counts.get(name)),
        [1, 0]
    );
    assert_eq!(edge.origin_asked.get(), 0);
}
