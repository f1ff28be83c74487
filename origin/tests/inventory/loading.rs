//! A section is loaded wholly or refuses everything, and what another Redis process remembered is not believed.

use stanchion_origin::{
    http::ErrorResponse,
    inventory::{ExtendResult, Inventory, LockRequest, SeatCounts},
    redis_connections::{IdentifiedConnection, RedisPool},
};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use super::{LONG_MS, a_section, is_unloaded, loaded, lock_for, paying, read, seats};
use crate::harness::{self, TestOrigin, event_id, redis_url, small_event};

#[tokio::test]
async fn a_section_that_is_not_loaded_refuses_everything() {
    let section = a_section();
    let wanted = seats([1]);
    let request = LockRequest {
        owner: "one",
        lock_ms: LONG_MS,
        not_after: UnixMillis::MAX,
        seats: &wanted,
    };
    assert!(is_unloaded(section.lock(&request).await));
    assert!(is_unloaded(section.unlock("one", &wanted).await));
    assert!(is_unloaded(section.extend(paying("one", 1), 1, &wanted).await));
    assert!(is_unloaded(section.unpin(paying("one", 1), &wanted).await));
    assert!(is_unloaded(section.sell("order", &wanted).await));
    assert!(is_unloaded(section.free("order", paying("one", 1), &wanted).await));
    assert!(is_unloaded(section.owned("one", &wanted).await));
    assert!(is_unloaded(section.sweep(1).await));
    assert!(is_unloaded(section.counts().await));
    assert!(is_unloaded(section.read().await));
}

#[tokio::test]
async fn loading_twice_forgets_no_lock() {
    let section = loaded(10).await;
    lock_for(&section, "one", &seats([1]), LONG_MS).await;
    assert!(!section.load(10, &[]).await.unwrap());
    assert_eq!(read(&section).await.counts.locked, 1);
}

/// A restart that reads an append-only file again leaves a mark with another run id.
#[tokio::test]
async fn the_mark_of_another_redis_process_is_void() {
    let (event, wanted) = (EventId::parse(&event_id()).unwrap(), seats([1]));
    let section = Inventory::new(&redis_url()).unwrap().bare_section(&event, "A");
    assert!(section.load(10, &[]).await.unwrap());
    lock_for(&section, "one", &wanted, LONG_MS).await;
    let redis = RedisPool::new(&redis_url()).unwrap();
    let key = format!("stanchion:{{{event}:A}}:meta");
    let forge = |mut connected: IdentifiedConnection| {
        let mut command = redis::cmd("HSET");
        command.arg(&key).arg("run").arg("0123456789");
        async move { command.query_async::<()>(&mut connected.connection).await }
    };
    redis.run(forge).await.unwrap();
    assert!(is_unloaded(section.counts().await));
    assert!(is_unloaded(section.extend(paying("one", 1), 1, &wanted).await));
    assert!(
        section
            .load(10, &[("A-1-9".to_owned(), "order".to_owned())])
            .await
            .unwrap(),
        "it can be built again"
    );
    assert_eq!(
        read(&section).await.counts,
        SeatCounts {
            capacity: 10,
            locked: 0,
            sold: 1
        }
    );
    assert_eq!(
        section.extend(paying("one", 1), 1, &wanted).await.unwrap(),
        ExtendResult::Lost(wanted),
        "its locks are lost"
    );
}

#[tokio::test]
async fn the_mark_is_made_at_launch_and_rebuilt_on_demand_with_what_was_sold() {
    let origin = TestOrigin::new().await;
    let event = origin.launch(&small_event()).await;
    let event_id = EventId::parse(&event).unwrap();
    let counts = origin
        .app
        .inventory
        .counts(&origin.app.database, &event_id)
        .await
        .unwrap();
    assert_eq!(
        counts,
        SeatCounts {
            capacity: 20,
            locked: 0,
            sold: 0
        }
    );
    origin.wipe_section(&event, "A").await;
    let refused = origin
        .app
        .inventory
        .counts(&origin.app.database, &event_id)
        .await
        .unwrap_err();
    origin
        .app
        .inventory
        .start_rebuild_if_unloaded(&origin.app.database, &refused);
    assert_eq!(ErrorResponse::from(refused).word(), "inventory_loading");
    harness::eventually("section A is loaded again", async || {
        origin
            .app
            .inventory
            .counts(&origin.app.database, &event_id)
            .await
            .is_ok()
    })
    .await;
}
