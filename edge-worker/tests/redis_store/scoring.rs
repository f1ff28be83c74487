//! The store's memory of scores: identifier reuse, refusals, and counters.

use stanchion_edge::{
    platform::{IDENTIFIERS_KEPT_MS, IdentifierUse, Join, JoinOutcome, QueueStore},
    spin::store::{Redis, Store, Value},
};
use stanchion_shared::{
    ids::Tag,
    score::{
        COOL_DOWN_MS, FactorName, Millionths, Score,
        identifier_reuse::Identifier,
        sharing::{AccountKind, AccountMix},
    },
};

use crate::{
    connection::Native,
    harness::{Event, now, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;

#[tokio::test]
async fn people_who_used_a_thing_are_counted_once_each_and_by_what_their_accounts_are() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let (tags, things) = (people(6), people(3));
    let use_them = async |things: &[Tag], tag, account, most| {
        let used = IdentifierUse {
            identifiers: things.iter().copied().map(Identifier).collect(),
            tag,
            account,
            most,
            kept_ms: IDENTIFIERS_KEPT_MS,
        };
        let shard = used.shard(event.put.settings.shards);
        let by = store.identifier_users(&event.id, shard, used.clone()).await.unwrap();
        let again = store.identifier_users(&event.id, shard, used.clone()).await.unwrap();
        assert_eq!(again, by, "asking notes nothing");
        store.note_identifiers(&event.id, shard, used).await.unwrap();
        by
    };
    let (known, new) = (Some(AccountKind::Known), Some(AccountKind::New));
    let mut counts = Vec::new();
    for (who, account) in [(0, new), (1, known), (0, new), (2, None), (3, new), (1, known)] {
        counts.push(use_them(&things[..1], tags[who], account, 3).await[0].people);
    }
    assert_eq!(counts, [1, 2, 2, 3, 4, 4]);
    let users = use_them(&things[..1], tags[4], known, 3).await[0];
    let accounts = AccountMix { known: 2, new: 2 };
    assert_eq!((users.people, users.accounts, users.is_noted), (5, accounts, false));
    assert!(use_them(&things[..1], tags[0], new, 3).await[0].is_noted);
    // Beyond those who are remembered by name everybody counts as new again.
    assert!(!use_them(&things[..1], tags[4], known, 3).await[0].is_noted);

    // Networks: the narrower one is another, the wider one the same.
    use_them(&[things[1], things[2]], tags[0], new, 3).await;
    let both = use_them(&[people(1)[0], things[2]], tags[5], new, 3).await;
    assert_eq!([both[0].people, both[1].people], [1, 2]);
    assert_eq!(both[1].accounts, AccountMix { known: 0, new: 2 });
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
        // The same proof: an operation that is repeated is answered 'used', and not counted.
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
    let (redis, signing) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &signing);
    let event = Event::on_sale_in(FAR_MS).open(&store).await;
    let identifier = Identifier(people(1)[0]);
    let shard = identifier.shard(event.put.settings.shards);
    let names = format!("stanchion:{{{}/{}}}:identifier:{}", event.id, shard.0, identifier.0);
    let keys = [names.clone(), format!("{names}:counts")].map(String::into_bytes);
    let left_ms = async || {
        let mut left = Vec::new();
        for key in &keys {
            match redis.execute("PTTL", vec![key.clone()]).await.unwrap()[..] {
                [Value::Integer(ms)] => left.push(ms),
                ref other => panic!("{other:?}"),
            }
        }
        assert!((left[0] - left[1]).abs() < 1_000, "{left:?}");
        left[0]
    };
    let [first, second] = people(2)[..] else {
        panic!("two people")
    };
    let used_by = |tag| IdentifierUse {
        identifiers: vec![identifier],
        tag,
        account: None,
        most: 5,
        kept_ms: IDENTIFIERS_KEPT_MS,
    };
    store.note_identifiers(&event.id, shard, used_by(first)).await.unwrap();
    let week = i64::try_from(IDENTIFIERS_KEPT_MS).unwrap();
    assert!((week - 10_000..=week).contains(&left_ms().await));
    for key in &keys {
        let expiry = vec![key.clone(), b"50000".to_vec()];
        redis.execute("PEXPIRE", expiry).await.unwrap();
    }
    store.identifier_users(&event.id, shard, used_by(second)).await.unwrap();
    store.note_identifiers(&event.id, shard, used_by(first)).await.unwrap();
    assert!((40_000..=50_000).contains(&left_ms().await));
    store.note_identifiers(&event.id, shard, used_by(second)).await.unwrap();
    assert!((week - 10_000..=week).contains(&left_ms().await));
}
