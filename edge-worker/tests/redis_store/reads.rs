//! The whole application while Redis is silent, which is worse than dead, and under floods of what can
//! be answered without it.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use http::{Method, header};
use serde_json::{Value, json};
use stanchion_edge::{
    app::{self, Answer},
    platform::{EVENTS_PER_READ, MOST_EVENTS, PutOutcome, QueueStore},
    spin::store::{Redis, Store},
};
use stanchion_shared::{
    ids::{Draw, EventId, Place},
    meter::SiteAnswers,
    policy::gate::GateMode,
    polling::EARLY_POLL_MS,
    shop_token::{self, AUDIENCE, ShopClaims},
    wire::WINDOWS_PER_PAGE,
};

use crate::{
    connection::Native,
    edge::Edge,
    harness::{Event, now, signing_keys, stack_redis},
    server::{Keeps, Server},
};

/// Longer than a snapshot is current.
const UNTIL_OLD: Duration = Duration::from_millis(2_100);
/// A request that waits for one question to a silent part ends by then.
const ENDS_WITHIN: Duration = Duration::from_millis(1_600);
const MANY: usize = 60;

async fn opened() -> (Edge, Event) {
    let edge = Edge::new(&stack_redis());
    let event = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    (edge, event)
}

fn shop_token(event: &EventId) -> String {
    let claims = ShopClaims {
        iss: "cd".repeat(32),
        aud: AUDIENCE.to_owned(),
        sub: "shopper".to_owned(),
        jti: "session".to_owned(),
        iat: now().floor_seconds(),
        nbf: None,
        began_ms: None,
        ends_ms: None,
        exp: now().floor_seconds() + 600,
        event: event.clone(),
        place: Some(Place(1)),
        tag: None,
    };
    shop_token::sign(&signing_keys(), &claims)
}

/// A shopper's request for the cart.
async fn cart(edge: &Edge, event: &EventId) -> u16 {
    let request = http::Request::builder()
        .uri("/api/v1/cart")
        .header("shop-token", shop_token(event));
    match app::handle(edge, request.body(Vec::new()).unwrap()).await {
        Answer::Own(response) => response.status().as_u16(),
        Answer::Site(answer) => match answer.into_parts().2 {},
    }
}

