//! Draws that wait for a beacon, in the store itself, with operations that stop in the middle and a beacon that is away.

use std::{
    cell::Cell,
    collections::BTreeSet,
    sync::LazyLock,
    time::{Duration, Instant},
};

use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, join_all},
};
use serde_json::{Value, json};
use stanchion_edge::{
    config::Sites,
    platform::{HttpRequest, HttpResponse, StoreError},
    spin::store::{Outside, Redis, Store},
};
use stanchion_shared::{
    draw::record::DrawRecord,
    ids::{Bytes32, Draw},
    policy::{BeaconKey, BeaconPolicy},
    snapshot::FrozenTickets,
    timestamp::UnixMillis,
};

use crate::{
    connection::{Counting, Last, Native, Stopping, WithoutShards},
    harness::{Event, Person, SHARDS, assert_places, now, people, random_32, signing_keys, stack_redis},
};

const PERIOD_S: u64 = 5;
/// A closing stops after so many commands, before and after its round is out: after each of the first, where all decisions are
/// made, and after every third of those that ask shard after shard.
const TRIES: usize = 34;
const EACH_OF: usize = 20;

/// The network of which rounds 3 and 4 are recorded.
fn network() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../../shared/tests/vectors/beacon.json")).unwrap();
    let of_round_3 = |network: &&Value| network["rounds"][0]["round"] == 3;
    let networks = vectors["networks"].as_array().unwrap();
    networks.iter().find(of_round_3).unwrap().clone()
}

/// Answers as drand does, with the recorded rounds.
fn drand(request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, StoreError>> {
    let path = request.uri().path().to_owned();
    async move {
        let round: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
        let network = network();
        let rounds = network["rounds"].as_array().unwrap();
        let recorded = rounds.iter().find(|one| one["round"] == round);
        let body = recorded.map(|one| json!({ "round": one["round"], "signature": one["signature"] }).to_string());
        let mut answer = HttpResponse::new(body.clone().unwrap_or_default().into_bytes());
        *answer.status_mut() = http::StatusCode::from_u16(if body.is_some() { 200 } else { 404 }).unwrap();
        Ok(answer)
    }
    .boxed_local()
}

static SITES: LazyLock<Sites> = LazyLock::new(|| Sites::shop("http://origin"));

fn source() -> Outside<'static> {
    Outside {
        beacon_url: "http://beacon",
        sites: &SITES,
        send: &drand,
    }
}

/// Draw 0 of it waits for round 3, which is out three to four seconds after the on-sale.
fn event(on_sale_time: UnixMillis) -> Event {
    let mut event = Event::on_sale_in(0);
    event.put.settings.on_sale_time = on_sale_time;
    event.put.settings.policy.beacon = Some(BeaconPolicy {
        chain_hash: Bytes32(random_32()),
        public_key: BeaconKey::parse(network()["public_key"].as_str().unwrap()).unwrap(),
        genesis: (on_sale_time.0 + 3_000).div_ceil(1_000) - 2 * PERIOD_S,
        period: PERIOD_S,
        ..BeaconPolicy::quicknet()
    });
    event
}

/// So many events with somebody in each, all on sale at one instant that is soon. The secrets of an event are a million
/// hashes, which takes this machine what it takes.
async fn events<R: Redis>(store: &Store<'_, R>, count: usize, joining: usize) -> Vec<(Event, Vec<Person>)> {
    let began = Instant::now();
    event(now()).open(store).await;
    let for_one = u64::try_from(began.elapsed().as_millis()).unwrap() + 20 * joining as u64;
    let on_sale_time = now().plus(2 * for_one * count as u64 + 3_000);
    let mut all = Vec::new();
    for _ in 0..count {
        let event = event(on_sale_time).open(store).await;
        let joined = event.join_all(store, &people(joining)).await;
        event.snapshot(store).await;
        all.push((event, joined));
    }
    assert!(now() < on_sale_time, "this machine has become much slower");
    all
}

fn out_at(event: &Event) -> UnixMillis {
    event.put.settings.policy.beacon.as_ref().unwrap().time_of(3)
}

async fn until(instant: UnixMillis) {
    tokio::time::sleep(Duration::from_millis(instant.since(now()))).await;
}

