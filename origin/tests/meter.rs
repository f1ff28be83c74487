//! The meter against a real PostgreSQL and Redis: it admits, holds, catches up and takes over.

mod stage;

use reqwest::Method;
use serde_json::json;
use stage::{Stage, eventually, send, shop_token, small_event};
use stanchion_origin::{
    config::Config,
    meter::sessions,
    state::{App, SharedApp},
};
use stanchion_shared::{identity::EventId, wire::PutRelease};

fn rate(put: &PutRelease) -> u64 {
    put.rate_per_second.milli()
}

#[tokio::test]
async fn an_empty_shop_is_filled_at_the_admins_limit_under_a_lease_of_ten_seconds() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    eventually("the limit is reached", async || {
        stage.edge.release(&id).is_some_and(|put| rate(&put) == 100_000)
    })
    .await;
    let put = stage.edge.release(&id).unwrap();
    assert_eq!((put.lease_ms, put.paused, put.sold_out), (10_000, false, false));
}

#[tokio::test]
async fn versions_grow_with_every_message() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    eventually("three releases", async || {
        stage.edge.told(&id).is_some_and(|told| told.releases.len() >= 3)
    })
    .await;
    let versions: Vec<u64> = stage
        .edge
        .told(&id)
        .unwrap()
        .releases
        .iter()
        .map(|put| put.version)
        .collect();
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]), "{versions:?}");
}

#[tokio::test]
async fn an_edge_that_has_seen_later_versions_is_caught_up_with() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    stage.edge.change(&id, |told| told.version = 1_000_000);
    eventually("a later one", async || {
        stage.edge.release(&id).is_some_and(|put| put.version > 1_000_000)
    })
    .await;
}

#[tokio::test]
async fn an_edge_that_forgot_the_event_is_told_again() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    stage.edge.forget(&id);
    eventually("it knows the event", async || stage.edge.release(&id).is_some()).await;
}

#[tokio::test]
async fn fans_on_their_way_count_as_shoppers() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    eventually("the meter looks", async || stage.edge.release(&id).is_some()).await;
    stage
        .edge
        .change(&id, |told| (told.served, told.last_place) = (400, 400));
    eventually("the shop is full", async || {
        stage.edge.release(&id).is_some_and(|put| rate(&put) == 0)
    })
    .await;
}

#[tokio::test]
async fn the_limits_are_followed_within_seconds() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    let limits = json!({"most_per_second": 3});
    stage
        .admin(Method::PUT, &format!("/events/{id}/limits"), Some(&limits))
        .await
        .ok();
    eventually("it is slower", async || {
        stage.edge.release(&id).is_some_and(|put| rate(&put) == 3_000)
    })
    .await;
}

#[tokio::test]
async fn one_events_trouble_is_not_anothers() {
    let stage = Stage::new().await;
    let troubled = stage.launch(&small_event()).await;
    stage.edge.break_event(&troubled);
    let well = stage.launch(&small_event()).await;
    eventually("the other is metered", async || stage.edge.release(&well).is_some()).await;
}

#[tokio::test]
async fn a_session_counts_from_its_first_gated_request_until_it_completes() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    let event = EventId::parse(&id).unwrap();
    let count = async || sessions::count(&stage.app, &event, 0).await.unwrap();
    eventually("the keys are there", async || stage.app.keys.have_shop_keys()).await;
    let (token, claims) = shop_token("fan", &id, 600);
    let request = || stage.request(Method::GET, &format!("/api/v1/events/{id}/seats?section=A"));
    for _ in 0..3 {
        send(request().header("shop-token", &token)).await.ok();
    }
    assert_eq!((count().await.shopping, count().await.seen_after), (1, 1));
    sessions::completed(&stage.app, &claims).await.unwrap();
    assert_eq!((count().await.shopping, count().await.seen_after), (0, 1));
    // Another origin that has not seen the session yet must not bring it back.
    let other = another_origin(&stage).await;
    sessions::seen(&other, &claims).await;
    assert_eq!(count().await.shopping, 0);
    // Its place is 1: among those after 1 nobody was seen.
    assert_eq!(sessions::count(&stage.app, &event, 1).await.unwrap().seen_after, 0);
}

#[tokio::test]
async fn a_session_that_is_over_does_not_count() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    let event = EventId::parse(&id).unwrap();
    let (_, claims) = shop_token("fan", &id, 2);
    sessions::seen(&stage.app, &claims).await;
    assert_eq!(sessions::shopping(&stage.app, &event).await.unwrap(), 1);
    eventually("it is over", async || {
        sessions::shopping(&stage.app, &event).await.unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn a_refused_token_records_no_session() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    let (token, _) = shop_token("fan", &id, -1);
    let request = stage.request(Method::GET, &format!("/api/v1/events/{id}/seats?section=A"));
    send(request.header("shop-token", token)).await;
    let event = EventId::parse(&id).unwrap();
    assert_eq!(sessions::shopping(&stage.app, &event).await.unwrap(), 0);
}

#[tokio::test]
async fn when_the_metering_origin_goes_another_takes_over() {
    let stage = Stage::new().await;
    let id = stage.launch(&small_event()).await;
    eventually("the first meters", async || stage.edge.release(&id).is_some()).await;
    let other = another_origin(&stage).await;
    let _database = stage.database.clone();
    let (edge, successor) = (stage.edge.clone(), tokio::spawn(stanchion_origin::meter::run(other)));
    // Its loops stop and its connections close, as when its process ends.
    drop(stage);
    let before = edge.told(&id).unwrap().releases.len();
    eventually("the second meters", async || {
        edge.told(&id).unwrap().releases.len() > before + 2
    })
    .await;
    successor.abort();
}

/// A second origin on the same database and Redis; it serves nothing.
async fn another_origin(stage: &Stage) -> SharedApp {
    let config = Config::from_lookup(|name| stage.variables.get(name).cloned()).unwrap();
    App::connect(config).await.unwrap()
}
