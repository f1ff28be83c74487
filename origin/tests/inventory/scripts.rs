//! The scripts against the model, over random operations.

use std::{collections::BTreeMap, collections::BTreeSet};

use proptest::{prelude::*, test_runner::TestRunner};
use stanchion_origin::{
    inventory::{ExtendResult, Inventory, LockResult, Section, UnlockResult},
    redis_connections::{IdentifiedConnection, RedisPool},
};
use stanchion_shared::ids::EventId;

use super::{
    LONG_MS, lock_for,
    model::{MODEL_SEATS, Model, Operation, Seat, apply, operation},
    paying, read, seats,
};
use crate::harness::{event_id, redis_url};

/// Runs the operation on Redis; its answer in the model's words.
async fn run(section: &Section, due_key: &str, redis: &RedisPool, operation: &Operation) -> String {
    let names = |wanted: &BTreeSet<usize>| seats(wanted.iter().copied());
    let owner_name = |owner: &usize| format!("owner-{owner}");
    match operation {
        Operation::Lock { owner, seats } => match lock_for(section, &owner_name(owner), &names(seats), LONG_MS).await {
            LockResult::Locked { .. } => "locked".to_owned(),
            LockResult::Taken(taken) => format!("taken {taken:?}"),
            LockResult::SessionOver => "over".to_owned(),
        },
        Operation::Unlock { owner, seats } => match section.unlock(&owner_name(owner), &names(seats)).await.unwrap() {
            UnlockResult::Unlocked(count) => format!("unlocked {count}"),
            UnlockResult::BeingPaid(paying) => format!("paying {paying:?}"),
        },
        Operation::Extend { owner, attempt, seats } => {
            match section
                .extend(paying(&owner_name(owner), *attempt), LONG_MS, &names(seats))
                .await
                .unwrap()
            {
                ExtendResult::Extended(_) => "extended".to_owned(),
                ExtendResult::Lost(lost) => format!("lost {lost:?}"),
                ExtendResult::Overtaken => "overtaken".to_owned(),
            }
        }
        Operation::Unpin { owner, attempt, seats } => {
            format!(
                "unpinned {}",
                section
                    .unpin(paying(&owner_name(owner), *attempt), &names(seats))
                    .await
                    .unwrap()
            )
        }
        Operation::Sell { order, seats } => {
            let sale = section.sell(&format!("order-{order}"), &names(seats)).await.unwrap();
            format!("sold {} {:?}", sale.newly_sold, sale.contradictions)
        }
        Operation::Free {
            order,
            owner,
            attempt,
            seats,
        } => {
            let order = format!("order-{order}");
            format!(
                "freed {}",
                section
                    .free(&order, paying(&owner_name(owner), *attempt), &names(seats))
                    .await
                    .unwrap()
            )
        }
        Operation::Expire { owner } => {
            // Time passes: the ends of this owner's locks are moved into the past, as if it had.
            let all = seats(0..MODEL_SEATS);
            let ends = section.owned(&owner_name(owner), &all).await.unwrap();
            for (seat, end) in all.iter().zip(ends) {
                if end.is_some() {
                    let mut command = redis::cmd("ZADD");
                    command.arg(due_key).arg("XX").arg(1).arg(seat);
                    let pass = |mut connected: IdentifiedConnection| {
                        let command = command.clone();
                        async move { command.query_async::<()>(&mut connected.connection).await }
                    };
                    redis.run(pass).await.unwrap();
                }
            }
            String::new()
        }
        Operation::Sweep => {
            section.sweep(2).await.unwrap();
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
    let redis = RedisPool::new(&redis_url()).unwrap();
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
                    let answered = run(&section, &due_key, &redis, operation).await;
                    prop_assert_eq!(answered, expected, "{:?}", operation);
                    let state = read(&section).await;
                    prop_assert_eq!(section.counts().await.unwrap(), state.counts);
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
