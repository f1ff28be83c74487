//! The whole application when the turn of a new account has come: it is judged again by who joined after it.

use serde_json::{Value, json};
use stanchion_edge::{
    platform::{IDENTIFIERS_KEPT_MS, QueueStore},
    spin::store::{Redis, Value as Reply},
};
use stanchion_shared::{account_token::AccountRecord, score::sharing::KNOWN_AFTER_SECONDS};

use crate::{
    edge::Edge,
    edge_restored::until_snapshots_are_too_old,
    harness::{Event, now, stack_redis},
};

const FAR_MS: u64 = 3_600_000;
/// New accounts that one network may have where about every second account of the event is known: ten times as many as there
/// are for each known one.
const ALLOWED: u16 = 20;

/// An edge whose event has known accounts elsewhere.
async fn opened() -> (Edge, Event) {
    let mut edge = Edge::new(&stack_redis());
    let mut event = Event::on_sale_in(FAR_MS);
    event.put.settings.policy.bots.accounts_per_address = 1;
    let event = event.open(&edge.store()).await;
    let release = Event::release(2, 1_000);
    edge.store().put_release(&event.id, release).await.unwrap();
    edge.record = Some(record(KNOWN_AFTER_SECONDS));
    for number in 0..2 * ALLOWED {
        edge.join(&event.id, &format!("known-{number}")).await;
    }
    edge.record = Some(record(0));
    (edge, event)
}

fn record(age: u64) -> AccountRecord {
    AccountRecord {
        since: now().floor_seconds() - age,
        bought: false,
    }
}

/// New accounts, each in a /64 of its own of one /48, and their tickets.
async fn join_from(edge: &mut Edge, event: &Event, site: &str, count: u16) -> Vec<(String, Value)> {
    let mut joined = Vec::new();
    for number in 0..count {
        edge.address = format!("{site}:{number:x}::1").parse().ok();
        let fan = format!("{site}-{number}");
        let ticket = edge.join(&event.id, &fan).await["queue_token"].clone();
        joined.push((fan, ticket));
    }
    joined
}

/// The first answer to a poll that is neither before nor in the wait.
async fn at_turn(edge: &Edge, (fan, ticket): &(String, Value)) -> Value {
    for _ in 0..400 {
        let (status, told) = edge.status(fan, ticket).await;
        assert_eq!(status, 200, "{told}");
        if told["status"] == json!("your_turn") || told["status"] == json!("expired") {
            return told;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{fan} gets no turn");
}

#[tokio::test]
async fn the_first_accounts_of_a_farm_lose_their_turns_and_a_person_with_a_new_account_does_not() {
    let (mut edge, mut event) = opened().await;
    let family = join_from(&mut edge, &event, "2001:db8:1", 4).await;
    let farm = join_from(&mut edge, &event, "2001:db8:2", 2 * ALLOWED).await;
    until_snapshots_are_too_old().await;
    event.on_sale_now_in(&edge.redis, 300).await;
    // They may poll from anywhere.
    edge.address = "2001:db8:3::1".parse().ok();
    for fan in &family {
        let told = at_turn(&edge, fan).await;
        assert!(told["shop_token"].is_string(), "{told}");
    }
    for fan in &farm {
        let told = at_turn(&edge, fan).await;
        let shops_as_suspect = told["shop_token"].is_string();
        let place = told["position"].as_u64().unwrap();
        let people = u64::from(2 * ALLOWED) + 4;
        assert!(!shops_as_suspect || place > people, "{told}");
    }
    let first = at_turn(&edge, &farm[0]).await;
    assert_eq!(
        (&first["status"], &first["shop_token"]),
        (&json!("expired"), &Value::Null)
    );
}

#[tokio::test]
async fn while_nobody_can_say_who_else_joined_a_new_account_keeps_its_turn() {
    let (mut edge, mut event) = opened().await;
    let farm = join_from(&mut edge, &event, "2001:db8:4", 2 * ALLOWED).await;
    until_snapshots_are_too_old().await;
    event.on_sale_now_in(&edge.redis, 300).await;
    edge.redis.identifiers_fail = true;
    let told = at_turn(&edge, &farm[0]).await;
    assert!(told["shop_token"].is_string(), "{told}");
    // It was decided: nobody looks again.
    edge.redis.identifiers_fail = false;
    let again = at_turn(&edge, &farm[0]).await;
    assert_eq!(again["status"], json!("your_turn"));
}

#[tokio::test]
async fn who_joined_from_where_is_remembered_until_a_week_after_the_on_sale() {
    let (mut edge, event) = opened().await;
    join_from(&mut edge, &event, "2001:db8:5", 1).await;
    let pattern = format!("stanchion:{{{}/*:identifier:*", event.id).into_bytes();
    let keys = edge.redis.execute("KEYS", vec![pattern]).await.unwrap();
    // Who and how many, in the /64, the /56 and the /48.
    assert_eq!(keys.len(), 6);
    for key in keys {
        let Reply::Bytes(key) = key else { panic!("{key:?}") };
        let left = edge.redis.execute("PTTL", vec![key]).await.unwrap();
        let [Reply::Integer(left_ms)] = left[..] else {
            panic!("{left:?}")
        };
        let most = i64::try_from(FAR_MS + IDENTIFIERS_KEPT_MS).unwrap();
        assert!((most - 60_000..=most).contains(&left_ms), "{left_ms}");
    }
}
