//! A section is loaded wholly or refuses everything, and what another Redis process remembered is not believed.

use stanchion_origin::inventory::{Counts, Extend, Inventory, LockRequest, connection::Links, section::Unloaded};
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use crate::{
    LONG_MS, a_section, loaded, lock_for, paying, read, seats,
    stage::{self, Stage, event_id, redis_url, small_event},
};

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
    assert_eq!(section.lock(&request).await.unwrap(), Err(Unloaded));
    assert_eq!(section.release("one", &wanted).await.unwrap(), Err(Unloaded));
    assert_eq!(
        section.extend(paying("one", 1), 1, &wanted).await.unwrap(),
        Err(Unloaded)
    );
    assert_eq!(section.unpin(paying("one", 1), &wanted).await.unwrap(), Err(Unloaded));
    assert_eq!(section.sell("order", &wanted).await.unwrap(), Err(Unloaded));
    assert_eq!(
        section.free("order", paying("one", 1), &wanted).await.unwrap(),
        Err(Unloaded)
    );
    assert_eq!(section.owned("one", &wanted).await.unwrap(), Err(Unloaded));
    assert_eq!(section.sweep(1).await.unwrap(), Err(Unloaded));
    assert_eq!(section.counts().await.unwrap(), Err(Unloaded));
    assert!(section.read().await.unwrap().is_err());
}

#[tokio::test]
async fn loading_twice_forgets_no_lock() {
    let section = loaded(10).await;
    lock_for(&section, "one", &seats([1]), LONG_MS).await;
    assert!(!section.load(10, &[]).await.unwrap());
    assert_eq!(read(&section).await.counts.locked, 1);
}

/// What a restart leaves behind (an append-only file that was read again) is a mark with another run id.
#[tokio::test]
async fn the_mark_of_another_redis_process_is_void() {
    let (event, wanted) = (EventId::parse(&event_id()).unwrap(), seats([1]));
    let section = Inventory::new(&redis_url()).unwrap().bare_section(&event, "A");
    assert!(section.load(10, &[]).await.unwrap());
    lock_for(&section, "one", &wanted, LONG_MS).await;
    let links = Links::new(&redis_url()).unwrap();
    let key = format!("stanchion:{{{event}:A}}:meta");
    let forge = |mut link: stanchion_origin::inventory::connection::Link| {
        let mut command = redis::cmd("HSET");
        command.arg(&key).arg("run").arg("0123456789");
        async move { command.query_async::<()>(&mut link.connection).await }
    };
    links.run(forge).await.unwrap();
    assert_eq!(section.counts().await.unwrap(), Err(Unloaded));
    assert_eq!(
        section.extend(paying("one", 1), 1, &wanted).await.unwrap(),
        Err(Unloaded)
    );
    assert!(
        section
            .load(10, &[("A-1-9".to_owned(), "order".to_owned())])
            .await
            .unwrap(),
        "it can be built again"
    );
    assert_eq!(
        read(&section).await.counts,
        Counts {
            capacity: 10,
            locked: 0,
            sold: 1
        }
    );
    assert_eq!(
        section.extend(paying("one", 1), 1, &wanted).await.unwrap(),
        Ok(Extend::Lost(wanted)),
        "its locks are lost"
    );
}

#[tokio::test]
async fn the_mark_is_made_at_launch_and_rebuilt_on_demand_with_what_was_sold() {
    let stage = Stage::new().await;
    let event = stage.launch(&small_event()).await;
    let event_id = EventId::parse(&event).unwrap();
    let counts = stanchion_origin::inventory::counts(&stage.app, &event_id)
        .await
        .unwrap();
    assert_eq!(
        counts,
        Counts {
            capacity: 20,
            locked: 0,
            sold: 0
        }
    );
    stage.wipe_section(&event, "A").await;
    let refused = stanchion_origin::inventory::counts(&stage.app, &event_id)
        .await
        .unwrap_err();
    assert_eq!(refused.word(), "inventory_loading");
    stage::eventually("section A is loaded again", async || {
        stanchion_origin::inventory::counts(&stage.app, &event_id).await.is_ok()
    })
    .await;
}
