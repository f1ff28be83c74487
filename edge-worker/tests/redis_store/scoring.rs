//! What the store remembers of scores: who used the same things, who was refused, and the counters.

use stanchion_edge::{
    platform::{Join, JoinOutcome, QueueStore, SIGHTINGS_KEPT_MS, Sight},
    spin::store::{Redis, Store, Value},
};
use stanchion_shared::{
    identity::Tag,
    score::{COOL_DOWN_MS, FactorName, Millionths, Score, sighting::Sighted},
};

use crate::{
    connection::Native,
    world::{Event, now, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;

#[tokio::test]
async fn people_who_used_a_thing_are_counted_once_each_and_no_further_than_asked_for() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let (tags, things) = (people(6), people(2));
    let sight = async |thing: Tag, tag, most| {
        let sighted = Sighted(thing);
        let sight = Sight { sighted, tag, most };
        let shard = sighted.shard(event.put.shards);
        let by = store.sighted(&event.id, shard, sight).await.unwrap();
        assert_eq!(
            store.sighted(&event.id, shard, sight).await.unwrap(),
            by,
            "asking notes nothing"
        );
        store.note(&event.id, shard, sight).await.unwrap();
        by.people
    };
    let mut counts = Vec::new();
    for &tag in [&tags[0], &tags[1], &tags[0], &tags[2], &tags[3], &tags[4], &tags[1]] {
        counts.push(sight(things[0], tag, 4).await);
    }
    assert_eq!(counts, [1, 2, 2, 3, 4, 4, 4]);
    assert_eq!(sight(things[0], tags[5], 5).await, 5, "an event may allow more later");
    assert_eq!(sight(things[1], tags[0], 4).await, 1, "another thing");
}

#[tokio::test]
async fn a_refused_person_is_remembered_and_every_scored_join_is_counted_once() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let tags = people(2);
    let scored = |tag, product, factors: &[FactorName]| {
        let score = Score {
            product: Millionths(product),
            factors: factors.to_vec(),
        };
        Join {
            verdict: score.verdict(),
            score: Some(score),
            ..event.join_of(tag)
        }
    };
    let join = async |join: Join| store.join(&event.id, event.shard_of(join.tag), join).await.unwrap();
    let bot = scored(tags[0], 10_000, &[FactorName::HeadlessBrowser]);
    for asked in [bot, scored(tags[0], 1_000_000, &[])] {
        let JoinOutcome::Refused { until, score } = join(asked).await else {
            panic!("not refused");
        };
        assert!(until > now().plus(COOL_DOWN_MS - 10_000) && until <= now().plus(COOL_DOWN_MS));
        assert_eq!(score.factors, [FactorName::HeadlessBrowser]);
    }
    let human = scored(tags[1], 500_000, &[FactorName::SignalsAbsent]);
    for _ in 0..3 {
        // The same proof: whoever repeats an operation is answered 'used', and not counted.
        join(human.clone()).await;
    }
    let deadline = now().plus(10_000);
    let snapshot = loop {
        let snapshot = event.snapshot(&store).await;
        if snapshot.scores.joins() == 3 {
            break snapshot;
        }
        assert!(now() < deadline, "{:?}", snapshot.scores);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    };
    for (counter, count) in [
        ("tier.refused", 1),
        ("tier.human", 2),
        ("factor.headless_browser", 1),
        ("factor.signals_absent", 1),
    ] {
        assert_eq!(snapshot.scores.get(counter), count, "{counter}");
    }
}

#[tokio::test]
async fn who_used_a_thing_is_forgotten_a_week_after_the_last_was_noted_and_asking_or_noting_again_does_not_put_it_off()
{
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let sighted = Sighted(people(1)[0]);
    let shard = sighted.shard(event.put.shards);
    let key = format!("stanchion:{{{}/{}}}:sighted:{}", event.id, shard.0, sighted.0);
    let left_ms = async || match redis.execute("PTTL", vec![key.clone().into_bytes()]).await.unwrap()[..] {
        [Value::Integer(left)] => left,
        ref other => panic!("{other:?}"),
    };
    let [first, second] = people(2)[..] else {
        panic!("two people")
    };
    let sight = |tag| Sight { sighted, tag, most: 5 };
    store.note(&event.id, shard, sight(first)).await.unwrap();
    let week = i64::try_from(SIGHTINGS_KEPT_MS).unwrap();
    assert!((week - 10_000..=week).contains(&left_ms().await));
    redis
        .execute("PEXPIRE", vec![key.clone().into_bytes(), b"50000".to_vec()])
        .await
        .unwrap();
    store.sighted(&event.id, shard, sight(second)).await.unwrap();
    store.note(&event.id, shard, sight(first)).await.unwrap();
    assert!((40_000..=50_000).contains(&left_ms().await));
    store.note(&event.id, shard, sight(second)).await.unwrap();
    assert!((week - 10_000..=week).contains(&left_ms().await));
}