#[tokio::test]
async fn while_redis_is_silent_many_polls_make_one_question_and_repeat_where_each_stood() {
    let (edge, event) = opened().await;
    let ticket = edge.join(&event.id, "fan").await["queue_token"].clone();
    let (status, before) = edge.status("fan", &ticket).await;
    assert_eq!((status, &before["as_of"]), (200, &Value::Null), "{before}");

    edge.redis.is_silent.set(true);
    tokio::time::sleep(UNTIL_OLD).await;
    edge.redis.asked.set(0);
    let began = Instant::now();
    let polls = join_all((0..MANY).map(|_| edge.status("fan", &ticket))).await;
    assert!(began.elapsed() < ENDS_WITHIN, "{:?}", began.elapsed());
    assert_eq!(edge.redis.asked.get(), 1, "one question for all");
    for (status, told) in polls {
        assert_eq!((status, &told["status"]), (200, &json!("pre_queue")), "{told}");
        assert!(told["as_of"].is_string(), "it says that it is old: {told}");
        assert!(
            told["poll_after_ms"].as_u64().is_some_and(|ms| ms > EARLY_POLL_MS),
            "{told}"
        );
    }
    // For five seconds, ten polls a second: the part is asked less and less.
    edge.redis.asked.set(0);
    for _ in 0..50 {
        let began = Instant::now();
        assert_eq!(edge.status("fan", &ticket).await.0, 200);
        assert!(began.elapsed() < ENDS_WITHIN, "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(edge.redis.asked.get() <= 5, "{} questions", edge.redis.asked.get());

    edge.redis.is_silent.set(false);
    let healed = Instant::now();
    while edge.status("fan", &ticket).await.1["as_of"].is_string() {
        assert!(healed.elapsed() < Duration::from_secs(8), "it does not heal");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn while_redis_is_silent_shoppers_shop_and_joins_are_told_to_come_again_at_once() {
    let (edge, event) = opened().await;
    edge.origin_is_there.set(true);
    assert_eq!(cart(&edge, &event.id).await, 200);
    let queue = format!("/api/v1/events/{}/queue", event.id);
    assert_eq!(edge.ask(Method::GET, &queue, "fan", None).await.0, 200);

    edge.redis.is_silent.set(true);
    tokio::time::sleep(UNTIL_OLD).await;
    let began = Instant::now();
    let carts = join_all((0..MANY).map(|_| cart(&edge, &event.id))).await;
    assert!(carts.iter().all(|&status| status == 200), "{carts:?}");
    let (status, told) = edge.ask(Method::GET, &queue, "fan", None).await;
    assert_eq!(status, 200, "{told}");
    let body = json!({ "event_id": event.id, "device_fingerprint": "", "captcha_token": "" });
    let join = || edge.ask_whole(Method::POST, "/api/v1/queue/join", "fan", Some(body.clone()));
    let joins = join_all((0..MANY).map(|_| join())).await;
    assert!(began.elapsed() < 2 * ENDS_WITHIN, "{:?}", began.elapsed());
    for (status, response, told) in joins {
        assert_eq!((status, &told["error"]), (503, &json!("unavailable")), "{told}");
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }
}

/// An instance that was not asked for a while knows nothing of what has changed since.
#[tokio::test]
async fn who_finds_an_old_snapshot_while_another_request_reads_a_new_one_waits_for_it() {
    let (edge, event) = opened().await;
    edge.origin_is_there.set(true);
    assert_eq!(cart(&edge, &event.id).await, 200);
    let redis = Native::new(&stack_redis());
    let keys = signing_keys();
    let mut closed = event.put.clone();
    closed.version += 1;
    closed.settings.policy.gate.mode = GateMode::Reject;
    let put = Store::new(&redis, &keys).put_event(&event.id, closed).await.unwrap();
    assert!(matches!(put, PutOutcome::Accepted(_)), "{put:?}");
    tokio::time::sleep(UNTIL_OLD).await;
    edge.redis.delay.set(Duration::from_millis(200));
    let carts = join_all((0..MANY).map(|_| cart(&edge, &event.id))).await;
    assert!(
        carts.iter().all(|&status| status == 503),
        "the gate is closed: {carts:?}"
    );
}

/// On Spin an instance lives for moments: the next one knows nothing of its own.
#[tokio::test]
async fn an_instance_that_begins_while_redis_is_silent_knows_what_those_before_it_knew() {
    let (edge, event) = opened().await;
    edge.origin_is_there.set(true);
    let ticket = edge.join(&event.id, "fan").await["queue_token"].clone();
    edge.redis.is_silent.set(true);
    tokio::time::sleep(UNTIL_OLD).await;
    let nearby = edge.nearby.take();
    let id = event.id.clone();
    // A thread has an instance's memory: this one is empty.
    let begun = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let edge = Edge::new(&stack_redis());
            edge.nearby.replace(nearby);
            edge.origin_is_there.set(true);
            edge.redis.is_silent.set(true);
            (cart(&edge, &id).await, edge.status("fan", &ticket).await)
        })
    });
    let (cart, (status, told)) = begun.join().unwrap();
    assert_eq!((cart, status), (200, 200), "{told}");
    assert!(told["as_of"].is_string(), "{told}");
}

#[tokio::test]
async fn invented_events_reach_redis_a_few_times_a_second_and_leave_nothing_behind() {
    let (edge, event) = opened().await;
    let queue = format!("/api/v1/events/{}/queue", event.id);
    assert_eq!(edge.ask(Method::GET, &queue, "fan", None).await.0, 200);
    edge.redis.asked.set(0);
    let began = Instant::now();
    for round in 0..10 {
        let asked = (0..100).map(|number| {
            let (invented, edge) = (format!("{}-{round}-{number}", event.id), &edge);
            let path = match number % 4 {
                0 => format!("/api/v1/events/{invented}/queue"),
                1 => format!("/api/v1/events/{invented}/schedule"),
                2 => format!("/api/v1/events/{invented}/draws/{number}"),
                _ => format!("/api/v1/queue/challenge?event_id={invented}"),
            };
            async move { edge.ask(Method::GET, &path, "fan", None).await }
        });
        for (status, told) in join_all(asked).await {
            assert_eq!((status, &told["error"]), (404, &json!("event_unknown")), "{told}");
        }
    }
    let (asked, seconds) = (edge.redis.asked.get(), began.elapsed().as_secs_f64());
    assert!(
        asked as f64 <= 5.0 * seconds + 3.0,
        "{asked} commands in {seconds:.1} s"
    );
    let made = format!("stanchion:{{{}-*", event.id).into_bytes();
    let made = edge.redis.redis.execute("KEYS", vec![made]).await.unwrap();
    assert_eq!(made, [], "and nothing was made for them");
    assert_eq!(edge.ask(Method::GET, &queue, "fan", None).await.0, 200);
    // One that is put now is found at once.
    let new = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let queue = format!("/api/v1/events/{}/queue", new.id);
    assert_eq!(edge.ask(Method::GET, &queue, "fan", None).await.0, 200);
}

