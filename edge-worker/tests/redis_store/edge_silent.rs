//! The whole application while one shard's node is away around the close of a draw: what fans are told, and what they can check.

use http::Method;
use serde_json::{Value, json};
use stanchion_shared::{
    draw::record::SignedRecord,
    ids::{Draw, EventId, Shard},
    jose::VerifyingKeys,
    verify::{FanClaim, Published, VerificationStep, carries, is_left_over, unverified, verify},
    wire::{QueueAnswer, ReceiptClaims},
};

use crate::{
    edge::Edge,
    harness::{Event, now, stack_redis},
};

/// Time for all to join. Their receipts name the on-sale, so it is not moved here.
const ON_SALE_IN_MS: u64 = 8_000;

struct Fan {
    name: String,
    ticket: Value,
    receipt: String,
    claims: ReceiptClaims,
}

async fn join(edge: &Edge, event: &EventId, name: String) -> Fan {
    let joined = edge.join(event, &name).await;
    let receipt = joined["receipt"].as_str().unwrap().to_owned();
    Fan {
        name,
        ticket: joined["queue_token"].clone(),
        claims: unverified(&receipt).unwrap(),
        receipt,
    }
}

async fn get(edge: &Edge, path: &str) -> Value {
    let (status, told) = edge.ask(Method::GET, path, "anybody", None).await;
    assert_eq!(status, 200, "{path}: {told}");
    told
}

async fn list(edge: &Edge, event: &EventId, draw: Draw, shard: Shard) -> Vec<u8> {
    let path = format!("/api/v1/events/{event}/draws/{}/shards/{}", draw.0, shard.0);
    let (status, response, told) = edge.ask_whole(Method::GET, &path, "anybody", None).await;
    assert_eq!(status, 200, "{told}");
    response.body().clone()
}

/// All that is public for the check of a receipt, as every checker reads it.
async fn published(edge: &Edge, event: &Event, receipt: &ReceiptClaims) -> Published {
    let queue: QueueAnswer =
        serde_json::from_value(get(edge, &format!("/api/v1/events/{}/queue", event.id)).await).unwrap();
    let keys = get(edge, "/.well-known/jwks.json").await.to_string();
    let mut records: Vec<SignedRecord> = Vec::new();
    let mut earlier_log = Vec::new();
    for draw in 0.. {
        let path = format!("/api/v1/events/{}/draws/{draw}", event.id);
        let (status, told) = edge.ask(Method::GET, &path, "anybody", None).await;
        if status == 404 {
            assert_eq!(told["error"], "draw_empty", "no record carries the ticket");
            continue;
        }
        records.push(serde_json::from_value(told).unwrap());
        let record = &records.last().unwrap().record;
        if draw == receipt.draw && is_left_over(receipt, record) {
            earlier_log = list(edge, &event.id, Draw(draw), receipt.shard).await;
        } else if draw == receipt.draw || carries(receipt, record) {
            break;
        }
    }
    let record = &records.last().unwrap().record;
    let mut logs = Vec::new();
    for shard in event.put.settings.shards.all() {
        if record.counts_of(shard) != [0; 3] {
            logs.push((shard, list(edge, &event.id, record.draw, shard).await));
        }
    }
    Published {
        keys: VerifyingKeys::parse(&keys).unwrap(),
        queue,
        records,
        logs,
        earlier_log,
    }
}

#[tokio::test]
async fn fans_of_a_silent_shard_wait_and_get_a_place_that_they_can_check() {
    let edge = Edge::new(&stack_redis());
    let event = Event::on_sale_in(ON_SALE_IN_MS).open(&edge.store()).await;
    let mut fans = Vec::new();
    for number in 0..16 {
        fans.push(join(&edge, &event.id, format!("early-{number}")).await);
    }
    event.snapshot(&edge.store()).await;
    for number in 0..16 {
        fans.push(join(&edge, &event.id, format!("late-{number}")).await);
    }
    let silent = fans.last().unwrap().claims.shard;
    edge.redis.silent.set(Some(silent));
    assert!(
        now() < event.put.settings.on_sale_time,
        "this machine is too slow for ON_SALE_IN_MS"
    );
    event.until_closed_at(0).await;
    event.until_closed(&edge.store(), 0).await;
    let record = event.record(&edge.store(), 0).await.unwrap().record;
    assert_eq!(record.missing, [silent]);
    let (left_over, drawn): (Vec<&Fan>, Vec<&Fan>) = fans.iter().partition(|fan| is_left_over(&fan.claims, &record));
    assert!(left_over.iter().any(|fan| fan.name == "late-15") && drawn.len() >= 16);

    let mut places = Vec::new();
    for fan in &drawn {
        places.push(edge.place(&fan.name, &fan.ticket).await["position"].as_u64().unwrap());
    }
    for fan in &left_over {
        let (status, told) = edge.status(&fan.name, &fan.ticket).await;
        assert_eq!((status, &told["status"]), (200, &json!("drawing")), "{told}");
        assert!(told["drawn_at"].is_null() && told["position"].is_null(), "{told}");
        assert!(told["poll_after_ms"].is_u64(), "{told}");
    }

    edge.redis.silent.set(None);
    let back_at = now();
    for fan in &left_over {
        places.push(edge.place(&fan.name, &fan.ticket).await["position"].as_u64().unwrap());
    }
    assert!(now().since(back_at) < 10_000);
    places.sort_unstable();
    assert_eq!(places, (1..=32).collect::<Vec<_>>());

    for fan in left_over
        .iter()
        .chain(drawn.iter().filter(|fan| fan.claims.shard == silent))
    {
        let told = edge.place(&fan.name, &fan.ticket).await["position"].as_u64();
        let claimed = FanClaim {
            receipt: fan.receipt.clone(),
            place: told,
            ..FanClaim::default()
        };
        let verdict = verify(&claimed, &published(&edge, &event, &fan.claims).await);
        assert_eq!(verdict.fault, None, "{}", fan.name);
        let is_carried = verdict
            .passed
            .iter()
            .any(|passed| passed.step == VerificationStep::Carried);
        assert_eq!(is_carried, is_left_over(&fan.claims, &record));
    }
    // Who joins again holds the same ticket, where it is now.
    let fan = left_over[0];
    let again = join(&edge, &event.id, fan.name.clone()).await;
    assert!(again.claims.draw > 0);
    assert_eq!(
        edge.place(&fan.name, &again.ticket).await["position"],
        edge.place(&fan.name, &fan.ticket).await["position"]
    );
}
