//! The seats in Redis, against a model and against crowds: no seat has two owners, and in every read
//! available + locked + sold = capacity.

mod stage;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use proptest::{prelude::*, test_runner::TestRunner};
use stage::{Stage, event_id, redis_url, small_event};
use stanchion_origin::inventory::{
    Counts, Extend, Inventory, Lock, LockRequest, Release, Section,
    connection::Links,
    section::{SectionState, Unloaded},
};
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use tokio::{task::JoinSet, time::sleep};

const LONG_MS: u64 = 600_000;

fn a_section() -> Section {
    let inventory = Inventory::new(&redis_url()).unwrap();
    inventory.bare_section(&EventId::parse(&event_id()).unwrap(), "A")
}

async fn loaded(capacity: u64) -> Section {
    let section = a_section();
    assert!(section.load(capacity, &[]).await.unwrap());
    section
}

fn seats(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("A-1-{number}")).collect()
}

async fn lock_for(section: &Section, owner: &str, wanted: &[String], lock_ms: u64) -> Lock {
    let request = LockRequest {
        owner,
        lock_ms,
        not_after: UnixMillis::MAX,
        seats: wanted,
    };
    section.lock(&request).await.unwrap().unwrap()
}

async fn read(section: &Section) -> SectionState {
    let state = section.read().await.unwrap().unwrap();
    let Counts { capacity, locked, sold } = state.counts;
    let held = |sold: bool| state.held.iter().filter(|(_, letter)| (*letter == 'S') == sold).count() as u64;
    assert_eq!(
        (held(false), held(true)),
        (locked, sold),
        "the counters say what the seats say"
    );
    assert_eq!(state.counts.available() + locked + sold, capacity);
    state
}

fn is_locked(lock: &Lock) -> bool {
    matches!(lock, Lock::Locked { .. })
}

#[tokio::test]
async fn a_request_locks_all_of_its_seats_or_none() {
    let section = loaded(10).await;
    assert!(is_locked(&lock_for(&section, "one", &seats([1, 2]), LONG_MS).await));
    assert_eq!(
        lock_for(&section, "two", &seats([2, 3]), LONG_MS).await,
        Lock::Taken(seats([2]))
    );
    assert_eq!(
        read(&section).await.counts,
        Counts {
            capacity: 10,
            locked: 2,
            sold: 0
        }
    );
    assert!(
        is_locked(&lock_for(&section, "two", &seats([3]), LONG_MS).await),
        "seat 3 was not locked before"
    );
}

#[tokio::test]
async fn locking_again_keeps_the_end() {
    let section = loaded(10).await;
    let Lock::Locked { ends, .. } = lock_for(&section, "one", &seats([1]), LONG_MS).await else {
        panic!()
    };
    let again = lock_for(&section, "one", &seats([1, 2]), 2 * LONG_MS).await;
    let Lock::Locked {
        held_before,
        ends: later,
    } = again
    else {
        panic!("{again:?}")
    };
    assert_eq!(held_before, vec![("A-1-1".to_owned(), ends)]);
    assert!(later > ends);
}