/// An edge that stopped has left a mark for a second. After it, the next edge freezes the draw and says what is frozen.
async fn told_as_frozen(event: &Event, store: &Store<'_, Native>) -> FrozenTickets {
    while now() < out_at(event) {
        if let Some(frozen) = event.snapshot(store).await.frozen {
            return frozen;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nothing was frozen before the round was out");
}

/// Everybody's draw is closed with round 3, and what was told while it waited holds.
async fn closed(event: &Event, store: &Store<'_, Native>, joined: &[Person]) -> DrawRecord {
    event.until_closed(store, 0).await;
    let record = event.checked_record(store, 0, None).await;
    assert_eq!(record.beacon.as_ref().map(|beacon| beacon.round), Some(3));
    assert_places(&record, joined);
    record
}

#[tokio::test]
async fn a_closing_that_stops_after_any_step_before_or_after_the_round_is_finished_by_the_next() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys).with_outside(source());
    let stop_and_go_on = |commands, (event, joined): (Event, Vec<Person>)| {
        let (redis, keys, store) = (&redis, &keys, &store);
        async move {
            let last = if commands % 2 == 0 {
                Last::Unsent
            } else {
                Last::Unanswered
            };
            let stopped_at = async |instant| {
                until(instant).await;
                let stopping = Stopping::after(redis, commands, last);
                let _ = Store::new(&stopping, keys)
                    .with_outside(source())
                    .snapshot(&event.id)
                    .await;
                stopping.commands_left.get() > 0
            };
            let mut finished = stopped_at(event.put.settings.on_sale_time).await;
            let frozen = told_as_frozen(&event, store).await;
            assert_eq!(frozen.draw, Draw(0));
            assert!(event.record(store, 0).await.is_none(), "a secret before its round");
            // A fan who comes now is in a later draw, though this one is not drawn yet.
            let late = event.join_all(store, &people(3)).await;
            assert!(late.iter().all(|person| person.held.draw > Draw(0)));
            finished &= stopped_at(out_at(&event)).await;
            let record = closed(&event, store, &joined).await;
            assert_eq!(record.tickets_digest, frozen.tickets_digest);
            finished
        }
    };
    let events = events(&store, TRIES, 12).await;
    let stops = (1..=EACH_OF).chain((EACH_OF + 1..).step_by(3));
    let tries = stops
        .zip(events)
        .map(|(commands, event)| stop_and_go_on(commands, event));
    let finished = join_all(tries).await;
    assert!(
        finished.contains(&true),
        "the last of these connections stopped before the closing was done: try more commands"
    );
}

#[tokio::test]
async fn a_store_that_reaches_no_beacon_draws_nothing_and_the_next_that_does_goes_on() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let without = Store::new(&redis, &keys);
    let (event, joined) = events(&without, 1, 9).await.remove(0);
    until(out_at(&event).plus(1_200)).await;
    for _ in 0..3 {
        assert!(!event.snapshot(&without).await.is_closed(Draw(0)));
    }
    assert!(event.record(&without, 0).await.is_none());
    closed(&event, &Store::new(&redis, &keys).with_outside(source()), &joined).await;
}

#[tokio::test]
async fn a_secret_is_never_readable_before_every_shard_is_frozen_though_the_round_is_out() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let store = Store::new(&redis, &keys).with_outside(source());
    let (event, joined) = events(&store, 1, 9).await.remove(0);
    until(out_at(&event)).await;
    let silent = WithoutShards {
        redis: &redis,
        patience: Duration::from_millis(50),
    };
    let without_shards = Store::new(&silent, &keys).with_outside(source());
    for _ in 0..5 {
        let snapshot = event.snapshot(&without_shards).await;
        assert_eq!((snapshot.is_closed(Draw(0)), snapshot.frozen), (false, None));
        assert!(event.record(&without_shards, 0).await.is_none());
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    closed(&event, &store, &joined).await;
}

#[tokio::test]
async fn however_long_the_beacon_is_silent_a_shard_is_frozen_once_for_each_draw() {
    let (redis, keys) = (Native::new(&stack_redis()), signing_keys());
    let silent = Outside {
        beacon_url: "http://beacon",
        sites: &SITES,
        send: &|_| async { Err(StoreError("no answer".to_owned())) }.boxed_local(),
    };
    let counting = Counting {
        redis: &redis,
        freezes: Cell::new(0),
        all: Cell::new(0),
    };
    let store = Store::new(&counting, &keys).with_outside(silent);
    let (event, joined) = events(&store, 1, 40).await.remove(0);
    let shards: BTreeSet<_> = joined.iter().map(|person| person.shard).collect();
    assert_eq!(shards.len(), usize::from(SHARDS));
    until(out_at(&event).plus(500)).await;
    event.snapshot(&store).await;
    // Fans who join meanwhile have later draws frozen, each shard once.
    let mut later = BTreeSet::new();
    counting.freezes.set(0);
    let asked_before = counting.all.get();
    for _ in 0..60 {
        let joined = event.join_all(&store, &people(1)).await;
        later.extend(joined.iter().map(|person| (person.held.draw, person.shard)));
        assert!(!event.snapshot(&store).await.is_closed(Draw(0)));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let freezes = counting.freezes.get();
    assert!(freezes <= later.len(), "{freezes} for {later:?}");
    assert!(freezes > 0, "later draws are frozen while the first one waits");
    // A join and a snapshot are some commands each, a shard report one for each shard every two seconds, a try to close some each second.
    let commands = counting.all.get() - asked_before;
    assert!(commands < 60 * 12, "{commands} commands");
    closed(&event, &Store::new(&redis, &keys).with_outside(source()), &joined).await;
}