#[tokio::test]
async fn empty_windows_and_whole_schedules_are_answered_without_redis() {
    let (edge, mut event) = opened().await;
    edge.join(&event.id, "fan").await;
    // Long ago: windows of five seconds, and the one draw is the first.
    event.on_sale_now_in(&edge.redis, 0).await;
    event.until_closed(&edge.store(), 0).await;
    tokio::time::sleep(UNTIL_OLD).await;
    let draws = format!("/api/v1/events/{}/draws", event.id);
    let (status, listed) = edge.ask(Method::GET, &draws, "fan", None).await;
    assert_eq!(status, 200);
    assert_eq!((&listed["draws"], &listed["closed_through"]), (&json!([0]), &json!(0)));
    let (_, record) = edge.ask(Method::GET, &format!("{draws}/0"), "fan", None).await;
    assert_eq!(record["draw"], 0, "{record}");

    edge.redis.asked.set(0);
    let began = Instant::now();
    for _ in 0..300 {
        let schedule = format!("/api/v1/events/{}/schedule", event.id);
        let (status, told) = edge.ask(Method::GET, &schedule, "fan", None).await;
        assert_eq!(
            (status, &told["chunk"], &told["is_last"]),
            (200, &json!(0), &json!(true)),
            "{told}"
        );
        let (status, told) = edge.ask(Method::GET, &format!("{schedule}/1"), "fan", None).await;
        assert_eq!((status, &told["error"]), (404, &json!("chunk_unknown")), "{told}");
        assert_eq!(edge.ask(Method::GET, &draws, "fan", None).await.0, 200);
        assert_eq!(edge.ask(Method::GET, &format!("{draws}/0"), "fan", None).await.0, 200);
    }
    let (asked, seconds) = (edge.redis.asked.get(), began.elapsed().as_secs_f64());
    assert!(
        asked as f64 <= 5.0 * seconds + 5.0,
        "{asked} commands in {seconds:.1} s"
    );
    for (page, expected) in [("256", 200), ("257", 422), ("x", 422), ("-1", 422)] {
        let (status, told) = edge
            .ask(Method::GET, &format!("{draws}?page={page}"), "fan", None)
            .await;
        assert_eq!(status, expected, "{page}: {told}");
    }
}

#[tokio::test]
async fn the_list_of_draws_has_each_window_with_a_record_on_its_page() {
    let (edge, event) = opened().await;
    let key = format!("stanchion:{{{}}}:records", event.id);
    let windows = [0, 7, WINDOWS_PER_PAGE - 1, WINDOWS_PER_PAGE, 3 * WINDOWS_PER_PAGE + 5];
    for window in windows {
        let set = [key.as_str(), &window.to_string(), "{}"].map(|text| text.as_bytes().to_vec());
        edge.redis.redis.execute("HSET", set.to_vec()).await.unwrap();
    }
    let store = edge.store();
    for page in 0..5 {
        let listed = store.drawn(&event.id, page, Draw(0)).await.unwrap();
        let listed: Vec<u32> = listed.into_iter().map(|draw| draw.0).collect();
        let expected = windows.into_iter().filter(|window| window / WINDOWS_PER_PAGE == page);
        assert_eq!(listed, expected.collect::<Vec<_>>(), "page {page}");
    }
}

#[tokio::test]
async fn a_directory_takes_so_many_events_and_no_more_and_hands_them_out_in_pieces() {
    let server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let fill = format!(
        "for i = 0, {} do redis.call('ZADD', KEYS[1], i, 'filler-' .. i) end return 1",
        MOST_EVENTS - 2
    );
    let fill = [&fill, "1", "stanchion:{directory}:events"].map(|text| text.as_bytes().to_vec());
    redis.execute("EVAL", fill.to_vec()).await.unwrap();

    let last = Event::on_sale_in(3_600_000).open(&store).await;
    assert_eq!(store.events(0).await.unwrap().len(), EVENTS_PER_READ);
    assert_eq!(
        store.events(MOST_EVENTS - 1).await.unwrap(),
        std::slice::from_ref(&last.id)
    );
    assert_eq!(store.events(MOST_EVENTS).await.unwrap(), []);
    let one_more = Event::on_sale_in(3_600_000);
    let refused = store.put_event(&one_more.id, one_more.put.clone()).await;
    assert_eq!(refused, Ok(PutOutcome::TooManyEvents));
    assert!(
        store
            .read_snapshot(&one_more.id, SiteAnswers::default())
            .await
            .unwrap()
            .is_none()
    );
    // One that is in it may be put again.
    let again = stanchion_shared::wire::PutEvent {
        version: 2,
        ..last.put.clone()
    };
    let outcome = store.put_event(&last.id, again).await.unwrap();
    assert!(matches!(outcome, PutOutcome::Accepted(_)), "{outcome:?}");
}
