//! Counts that all instances share, in Redis.

use std::time::Duration;

use stanchion_edge::{
    platform::{CountKey, CountOneMore, QueueStore},
    spin::store::{Redis, Store, Value},
};

use crate::{
    connection::Native,
    harness::{people, signing_keys, stack_redis},
};

#[tokio::test]
async fn each_key_has_an_interval_of_its_own_that_begins_with_its_first_and_ends_by_itself() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let things: Vec<CountKey> = people(3).iter().map(|tag| CountKey(tag.0)).collect();
    const INTERVAL_MS: u64 = 600;
    let count = async |keys: &[CountKey]| {
        let message = CountOneMore {
            place: things[0],
            keys: keys.to_vec(),
            interval_ms: INTERVAL_MS,
        };
        let counted = store.count_one_more(message).await.unwrap();
        for interval in &counted {
            assert!((1..=INTERVAL_MS).contains(&interval.ends_in_ms), "{interval:?}");
        }
        counted.iter().map(|interval| interval.count).collect::<Vec<_>>()
    };
    assert_eq!(count(&things[..2]).await, [1, 1]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(count(&[things[0], things[2]]).await, [2, 1]);
    tokio::time::sleep(Duration::from_millis(320)).await;
    assert_eq!(
        count(&[things[0], things[2]]).await,
        [1, 2],
        "the first interval is over, the later one is not"
    );
}

#[tokio::test]
async fn a_count_that_has_lost_its_end_gets_one_again() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let key = CountKey(people(1)[0].0);
    let message = || CountOneMore {
        place: key,
        keys: vec![key],
        interval_ms: 60_000,
    };
    store.count_one_more(message()).await.unwrap();
    let name = format!("stanchion:{{count/{0}}}:{0}", key.to_hex()).into_bytes();
    redis.execute("PERSIST", vec![name.clone()]).await.unwrap();
    assert_eq!(store.count_one_more(message()).await.unwrap()[0].count, 2);
    match redis.execute("PTTL", vec![name]).await.unwrap()[..] {
        [Value::Integer(left)] => assert!((1..=60_000).contains(&left), "{left}"),
        ref other => panic!("{other:?}"),
    }
}
