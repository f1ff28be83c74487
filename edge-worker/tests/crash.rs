//! A runtime that dies in the middle of a draw's close and comes back publishes the record it would have published.

use stanchion_shared::{
    draw::place::{Numbered, place},
    identity::{ShardCount, Tier},
    wire::{QueueStatus, ReceiptClaims},
};

use stanchion_stage::{Edge, Event, now, part, read};

#[tokio::test]
async fn an_edge_killed_around_the_close_of_a_draw_loses_no_ticket_and_closes_it_once() {
    let edge = Edge::new();
    // Several moments around the close: before it, at it, and while it is being done.
    for delay_ms in [0, 30, 80, 200] {
        let mut event = Event::on_sale_in(3_600_000);
        event.put.shards = ShardCount::new(64).unwrap();
        edge.open(&event, 100).await;
        let mut fans = Vec::new();
        for _ in 0..30 {
            let fan = edge.fan();
            let joined = edge.join(&event.id, &fan).await;
            fans.push((fan, joined));
        }
        // Only now, so that no machine is too slow for the joins before it.
        event.put.on_sale_time = now().plus(2_000);
        event.put.version += 10;
        read::<serde_json::Value>(edge.put_event(&event).await).await;
        let remaining = event.put.on_sale_time.since(now());
        tokio::time::sleep(std::time::Duration::from_millis(remaining + delay_ms)).await;
        part("restart", "edge").await;

        let keys = edge.keys().await;
        let waiting = [QueueStatus::Waiting, QueueStatus::YourTurn];
        let mut places = Vec::new();
        for (fan, joined) in &fans {
            let status = edge.status_until(fan, &joined.queue_token, &waiting).await;
            places.push(status.position.unwrap());
        }
        let signed = edge.record(&event.id, 0).await;
        signed
            .check(&keys, edge.queue(&event.id).await.commitment, None, None)
            .unwrap();
        let logs = edge.logs(&event.id, 0, event.put.shards).await;
        signed.record.check_logs(event.put.shards, &logs).unwrap();
        assert_eq!(signed.record.count(), 30, "every acknowledged join is in the draw");
        for ((_, joined), told) in fans.iter().zip(&places) {
            let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
            let tier = Tier::try_from(receipt.tier).unwrap();
            let numbered = Numbered {
                tier,
                shard: receipt.shard,
                number: receipt.number,
            };
            assert_eq!(place(&signed.record, numbered).map(|place| place.0), Some(*told));
        }

        // Killed once more after the close: the very same record.
        part("restart", "edge").await;
        assert_eq!(edge.record(&event.id, 0).await, signed);
    }
}