#[tokio::test]
async fn a_lock_ends_with_the_session_at_the_latest() {
    let section = loaded(10).await;
    let soon = stanchion_origin::clock::now().plus(5_000);
    let request = |not_after| LockRequest {
        owner: "one",
        lock_ms: LONG_MS,
        not_after,
        seats: &[] as &[String],
    };
    let wanted = seats([1]);
    let lock = section
        .lock(&LockRequest {
            seats: &wanted,
            ..request(soon)
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        lock,
        Lock::Locked {
            ends: soon,
            held_before: vec![]
        }
    );
    let over = stanchion_origin::clock::now().minus(1);
    let lock = section
        .lock(&LockRequest {
            seats: &seats([2]),
            ..request(over)
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(lock, Lock::SessionOver);
}

#[tokio::test]
async fn a_seat_whose_lock_is_over_can_be_locked_by_somebody_else_within_a_second() {
    let section = loaded(3).await;
    assert!(is_locked(&lock_for(&section, "one", &seats([1]), 300).await));
    assert!(!is_locked(&lock_for(&section, "two", &seats([1]), LONG_MS).await));
    sleep(Duration::from_millis(350)).await;
    assert_eq!(
        read(&section).await.counts.locked,
        0,
        "free again, although nobody has swept"
    );
    assert!(is_locked(&lock_for(&section, "two", &seats([1]), LONG_MS).await));
    assert_eq!(section.owned("one", &seats([1])).await.unwrap(), Ok(vec![None]));
    assert_eq!(
        section.release("one", &seats([1])).await.unwrap(),
        Ok(Release::Released(0))
    );
    assert_eq!(read(&section).await.counts.locked, 1);
}

#[tokio::test]
async fn a_wanted_seat_is_free_even_behind_more_expired_locks_than_one_request_tidies() {
    let section = loaded(400).await;
    for batch in 0..10 {
        assert!(is_locked(
            &lock_for(&section, "one", &seats(batch * 20..(batch + 1) * 20), 200).await
        ));
    }
    sleep(Duration::from_millis(250)).await;
    // The last to expire is not among the first 64 that a request tidies.
    assert!(is_locked(&lock_for(&section, "two", &seats([199]), LONG_MS).await));
    assert_eq!(
        read(&section).await.counts,
        Counts {
            capacity: 400,
            locked: 1,
            sold: 0
        }
    );
    assert!(section.sweep(50).await.unwrap().unwrap() <= 50, "a sweep is bounded");
    while section.sweep(50).await.unwrap().unwrap() > 0 {}
    assert_eq!(
        read(&section).await.counts,
        Counts {
            capacity: 400,
            locked: 1,
            sold: 0
        }
    );
}

#[tokio::test]
async fn a_checkout_extends_a_lock_once_and_nobody_releases_it_meanwhile() {
    let section = loaded(10).await;
    let wanted = seats([1, 2]);
    assert!(is_locked(&lock_for(&section, "one", &wanted, 2_000).await));
    let first = section.extend("one", 5_000, &wanted).await.unwrap().unwrap();
    let Extend::Extended(ends) = first else {
        panic!("{first:?}")
    };
    assert_eq!(
        section.release("one", &seats([1, 3])).await.unwrap(),
        Ok(Release::BeingPaid(seats([1])))
    );
    assert_eq!(section.unpin("one", &wanted).await.unwrap(), Ok(2));
    assert_eq!(
        section.extend("one", 90_000, &wanted).await.unwrap(),
        Ok(Extend::Extended(ends)),
        "once only"
    );
    assert_eq!(
        section.extend("two", 90_000, &wanted).await.unwrap(),
        Ok(Extend::Lost(wanted.clone()))
    );
    assert_eq!(section.unpin("one", &wanted).await.unwrap(), Ok(2));
    assert_eq!(section.release("one", &wanted).await.unwrap(), Ok(Release::Released(2)));
}

#[tokio::test]
async fn an_extension_never_shortens_a_lock() {
    let section = loaded(10).await;
    let Lock::Locked { ends, .. } = lock_for(&section, "one", &seats([1]), LONG_MS).await else {
        panic!()
    };
    assert_eq!(
        section.extend("one", 1_000, &seats([1])).await.unwrap(),
        Ok(Extend::Extended(ends))
    );
}

#[tokio::test]
async fn selling_and_freeing_may_be_repeated_and_touch_no_other_order() {
    let section = loaded(10).await;
    let wanted = seats([1, 2]);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    for newly_sold in [2, 0] {
        let sale = section.sell("order-1", &wanted).await.unwrap().unwrap();
        assert_eq!((sale.newly_sold, sale.contradictions.len()), (newly_sold, 0));
    }
    let sale = section.sell("order-2", &wanted).await.unwrap().unwrap();
    assert_eq!(sale.contradictions, wanted);
    assert_eq!(section.free("order-2", "one", &wanted).await.unwrap(), Ok(0));
    assert!(!is_locked(&lock_for(&section, "two", &seats([1]), LONG_MS).await));
    for freed in [2, 0] {
        assert_eq!(section.free("order-1", "one", &wanted).await.unwrap(), Ok(freed));
    }
    assert_eq!(
        read(&section).await.counts,
        Counts {
            capacity: 10,
            locked: 0,
            sold: 0
        }
    );
}

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
    assert_eq!(section.extend("one", 1, &wanted).await.unwrap(), Err(Unloaded));
    assert_eq!(section.unpin("one", &wanted).await.unwrap(), Err(Unloaded));
    assert_eq!(section.sell("order", &wanted).await.unwrap(), Err(Unloaded));
    assert_eq!(section.free("order", "one", &wanted).await.unwrap(), Err(Unloaded));
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
    assert_eq!(section.extend("one", 1, &wanted).await.unwrap(), Err(Unloaded));
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
        section.extend("one", 1, &wanted).await.unwrap(),
        Ok(Extend::Lost(wanted)),
        "its locks are lost"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_never_double_locks_a_seat() {
    const SEATS: usize = 40;
    const CLIENTS: usize = 64;
    let section = loaded(SEATS as u64).await;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let section = section.clone();
        clients.spawn(async move {
            let owner = format!("owner-{client}");
            let mut won = BTreeSet::new();
            for round in 0..60 {
                let first = (client * 7 + round * 13) % (SEATS - 2);
                let wanted = seats(first..first + 1 + round % 3);
                if is_locked(&lock_for(&section, &owner, &wanted, LONG_MS).await) {
                    won.extend(wanted);
                }
                read(&section).await;
            }
            won
        });
    }
    let mut owners = BTreeMap::new();
    while let Some(won) = clients.join_next().await {
        for seat in won.unwrap() {
            assert!(owners.insert(seat.clone(), ()).is_none(), "{seat} was locked twice");
        }
    }
    assert_eq!(read(&section).await.counts.locked as usize, owners.len());
}

/// What Redis should say, in a few lines: the specification the scripts are held against.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seat {
    Locked { owner: usize, paying: bool },
    Sold { order: usize },
}

#[derive(Clone, Debug)]
enum Operation {
    Lock {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Release {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Extend {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Unpin {
        owner: usize,
        seats: BTreeSet<usize>,
    },
    Sell {
        order: usize,
        seats: BTreeSet<usize>,
    },
    Free {
        order: usize,
        owner: usize,
        seats: BTreeSet<usize>,
    },
    /// All locks of one owner are over.
    Expire {
        owner: usize,
    },
    Sweep,
}

const MODEL_SEATS: usize = 8;
const MODEL_OWNERS: usize = 3;

fn operation() -> impl Strategy<Value = Operation> {
    let owner = || 0..MODEL_OWNERS;
    let seats = || prop::collection::btree_set(0..MODEL_SEATS, 1..4);
    prop_oneof![
        4 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Lock { owner, seats }),
        2 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Release { owner, seats }),
        2 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Extend { owner, seats }),
        1 => (owner(), seats()).prop_map(|(owner, seats)| Operation::Unpin { owner, seats }),
        2 => (owner(), seats()).prop_map(|(order, seats)| Operation::Sell { order, seats }),
        1 => (owner(), owner(), seats()).prop_map(|(order, owner, seats)| Operation::Free { order, owner, seats }),
        1 => owner().prop_map(|owner| Operation::Expire { owner }),
        1 => Just(Operation::Sweep),
    ]
}

type Model = BTreeMap<usize, Seat>;

fn is_lock_of(seat: Option<&Seat>, wanted: usize) -> bool {
    matches!(seat, Some(Seat::Locked { owner, .. }) if *owner == wanted)
}

/// Changes the model; says what the script must answer.
fn apply(model: &mut Model, operation: &Operation) -> String {
    match operation {
        Operation::Lock { owner, seats: wanted } => {
            let taken = |seat: &&usize| model.contains_key(seat) && !is_lock_of(model.get(seat), *owner);
            let taken: Vec<usize> = wanted.iter().filter(taken).copied().collect();
            if !taken.is_empty() {
                return format!("taken {:?}", seats(taken));
            }
            for seat in wanted {
                model.entry(*seat).or_insert(Seat::Locked {
                    owner: *owner,
                    paying: false,
                });
            }
            "locked".to_owned()
        }
        Operation::Release { owner, seats: wanted } => {
            let paying = Some(Seat::Locked {
                owner: *owner,
                paying: true,
            });
            let pinned: Vec<usize> = wanted
                .iter()
                .filter(|seat| model.get(seat) == paying.as_ref())
                .copied()
                .collect();
            if !pinned.is_empty() {
                return format!("paying {:?}", seats(pinned));
            }
            let own: Vec<usize> = wanted
                .iter()
                .filter(|seat| is_lock_of(model.get(seat), *owner))
                .copied()
                .collect();
            model.retain(|seat, _| !own.contains(seat));
            format!("released {}", own.len())
        }
        Operation::Extend { owner, seats: wanted } => {
            let lost: Vec<usize> = wanted
                .iter()
                .filter(|seat| !is_lock_of(model.get(seat), *owner))
                .copied()
                .collect();
            if !lost.is_empty() {
                return format!("lost {:?}", seats(lost));
            }
            for seat in wanted {
                model.insert(
                    *seat,
                    Seat::Locked {
                        owner: *owner,
                        paying: true,
                    },
                );
            }
            "extended".to_owned()
        }
        Operation::Unpin { owner, seats: wanted } => {
            let paying = Seat::Locked {
                owner: *owner,
                paying: true,
            };
            let pinned: Vec<usize> = wanted
                .iter()
                .filter(|seat| model.get(seat) == Some(&paying))
                .copied()
                .collect();
            for seat in &pinned {
                model.insert(
                    *seat,
                    Seat::Locked {
                        owner: *owner,
                        paying: false,
                    },
                );
            }
            format!("unpinned {}", pinned.len())
        }
        Operation::Sell { order, seats: wanted } => {
            let sold = |seat: &usize| matches!(model.get(seat), Some(Seat::Sold { .. }));
            let contradictions = wanted
                .iter()
                .filter(|seat| sold(seat) && model[seat] != Seat::Sold { order: *order });
            let contradictions: Vec<usize> = contradictions.copied().collect();
            let fresh: Vec<usize> = wanted.iter().filter(|seat| !sold(seat)).copied().collect();
            for seat in &fresh {
                model.insert(*seat, Seat::Sold { order: *order });
            }
            format!("sold {} {:?}", fresh.len(), seats(contradictions))
        }
        Operation::Free {
            order,
            owner,
            seats: wanted,
        } => {
            let sold = Seat::Sold { order: *order };
            let ours = |seat: &&usize| model.get(seat) == Some(&sold) || is_lock_of(model.get(seat), *owner);
            let ours: Vec<usize> = wanted.iter().filter(ours).copied().collect();
            model.retain(|seat, _| !ours.contains(seat));
            format!("freed {}", ours.len())
        }
        Operation::Expire { owner } => {
            model.retain(|_, seat| !is_lock_of(Some(seat), *owner));
            String::new()
        }
        Operation::Sweep => String::new(),
    }
}

/// Runs the operation on Redis; its answer in the model's words.
async fn run(section: &Section, due_key: &str, links: &Links, operation: &Operation) -> String {
    let names = |wanted: &BTreeSet<usize>| seats(wanted.iter().copied());
    let owner_name = |owner: &usize| format!("owner-{owner}");
    match operation {
        Operation::Lock { owner, seats } => match lock_for(section, &owner_name(owner), &names(seats), LONG_MS).await {
            Lock::Locked { .. } => "locked".to_owned(),
            Lock::Taken(taken) => format!("taken {taken:?}"),
            Lock::SessionOver => "over".to_owned(),
        },
        Operation::Release { owner, seats } => {
            match section
                .release(&owner_name(owner), &names(seats))
                .await
                .unwrap()
                .unwrap()
            {
                Release::Released(count) => format!("released {count}"),
                Release::BeingPaid(paying) => format!("paying {paying:?}"),
            }
        }
        Operation::Extend { owner, seats } => {
            match section
                .extend(&owner_name(owner), LONG_MS, &names(seats))
                .await
                .unwrap()
                .unwrap()
            {
                Extend::Extended(_) => "extended".to_owned(),
                Extend::Lost(lost) => format!("lost {lost:?}"),
            }
        }
        Operation::Unpin { owner, seats } => {
            format!(
                "unpinned {}",
                section.unpin(&owner_name(owner), &names(seats)).await.unwrap().unwrap()
            )
        }
        Operation::Sell { order, seats } => {
            let sale = section
                .sell(&format!("order-{order}"), &names(seats))
                .await
                .unwrap()
                .unwrap();
            format!("sold {} {:?}", sale.newly_sold, sale.contradictions)
        }
        Operation::Free { order, owner, seats } => {
            let order = format!("order-{order}");
            format!(
                "freed {}",
                section
                    .free(&order, &owner_name(owner), &names(seats))
                    .await
                    .unwrap()
                    .unwrap()
            )
        }
        Operation::Expire { owner } => {
            // Time passes: the ends of this owner's locks are moved into the past, as if it had.
            let all = seats(0..MODEL_SEATS);
            let ends = section.owned(&owner_name(owner), &all).await.unwrap().unwrap();
            for (seat, end) in all.iter().zip(ends) {
                if end.is_some() {
                    let mut command = redis::cmd("ZADD");
                    command.arg(due_key).arg("XX").arg(1).arg(seat);
                    let pass = |mut link: stanchion_origin::inventory::connection::Link| {
                        let command = command.clone();
                        async move { command.query_async::<()>(&mut link.connection).await }
                    };
                    links.run(pass).await.unwrap();
                }
            }
            String::new()
        }
        Operation::Sweep => {
            section.sweep(2).await.unwrap().unwrap();
            String::new()
        }
    }
}

#[test]
fn the_scripts_do_what_the_model_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let links = Links::new(&redis_url()).unwrap();
    let inventory = Inventory::new(&redis_url()).unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    });
    let operations = prop::collection::vec(operation(), 1..60);
    runner
        .run(&operations, |operations| {
            runtime.block_on(async {
                let event = EventId::parse(&event_id()).unwrap();
                let section = inventory.bare_section(&event, "A");
                let due_key = format!("stanchion:{{{event}:A}}:due");
                section.load(MODEL_SEATS as u64, &[]).await.unwrap();
                let mut model = Model::new();
                for operation in &operations {
                    let expected = apply(&mut model, operation);
                    let answered = run(&section, &due_key, &links, operation).await;
                    prop_assert_eq!(answered, expected, "{:?}", operation);
                    let state = read(&section).await;
                    prop_assert_eq!(section.counts().await.unwrap().unwrap(), state.counts);
                    let held: BTreeMap<String, char> = state.held.into_iter().collect();
                    let expected = model.iter().map(|(seat, state)| {
                        (
                            format!("A-1-{seat}"),
                            if matches!(state, Seat::Sold { .. }) { 'S' } else { 'L' },
                        )
                    });
                    let held = held
                        .into_iter()
                        .map(|(seat, letter)| (seat, if letter == 'S' { 'S' } else { 'L' }));
                    prop_assert_eq!(held.collect::<BTreeMap<_, _>>(), expected.collect::<BTreeMap<_, _>>());
                }
                Ok(())
            })
        })
        .unwrap();
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

