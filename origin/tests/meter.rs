//! The meter against a real PostgreSQL and Redis: it admits, holds, catches up and takes over.

use crate::harness::{Fan, TestOrigin, eventually, send, shop_token, small_event};
use reqwest::Method;
use serde_json::json;
use stanchion_origin::{
    config::Config,
    meter::sessions::EMPTIED_AGAIN_MS,
    state::{App, SharedApp},
};
use stanchion_shared::{
    ids::EventId,
    sessions::{EndedSession, NewestEnded, SessionMark},
    wire::PutRelease,
};

fn rate(put: &PutRelease) -> u64 {
    put.rate_per_second.milli()
}

#[tokio::test]
async fn an_empty_shop_is_filled_at_the_admins_limit_under_a_lease_of_ten_seconds() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    eventually("the limit is reached", async || {
        origin.edge.release(&id).is_some_and(|put| rate(&put) == 100_000)
    })
    .await;
    let put = origin.edge.release(&id).unwrap();
    assert_eq!((put.lease_ms, put.paused, put.sold_out), (10_000, false, false));
}

#[tokio::test]
async fn versions_grow_with_every_message() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    eventually("three releases", async || {
        origin.edge.told(&id).is_some_and(|told| told.releases.len() >= 3)
    })
    .await;
    let versions: Vec<u64> = origin
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
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    origin.edge.change(&id, |told| told.version = 1_000_000);
    eventually("a later one", async || {
        origin.edge.release(&id).is_some_and(|put| put.version > 1_000_000)
    })
    .await;
}

#[tokio::test]
async fn an_edge_that_forgot_the_event_is_told_again() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    origin.edge.forget(&id);
    eventually("it knows the event", async || origin.edge.release(&id).is_some()).await;
}

#[tokio::test]
async fn fans_on_their_way_count_as_shoppers() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    eventually("the meter looks", async || origin.edge.release(&id).is_some()).await;
    origin
        .edge
        .change(&id, |told| (told.served, told.last_place) = (400, 400));
    eventually("the shop is full", async || {
        origin.edge.release(&id).is_some_and(|put| rate(&put) == 0)
    })
    .await;
}

#[tokio::test]
async fn the_limits_are_followed_within_seconds() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let limits = json!({"most_per_second": 3});
    origin
        .admin(Method::PUT, &format!("/events/{id}/limits"), Some(&limits))
        .await
        .ok();
    eventually("it is slower", async || {
        origin.edge.release(&id).is_some_and(|put| rate(&put) == 3_000)
    })
    .await;
}

#[tokio::test]
async fn one_events_trouble_is_not_anothers() {
    let origin = TestOrigin::new().await;
    let troubled = origin.launch(&small_event()).await;
    origin.edge.break_event(&troubled);
    let well = origin.launch(&small_event()).await;
    eventually("the other is metered", async || origin.edge.release(&well).is_some()).await;
}

#[tokio::test]
async fn a_session_counts_from_its_first_guarded_request_until_it_completes() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let event = EventId::parse(&id).unwrap();
    let count = async || origin.app.sessions.count(&event, 0).await.unwrap();
    eventually("the keys are there", async || origin.app.edge_keys.have_shop_keys()).await;
    let (token, claims) = shop_token("fan", &id, 600);
    let request = || origin.request(Method::GET, &format!("/api/v1/events/{id}/seats?section=A"));
    for _ in 0..3 {
        send(request().header("shop-token", &token)).await.ok();
    }
    assert_eq!((count().await.shopping, count().await.seen_after), (1, 1));
    origin.app.sessions.completed(&claims).await.unwrap();
    assert_eq!((count().await.shopping, count().await.seen_after), (0, 1));
    // Another origin that has not seen the session yet must not bring it back.
    let other = another_origin(&origin).await;
    other.sessions.seen(&claims).await;
    assert_eq!(count().await.shopping, 0);
    // Its place is 1: among those after 1 nobody was seen.
    assert_eq!(origin.app.sessions.count(&event, 1).await.unwrap().seen_after, 0);
}

