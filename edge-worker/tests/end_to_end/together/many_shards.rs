//! A draw over more shards than are frozen at once stays exact, while people go on joining.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use stanchion_harness::{Edge, Event, now};
use stanchion_shared::{
    draw::{place::place, record::SignedRecord},
    ids::{Shard, ShardCount, Tag, TicketNumber, Tier},
    wire::{QueueStatus, ReceiptClaims},
};

const SHARDS: u16 = 1_024;
/// So many fall into more than 200 different shards: what a coordinator freezes in one go (`FREEZES_PER_ALARM`).
const FANS: usize = 420;
const AT_ONCE: usize = 16;
/// From the event's first put to its on-sale, in ms: time for all of them to join.
const JOINING_MS: u64 = 45_000;

fn counted(record: &SignedRecord) -> BTreeSet<Shard> {
    let tiers = record.record.tiers.iter();
    tiers
        .flat_map(|tier| tier.shards.iter().map(|&(shard, _)| shard))
        .collect()
}

/// The receipt's ticket is in the log under its number.
fn is_in(logs: &[(Shard, Vec<(Tier, Tag)>)], receipt: &ReceiptClaims) -> bool {
    let tier = Tier::try_from(receipt.tier).unwrap();
    let of_tier = logs[usize::from(receipt.shard.0)]
        .1
        .iter()
        .filter(|entry| entry.0 == tier);
    of_tier.map(|entry| entry.1).nth(receipt.number as usize) == Some(receipt.tag)
}

#[tokio::test]
async fn a_draw_over_1024_shards_closes_exactly_and_nobody_late_is_in_it() {
    let edge = Edge::new();
    let mut event = Event::on_sale_in(JOINING_MS);
    event.put.settings.shards = ShardCount::new(SHARDS).unwrap();
    event.put.settings.draw_window_ms = 60_000;
    // Nobody has a turn, so none is over before its fan is asked.
    edge.open(&event, 0).await;
    let keys = edge.keys().await;
    let join = async || {
        let fan = edge.fan();
        let joined = edge.join(&event.id, &fan).await;
        (fan, joined)
    };
    let mut fans = Vec::new();
    while fans.len() < FANS {
        fans.extend(join_all((0..AT_ONCE).map(|_| join())).await);
    }
    let early = fans.len();
    assert!(
        now() < event.put.settings.on_sale_time.minus(2_000),
        "this machine is too slow for JOINING_MS"
    );
    tokio::time::sleep(Duration::from_millis(
        event.put.settings.on_sale_time.since(now()).saturating_sub(2_000),
    ))
    .await;
    // People join before, while and after the draw is closed.
    while edge.queue(&event.id).await.draws_closed == 0 {
        let id = &event.id;
        let during = (0..4).map(|_| async {
            let fan = edge.fan();
            let joined = edge.join(id, &fan).await;
            (fan, joined)
        });
        fans.extend(join_all(during).await);
        assert!(
            now() < event.put.settings.on_sale_time.plus(50_000),
            "not closed in time"
        );
    }

    let signed = edge.record(&event.id, 0).await;
    let announced = edge.queue(&event.id).await.announcement();
    signed.check(&keys, &announced, None).unwrap();
    assert!(counted(&signed).len() > 200, "{} shards", counted(&signed).len());
    let logs = edge.logs(&event.id, 0, event.put.settings.shards).await;
    signed.record.check_logs(event.put.settings.shards, &logs).unwrap();
    let mut places = BTreeSet::new();
    let mut late = 0;
    for (number, (_, joined)) in fans.iter().enumerate() {
        let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &joined.receipt).unwrap();
        assert!(receipt.draw == 0 || number >= early, "{number} joined in time");
        if receipt.draw > 0 {
            late += 1;
            let anywhere = logs
                .iter()
                .any(|(_, log)| log.iter().any(|entry| entry.1 == receipt.tag));
            assert!(!anywhere, "{number} was too late for this draw");
            continue;
        }
        assert!(is_in(&logs, &receipt), "{number} has a receipt for this draw");
        let numbered = TicketNumber {
            tier: Tier::try_from(receipt.tier).unwrap(),
            shard: receipt.shard,
            number: receipt.number,
        };
        places.insert(place(&signed.record, numbered).unwrap().0);
    }
    assert!(
        late > 0 && fans.len() > early + late,
        "people must join on both sides of the close"
    );
    let in_draw = (fans.len() - late) as u64;
    assert_eq!(places, (1..=in_draw).collect(), "every place once");
    assert_eq!(signed.record.count(), in_draw, "nobody but those with receipts");
    let (fan, joined) = &fans[0];
    // The lease of the release may be over by now.
    let drawn = [QueueStatus::Waiting, QueueStatus::Paused];
    assert!(
        edge.status_until(fan, &joined.queue_token, &drawn)
            .await
            .position
            .is_some()
    );
}
