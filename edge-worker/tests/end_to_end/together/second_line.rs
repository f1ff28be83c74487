//! The second line: suspects of an early draw let people of later draws pass, and move up behind them.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use stanchion_harness::{Edge, Event, Fan, now, read, release, until_effective, variable};
use stanchion_shared::{
    draw::record::{Line, RecordSecondLine},
    ids::Tier,
    schedule::Rate,
    score::PAGE_TAKES_MS,
    shop_token,
    wire::{JoinAnswer, PutRelease, QueueStatus, ReceiptClaims},
};

const SUSPECTS: u64 = 10;
const PEOPLE: u64 = 3;
/// From the event's first put to its on-sale, in ms: time for the suspects to join.
const JOINING_MS: u64 = 8_000;

/// Joins from a browser that a program steers: a suspect.
async fn join_steered(edge: &Edge, event: &Event, fan: &Fan) -> JoinAnswer {
    let signals = json!({ "pointer": 40, "touch": 0, "key": 30, "assisted": 30, "intervals": 32, "mean_ms": 240,
        "deviation_ms": 190, "webdriver": true, "on_page_ms": 60_000 });
    let captcha = edge.solved(&event.id, fan).await;
    // No page is as fast as this test.
    tokio::time::sleep(Duration::from_millis(PAGE_TAKES_MS)).await;
    let body = json!({ "event_id": event.id, "device_fingerprint": "", "captcha_token": captcha, "signals": signals });
    let request = edge.http.post(format!("{}/api/v1/queue/join", edge.url));
    read(request.bearer_auth(&fan.token).json(&body).send().await.unwrap()).await
}

/// A person of a test, until they are in.
struct Queued {
    fan: Fan,
    ticket: String,
}

/// Polls with everybody until `enough` of them have claimed, and returns their places.
async fn claimed(edge: &Edge, queued: &mut Vec<Queued>, enough: usize) -> Vec<u64> {
    let (keys, issuer) = (edge.keys().await, variable("STANCHION_SHOP_ISSUER"));
    let deadline = now().plus(90_000);
    let mut places = Vec::new();
    while places.len() < enough {
        assert!(now() < deadline, "{} wait still, {places:?} are in", queued.len());
        let mut waiting = Vec::new();
        for one in queued.drain(..) {
            let told = edge.status(&one.fan, &one.ticket).await;
            match told.shop_token {
                Some(token) => places.push(
                    shop_token::verify(&keys, &issuer, &token, now())
                        .unwrap()
                        .place
                        .unwrap()
                        .0,
                ),
                None => waiting.push(one),
            }
        }
        *queued = waiting;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    places
}

#[tokio::test]
async fn suspects_of_the_first_draw_wait_while_people_of_later_draws_go_first() {
    let edge = Edge::new();
    let event_in = |joining_ms| Event::on_sale_in(joining_ms).with_long_turns();
    let (event, mut suspects) = edge
        .before_on_sale(JOINING_MS, 0, event_in, async |event| {
            let mut suspects = Vec::new();
            for _ in 0..SUSPECTS {
                let fan = edge.fan();
                let ticket = join_steered(&edge, event, &fan).await.queue_token;
                suspects.push(Queued { fan, ticket });
            }
            suspects
        })
        .await;

    // Drawn among themselves: each with a number of the second line, and nobody else ahead.
    let mut numbers = BTreeSet::new();
    for one in &suspects {
        let told = edge.status_until(&one.fan, &one.ticket, &[QueueStatus::Waiting]).await;
        assert!(told.second_line);
        assert_eq!(told.total_ahead, told.position.map(|number| number - 1));
        numbers.insert(told.position.unwrap());
    }
    assert!(numbers.iter().copied().eq(1..=SUSPECTS));

    // People of later draws have the first places, whenever they came.
    let mut people = Vec::new();
    let mut draws = Vec::new();
    let keys = edge.keys().await;
    for place in 1..=PEOPLE {
        let fan = edge.fan();
        let joined = edge.join(&event.id, &fan).await;
        let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
        assert_eq!(receipt.tier, u8::from(Tier::Human));
        let told = edge
            .status_until(&fan, &joined.queue_token, &[QueueStatus::Waiting])
            .await;
        assert_eq!((told.position, told.second_line), (Some(place), false));
        assert_eq!(told.total_ahead, Some(place - 1));
        draws.push(receipt.draw);
        people.push(Queued {
            fan,
            ticket: joined.queue_token,
        });
    }
    until_effective().await;
    let told = edge.status(&suspects[0].fan, &suspects[0].ticket).await;
    assert_eq!(told.total_ahead, told.position.map(|number| PEOPLE + number - 1));

    // One every two seconds: people first, then suspects, until somebody else joins.
    let slowly = PutRelease {
        rate_per_second: Rate::from_milli(500),
        ..release(event.put.version + 3, 0)
    };
    read::<Value>(edge.put_release(&event, &slowly).await).await;
    let mut places = claimed(&edge, &mut people, PEOPLE as usize).await;
    places.sort_unstable();
    assert!(places.iter().copied().eq(1..=PEOPLE));
    let mut in_shop = claimed(&edge, &mut suspects, 1).await;
    let late = edge.fan();
    let joined = edge.join(&event.id, &late).await;
    let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
    let everybody_else = suspects.len();
    let ticket = joined.queue_token;
    suspects.push(Queued { fan: late, ticket });
    in_shop.extend(claimed(&edge, &mut suspects, everybody_else + 1).await);
    in_shop.sort_unstable();
    assert!(
        in_shop.iter().copied().eq(PEOPLE + 1..=PEOPLE + SUSPECTS + 1),
        "{in_shop:?}"
    );

    // The records say the same.
    let announced = edge.queue(&event.id).await.announcement();
    draws.insert(0, 0);
    draws.push(receipt.draw);
    let mut previous = None;
    for draw in draws {
        let signed = edge.record(&event.id, draw).await;
        signed.check(&keys, &announced, previous.as_ref()).unwrap();
        assert_eq!(signed.record.line_of(Tier::Suspect), Line::Second);
        previous = Some(signed.record);
    }
    let last = previous.unwrap();
    let RecordSecondLine { before, moved_up } = last.second_line.unwrap();
    assert_eq!(before, SUSPECTS);
    assert!(
        (1..SUSPECTS).contains(&moved_up),
        "{moved_up} went before who came last"
    );
    assert_eq!(last.first_place, PEOPLE + moved_up + 1);
}
