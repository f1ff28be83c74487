//! A runtime that dies in the middle of a draw's close and comes back publishes the record it would have published.
//! Breaks: the edge, which it kills.

use stanchion_shared::{
    draw::place::place,
    ids::{ShardCount, TicketNumber, Tier},
    timestamp::UnixMillis,
    wire::{JoinAnswer, QueueStatus, ReceiptClaims},
};

use stanchion_harness::{Edge, Event, Fan, beacon, now, part};

/// From an event's first put to its on-sale, in ms: time for thirty to join.
const JOINING_MS: u64 = 12_000;

/// Both tests kill the one edge of the stack.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// An event that is open, and so many fans who have joined it before its on-sale.
async fn joined(
    edge: &Edge,
    joining_ms: u64,
    event_in: impl Fn(u64) -> Event,
    count: usize,
) -> (Event, Vec<(Fan, JoinAnswer)>) {
    let joining = async |event: &Event| {
        let mut fans = Vec::new();
        for _ in 0..count {
            let fan = edge.fan();
            let joined = edge.join(&event.id, &fan).await;
            fans.push((fan, joined));
        }
        fans
    };
    edge.before_on_sale(joining_ms, 100, event_in, joining).await
}

#[tokio::test]
async fn an_edge_killed_around_the_close_of_a_draw_loses_no_ticket_and_closes_it_once() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let edge = Edge::new();
    // Several moments around the close: before it, at it, and while it is being done.
    for delay_ms in [0, 30, 80, 200] {
        let event_in = |joining_ms| {
            let mut event = Event::on_sale_in(joining_ms).with_long_turns();
            event.put.settings.shards = ShardCount::new(64).unwrap();
            event
        };
        let (event, fans) = joined(&edge, JOINING_MS, event_in, 30).await;
        let remaining = event.put.settings.on_sale_time.since(now());
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
            .check(&keys, &edge.queue(&event.id).await.announcement(), None)
            .unwrap();
        let logs = edge.logs(&event.id, 0, event.put.settings.shards).await;
        signed.record.check_logs(event.put.settings.shards, &logs).unwrap();
        assert_eq!(signed.record.count(), 30, "every acknowledged join is in the draw");
        for ((_, joined), told) in fans.iter().zip(&places) {
            let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
            let tier = Tier::try_from(receipt.tier).unwrap();
            let numbered = TicketNumber {
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

/// Kills in one closing. The first comes at a random instant, the others soon after the edge is back, so that they hit what
/// it takes up again.
const KILLS: usize = 3;
const CLOSINGS: usize = 6;
/// From the close of the draw to a moment after its beacon's round is out.
const CLOSING_MS: u64 = 4_000;

/// Waits with its shards frozen, asks the beacon, writes the record: wherever it is killed, the record is the one that the
/// lists and the receipts promised, with its own round.
#[tokio::test]
async fn an_edge_killed_again_and_again_at_any_step_of_a_closing_leaves_the_same_record() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let edge = Edge::new();
    for closing in 0..CLOSINGS {
        let event_in = |joining_ms: u64| beacon::event_in(joining_ms / 1_000).with_long_turns();
        let (event, fans) = joined(&edge, beacon::JOINING_S * 1_000, event_in, 12).await;
        let announced = event.put.settings.policy.beacon.clone();
        let kill_at = event.put.settings.on_sale_time.plus(random() % CLOSING_MS);
        sleep_until(kill_at).await;
        let mut pinned = None;
        for _ in 0..KILLS {
            part("restart", "edge").await;
            if let Some(drawing) = edge.queue(&event.id).await.drawing {
                assert_eq!(*pinned.get_or_insert(drawing.tickets_digest), drawing.tickets_digest);
            }
            let path = format!("/api/v1/events/{}/draws/0", event.id);
            let readable = edge.get(&path).await.status() == 200;
            let out_at = announced.as_ref().unwrap().time_of(3);
            assert!(!readable || now() >= out_at, "a secret before its round");
            tokio::time::sleep(std::time::Duration::from_millis(random() % 500)).await;
        }
        let keys = edge.keys().await;
        let drawn = [QueueStatus::Waiting, QueueStatus::YourTurn];
        let mut places = Vec::new();
        for (fan, joined) in &fans {
            let told = edge.status_until(fan, &joined.queue_token, &drawn).await.position;
            let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
            let numbered = TicketNumber {
                tier: Tier::try_from(receipt.tier).unwrap(),
                shard: receipt.shard,
                number: receipt.number,
            };
            let record = edge.record(&event.id, 0).await.record;
            assert_eq!(place(&record, numbered).map(|place| place.0), told, "closing {closing}");
            places.extend(told);
        }
        places.sort_unstable();
        assert_eq!(places, (1..=12).collect::<Vec<_>>(), "closing {closing}");
        let signed = edge.record(&event.id, 0).await;
        let announcement = edge.queue(&event.id).await.announcement();
        assert_eq!(announcement.beacon, announced);
        signed.check(&keys, &announcement, None).unwrap();
        let logs = edge.logs(&event.id, 0, event.put.settings.shards).await;
        signed.record.check_logs(event.put.settings.shards, &logs).unwrap();
        assert!(pinned.is_none_or(|pinned| pinned == signed.record.tickets_digest));
    }
}

async fn sleep_until(instant: UnixMillis) {
    tokio::time::sleep(std::time::Duration::from_millis(instant.since(now()))).await;
}

fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(now().0)
}
