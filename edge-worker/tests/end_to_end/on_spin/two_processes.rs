//! Two edges on one Redis are one edge: whatever a fan asks, it does not matter which of them answers.
//! Breaks: nothing, but starts and stops the part edge-2, of which there is one.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use serde_json::Value;
use stanchion_harness::{Edge, Event, Fan, now, part, read, refusal, release, until_effective, variable};
use stanchion_shared::{
    draw::record::SignedRecord,
    wire::{JoinAnswer, QueueStatus},
};

const FANS: usize = 40;
/// Time for everybody to join.
const JOINING_MS: u64 = 25_000;
/// Both edges are asked from so long before the on-sale on, in ms.
const BEFORE_MS: u64 = 1_000;

/// Both edges of the stack; the second is started for this test.
async fn two_edges() -> [Edge; 2] {
    part("start", "edge-2").await;
    let mut second = Edge::new();
    second.url = variable("STANCHION_SECOND_EDGE_URL");
    [Edge::new(), second]
}

/// Fans join at one edge and the other in turn.
async fn join_alternately(edges: &[Edge; 2], event: &Event) -> Vec<(Fan, JoinAnswer)> {
    let mut joined = Vec::new();
    for number in 0..FANS {
        let edge = &edges[number % 2];
        let fan = edge.fan();
        let answer = edge.join(&event.id, &fan).await;
        joined.push((fan, answer));
    }
    joined
}

#[tokio::test]
async fn two_processes_on_one_redis_behave_as_one_edge() {
    let edges = two_edges().await;
    let [first, second] = &edges;
    let event = Event::on_sale_in(JOINING_MS).with_long_turns();
    first.open(&event, 0).await;
    assert_eq!(
        refusal(second.put_event(&event).await).await,
        (409, "version_stale".to_owned()),
        "what one was told the other knows"
    );
    let joined = join_alternately(&edges, &event).await;

    one_person_at_both(&edges, &event).await;

    // Both are asked all the time around the on-sale: the edge that first sees that the draw is due closes it.
    assert!(now() < event.put.settings.on_sale_time, "this machine is too slow");
    tokio::time::sleep(Duration::from_millis(
        event.put.settings.on_sale_time.since(now()).saturating_sub(BEFORE_MS),
    ))
    .await;
    let waiting = [QueueStatus::Waiting];
    let told_by = async |edge: &Edge| {
        let polls = joined.iter().map(|(fan, answer)| async move {
            let status = edge.status_until(fan, &answer.queue_token, &waiting).await;
            status.position.expect("drawn")
        });
        join_all(polls).await
    };
    let (by_first, by_second) = tokio::join!(told_by(first), told_by(second));
    assert_eq!(by_first, by_second, "both tell everybody the same place");
    assert_eq!(
        by_first.iter().collect::<BTreeSet<_>>().len(),
        FANS,
        "nobody shares a place"
    );

    let record = draw_closed_once(&edges, &event).await;
    assert_eq!(
        record.record.count(),
        FANS as u64 + 1,
        "everybody who joined, at either"
    );
    one_session_from_both(&edges, &event, &joined[0]).await;
    part("stop", "edge-2").await;
}

/// One ticket and one use of a challenge, also when both edges are asked at the same moment.
async fn one_person_at_both([first, second]: &[Edge; 2], event: &Event) {
    let fan = first.fan();
    let (one, other) = tokio::join!(first.solved(&event.id, &fan), second.solved(&event.id, &fan));
    let (at_first, at_second) = tokio::join!(
        first.join_with(&event.id, &fan, &one),
        second.join_with(&event.id, &fan, &other)
    );
    let (at_first, at_second): (JoinAnswer, JoinAnswer) = (read(at_first).await, read(at_second).await);
    assert_eq!(at_first.queue_token, at_second.queue_token);
    assert_eq!(at_first.receipt, at_second.receipt);
    assert_eq!(
        refusal(second.join_with(&event.id, &fan, &one).await).await,
        (409, "captcha_used".to_owned()),
        "used at the other edge"
    );
}

/// The record is the same from both and stands the check of everybody.
async fn draw_closed_once([first, second]: &[Edge; 2], event: &Event) -> SignedRecord {
    until_effective().await;
    let records = (first.record(&event.id, 0).await, second.record(&event.id, 0).await);
    assert_eq!(records.0, records.1);
    let shards = event.put.settings.shards;
    let logs = (
        first.logs(&event.id, 0, shards).await,
        second.logs(&event.id, 0, shards).await,
    );
    assert_eq!(logs.0, logs.1);
    for edge in [first, second] {
        let queue = edge.queue(&event.id).await;
        assert_eq!((queue.draws_closed, queue.last_place), (1, records.0.record.count()));
        records
            .0
            .check(&edge.keys().await, &queue.announcement(), None)
            .unwrap();
    }
    records.0.record.check_logs(shards, &logs.0).unwrap();
    records.0
}

/// A turn that is claimed at both at the same moment is one session.
async fn one_session_from_both([first, second]: &[Edge; 2], event: &Event, (fan, joined): &(Fan, JoinAnswer)) {
    read::<Value>(first.put_release(event, &release(event.put.version + 2, 1_000)).await).await;
    let your_turn = [QueueStatus::YourTurn];
    let (at_first, at_second) = tokio::join!(
        first.status_until(fan, &joined.queue_token, &your_turn),
        second.status_until(fan, &joined.queue_token, &your_turn)
    );
    assert!(at_first.shop_token.is_some());
    assert_eq!(at_first.shop_token, at_second.shop_token);
    assert_eq!(at_first.shop_expires_at, at_second.shop_expires_at);
}
