//! Suspects move up behind everybody else, and give their places back before a person of the first line has a number.

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{Join, JoinOutcome, PutOutcome, QueueStore},
    spin::store::{Redis, Store},
};
use stanchion_shared::{
    draw::record::{Line, RecordSecondLine},
    ids::{Place, Tag, Tier},
    score::BotVerdict,
};

use crate::{
    connection::Native,
    harness::{Event, Person, people, signing_keys, stack_redis},
};

const FAR_MS: u64 = 3_600_000;
const SUSPECTS: u64 = 20;

async fn join_as_suspect<R: Redis>(event: &Event, store: &Store<'_, R>, tag: Tag) -> Person {
    let shard = event.shard_of(tag);
    let join = Join {
        verdict: BotVerdict::Join(Tier::Suspect),
        ..event.join_of(tag)
    };
    match store.join(&event.id, shard, join).await.unwrap() {
        JoinOutcome::Numbered(held) => Person { tag, shard, held },
        other => panic!("{tag} got no number: {other:?}"),
    }
}

async fn suspects<R: Redis>(event: &Event, store: &Store<'_, R>) -> Vec<Person> {
    let tags = people(SUSPECTS as usize);
    join_all(tags.iter().map(|&tag| join_as_suspect(event, store, tag))).await
}

#[tokio::test]
async fn both_lines_of_a_draw_are_numbered_by_themselves_whoever_joins_first() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS).open(&store).await;
    // Every shard knows of the draw before it numbers anybody of the first line.
    let suspects = suspects(&event, &store).await;
    let humans = event.join_all(&store, &people(9)).await;
    event.on_sale_now_in(&redis, 200).await;
    let snapshot = event.until_closed(&store, 0).await;
    let all = SUSPECTS + 9;
    assert_eq!(
        (snapshot.last_place, snapshot.in_second_line, snapshot.joined),
        (all, 0, all)
    );
    let record = event.checked_record(&store, 0, None).await;
    assert_eq!(record.second_line, Some(RecordSecondLine::default()));
    let sorted = |people: &[Person]| {
        let mut places: Vec<u64> = people.iter().map(|person| person.place_in(&record).unwrap()).collect();
        places.sort_unstable();
        places
    };
    assert_eq!(sorted(&humans), (1..=9).collect::<Vec<_>>());
    assert_eq!(sorted(&suspects), (1..=SUSPECTS).collect::<Vec<_>>());
    assert_eq!(snapshot.schedule.place_in_line(1), Some(Place(10)));
}

#[tokio::test]
async fn whoever_joins_later_goes_before_the_suspects_who_have_no_turn_yet() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys);
    let mut event = Event::on_sale_in(FAR_MS);
    event.put.settings.draw_window_ms = 3_000;
    let mut event = event.open(&store).await;
    let put = store.put_release(&event.id, Event::release(2, 1)).await.unwrap();
    assert!(matches!(put, PutOutcome::Accepted(_)), "{put:?}");
    suspects(&event, &store).await;
    event.on_sale_now_in(&redis, 200).await;
    let drawn = event.until_closed(&store, 0).await;
    assert_eq!((drawn.last_place, drawn.in_second_line), (SUSPECTS, 0));

    // Somebody suspect joins first in the same shard: that tells the coordinator nothing of the other.
    let tag = people(1)[0];
    let mut other = tag;
    other.0[15] ^= 1;
    join_as_suspect(&event, &store, other).await;
    let still = event.snapshot(&store).await;
    assert_eq!(still.in_second_line, 0);
    let human = event.join_all(&store, &[tag]).await.remove(0);
    let told = event.snapshot(&store).await;
    assert!(told.in_second_line > 0, "{} have their turns", told.last_place);

    let draw = human.held.draw.0;
    let snapshot = event.until_closed(&store, draw).await;
    let mut previous = event.checked_record(&store, 0, None).await;
    for between in 1..draw {
        if event.record(&store, between).await.is_some() {
            previous = event.checked_record(&store, between, Some(&previous)).await;
        }
    }
    let record = event.checked_record(&store, draw, Some(&previous)).await;
    let moved_up = record.second_line.unwrap().moved_up;
    assert_eq!(moved_up, told.last_place, "as many as were said to keep their places");
    assert_eq!(human.place_in(&record), Some(moved_up + 1));
    assert_eq!(record.line_of(Tier::Suspect), Line::Second);
    let next = snapshot.schedule.place_in_line(moved_up + 1);
    assert_eq!(next, Some(Place(moved_up + 2)), "behind the human");
}
