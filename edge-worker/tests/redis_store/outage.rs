//! While Redis is away every operation is an error; when it is back all goes on by itself.

use std::time::Duration;

use futures_util::future::join;
use stanchion_edge::{
    platform::{QueueStore, SNAPSHOT_AGE_MS},
    spin::store::Store,
};
use stanchion_shared::ids::Draw;

use crate::{
    connection::{Native, WithoutShards},
    harness::{Event, now, people, signing_keys, stack_redis},
    server::{Keeps, Server},
};

#[tokio::test]
async fn every_operation_is_an_error_while_redis_is_away_and_works_when_it_is_back() {
    let mut server = Server::start(Keeps::EveryWrite).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(3_600_000).open(&store).await;
    let person = event.join_all(&store, &people(1)).await.remove(0);
    server.kill();

    let id = &event.id;
    assert!(store.snapshot(id).await.is_err());
    assert!(store.event_key(id).await.is_err());
    assert!(store.record(id, Draw(0)).await.is_err());
    assert!(store.schedule_chunk(id, None).await.is_err());
    assert!(store.drawn(id, 0, Draw(0)).await.is_err());
    assert!(store.events(0).await.is_err());
    assert!(store.shard_log(id, Draw(0), person.shard).await.is_err());
    assert!(store.put_release(id, Event::release(2, 5)).await.is_err());
    assert!(store.join(id, person.shard, event.join_of(person.tag)).await.is_err());
    assert!(store.claim(id, person.shard, event.claim_of(&person)).await.is_err());

    server.run().await;
    assert_eq!(event.join(&store, person.tag).await, person.held);
    assert!(store.put_release(id, Event::release(2, 5)).await.is_ok());
    assert_eq!(event.snapshot(&store).await.version, 2);
}

/// On a cluster the coordinator's node can answer while the shards' nodes do not.
#[tokio::test]
async fn shards_that_do_not_answer_delay_draws_but_neither_snapshots_nor_the_lease() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(3_600_000).open(&store).await;
    event.join_all(&store, &people(4)).await;
    event.on_sale_now_in(&redis, 10).await;
    let silent = WithoutShards {
        redis: &redis,
        patience: Duration::from_millis(1_500),
    };
    let without_shards = Store::new(&silent, &keys);
    // Neither the shard report, which no edge could make yet, nor the closing is done in time.
    let snapshot = event.snapshot(&without_shards).await;
    assert!(now().since(snapshot.as_of) <= 2 * SNAPSHOT_AGE_MS, "{}", snapshot.as_of);

    let renewed = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        event.snapshot(&store).await.version
    };
    let version = event.put.version + 1;
    let (put, seen) = join(
        without_shards.put_release(&event.id, Event::release(version, 5)),
        renewed,
    )
    .await;
    assert!(put.is_ok(), "{put:?}");
    assert_eq!(seen, version);
}

/// Evicted keys are numbers that are given twice: better no queue at all.
#[tokio::test]
async fn a_redis_that_evicts_keys_is_refused() {
    let server = Server::start(Keeps::Copies).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(3_600_000);
    let put = || store.put_event(&event.id, event.put.clone());
    let configure = async |policy: &str, memory: &str| {
        let settings = ["CONFIG", "SET", "maxmemory", memory, "maxmemory-policy", policy];
        assert_eq!(server.command(&settings).await, "OK");
    };
    let shard = event.put.settings.shards.all().next().unwrap();
    for policy in ["allkeys-lru", "volatile-lru", "volatile-ttl"] {
        configure(policy, "64mb").await;
        let refused = put().await.unwrap_err();
        assert!(refused.0.contains(policy), "{refused}");
        assert!(refused.0.contains("needs noeviction"), "{refused}");
        assert!(store.snapshot(&event.id).await.unwrap().is_none(), "{policy}");
        let join = event.join_of(people(1)[0]);
        let refused = store.join(&event.id, shard, join).await.unwrap_err();
        assert!(refused.0.contains("needs noeviction"), "{refused}");
    }
    for (policy, memory) in [("allkeys-lru", "0"), ("volatile-lru", "0"), ("noeviction", "64mb")] {
        configure(policy, memory).await;
        assert!(put().await.is_ok(), "{policy} {memory}");
    }
}