/// A Redis of one test, with its append-only file on disk: it can be killed and started again.
struct PrivateRedis {
    folder: std::path::PathBuf,
    port: u16,
    server: std::process::Child,
}

impl PrivateRedis {
    fn spawn(folder: &std::path::Path, port: u16) -> std::process::Child {
        let port = port.to_string();
        std::process::Command::new("redis-server")
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--dir",
            ])
            .arg(folder)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("redis-server is installed")
    }

    async fn start() -> PrivateRedis {
        let folder = std::env::temp_dir().join(format!("stanchion-redis-{}", event_id()));
        std::fs::create_dir(&folder).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let server = PrivateRedis::spawn(&folder, port);
        let redis = PrivateRedis { folder, port, server };
        redis.is_up().await;
        redis
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    async fn is_up(&self) {
        stage::eventually("the private Redis answers", async || {
            let client = redis::Client::open(self.url()).unwrap();
            let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
                return false;
            };
            redis::cmd("PING").query_async::<String>(&mut connection).await.is_ok()
        })
        .await;
    }

    /// No warning, no clean-up; then the same files again.
    async fn crash(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
        self.server = PrivateRedis::spawn(&self.folder, self.port);
        self.is_up().await;
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn after_a_crash_of_redis_nothing_it_remembers_is_believed_until_the_section_is_rebuilt() {
    let mut server = PrivateRedis::start().await;
    let inventory = Inventory::new(&server.url()).unwrap();
    let section = inventory.bare_section(&EventId::parse(&event_id()).unwrap(), "A");
    assert!(section.load(10, &[]).await.unwrap());
    let wanted = seats([1]);
    lock_for(&section, "one", &wanted, LONG_MS).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await; // the append-only file is on disk now
    server.crash().await;
    // Every connection, also those that were open before, leads to the new process and knows it.
    for _ in 0..8 {
        let counts = loop {
            if let Ok(counts) = section.counts().await {
                break counts;
            }
        };
        assert_eq!(counts, Err(Unloaded));
    }
    assert!(
        section
            .load(10, &[("A-1-2".to_owned(), "order".to_owned())])
            .await
            .unwrap()
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
        section.extend("one", 1, &wanted).await.unwrap(),
        Ok(Extend::Lost(wanted))
    );
}