#[tokio::test]
async fn a_session_that_is_over_does_not_count() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let event = EventId::parse(&id).unwrap();
    let (_, claims) = shop_token("fan", &id, 2);
    origin.app.sessions.seen(&claims).await;
    assert_eq!(origin.app.sessions.shopping(&event).await.unwrap(), 1);
    eventually("it is over", async || {
        origin.app.sessions.shopping(&event).await.unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn who_leaves_makes_room_for_the_next_fan_within_seconds_and_gives_the_seats_back() {
    let origin = TestOrigin::new().await;
    let mut event = small_event();
    event["limits"]["lock_ms"] = json!(600_000);
    let id = origin.launch(&event).await;
    let limits = json!({"most_shoppers": 1});
    origin
        .admin(Method::PUT, &format!("/events/{id}/limits"), Some(&limits))
        .await
        .ok();
    eventually("the keys are there", async || origin.app.edge_keys.have_shop_keys()).await;
    let (leaver, next) = (Fan::new(&id), Fan::new(&id));
    origin.lock(&leaver, &["A-1-1", "A-1-2"]).await.ok();
    origin.lock(&leaver, &["B-1-1"]).await.ok();
    let is_full = async || origin.edge.release(&id).is_some_and(|put| rate(&put) == 0);
    eventually("one shopper is as many as may be", is_full).await;

    let session = SessionMark::of(&leaver.claims.jti).unwrap();
    let until = leaver.claims.exp;
    origin.edge.change(&id, |told| {
        told.ended = NewestEnded {
            begin: 0,
            end: 1,
            newest: vec![EndedSession { session, until }],
        };
    });
    let left_at = std::time::Instant::now();
    let has_room = async || origin.edge.release(&id).is_some_and(|put| rate(&put) > 0);
    eventually("the next fan is let in", has_room).await;
    assert!(left_at.elapsed().as_secs() < 5, "{:?}", left_at.elapsed());
    let event = EventId::parse(&id).unwrap();
    for section in ["A", "B"] {
        eventually("the seats are free", async || {
            origin.seats(&next, section).await["locked"] == 0
        })
        .await;
    }
    // The request of `next` counts, and one of the leaver that was on its way brings nothing back.
    let other = another_origin(&origin).await;
    other.sessions.seen(&leaver.claims).await;
    assert_eq!(origin.app.sessions.shopping(&event).await.unwrap(), 1);
    origin.lock(&next, &["A-1-1"]).await.ok();
}

#[tokio::test]
async fn a_session_that_was_ended_before_any_origin_saw_it_never_counts() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let event = EventId::parse(&id).unwrap();
    let (_, claims) = shop_token("fan", &id, 600);
    let session = SessionMark::of(&claims.jti).unwrap();
    let until = claims.exp;
    let ended = [EndedSession { session, until }];
    assert!(origin.app.sessions.end(&event, &ended).await.unwrap().is_empty());
    origin.app.sessions.seen(&claims).await;
    assert_eq!(origin.app.sessions.shopping(&event).await.unwrap(), 0);
}

#[tokio::test]
async fn an_ended_session_is_named_until_no_request_of_it_can_be_on_its_way() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let event = EventId::parse(&id).unwrap();
    let (_, claims) = shop_token("fan", &id, 600);
    origin.app.sessions.seen(&claims).await;
    let session = SessionMark::of(&claims.jti).unwrap();
    let until = claims.exp;
    let named = async || {
        let ended = [EndedSession { session, until }];
        let named = origin.app.sessions.end(&event, &ended).await.unwrap();
        origin.app.sessions.carts_emptied(&event, &named).await.unwrap();
        named
    };
    let (began, seen) = (std::time::Instant::now(), vec![claims.jti.clone()]);
    assert_eq!(named().await, seen);
    assert_eq!(origin.app.sessions.shopping(&event).await.unwrap(), 0, "at once");
    eventually("it is forgotten", async || named().await.is_empty()).await;
    assert!(
        began.elapsed().as_millis() as u64 >= EMPTIED_AGAIN_MS,
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_refused_token_records_no_session() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    let (token, _) = shop_token("fan", &id, -1);
    let request = origin.request(Method::GET, &format!("/api/v1/events/{id}/seats?section=A"));
    send(request.header("shop-token", token)).await;
    let event = EventId::parse(&id).unwrap();
    assert_eq!(origin.app.sessions.shopping(&event).await.unwrap(), 0);
}

#[tokio::test]
async fn when_the_metering_origin_goes_another_takes_over() {
    let origin = TestOrigin::new().await;
    let id = origin.launch(&small_event()).await;
    eventually("the first meters", async || origin.edge.release(&id).is_some()).await;
    let other = another_origin(&origin).await;
    let _database = origin.database.clone();
    let (edge, successor) = (origin.edge.clone(), tokio::spawn(other.meter().run()));
    // Its loops stop and its connections close, as when its process ends.
    drop(origin);
    let before = edge.told(&id).unwrap().releases.len();
    eventually("the second meters", async || {
        edge.told(&id).unwrap().releases.len() > before + 2
    })
    .await;
    successor.abort();
}

/// A second origin on the same database and Redis; it serves nothing.
async fn another_origin(origin: &TestOrigin) -> SharedApp {
    let config = Config::from_lookup(|name| origin.variables.get(name).cloned()).unwrap();
    App::connect(config).await.unwrap()
}
