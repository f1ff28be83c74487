//! A fan with an account and a solved challenge joins, beside a Durable Object that inserts one row per request.
//!
//! One shard beside one object: what a Durable Object can do is the limit of both, and more of them help both alike.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use serde_json::json;
use stanchion_harness::{Edge, Event};
use stanchion_shared::ids::ShardCount;
use tokio::task::JoinSet;
use url::Url;

use crate::{
    hello,
    measured::Measured,
    once_each::{self, Prepared},
    options::Effort,
    report::BenchRow,
    rounds::alternate,
};

const CONNECTIONS: usize = 64;
const ON_SALE_IN_MS: u64 = 3_600_000;
/// How many fans fetch and solve their challenges at once, beforehand.
const PREPARED_AT_ONCE: usize = 32;
/// Shards tell the coordinator how many have joined every few seconds.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) async fn measure(effort: Effort) -> Measured<BenchRow> {
    let hello = hello::url()?;
    let edge = Arc::new(Edge::new());
    let event = one_shard();
    edge.open(&event, 1).await;

    // Challenges live for five minutes, so all of a run are made and used well within that.
    let joins = effort.joins;
    let total = effort.warm_up.joins + effort.rounds * joins;
    let mut bodies = solved(&edge, &event, total).await?;
    let requests =
        |path: &str, fans: &[PreparedFan]| Arc::new(fans.iter().map(|fan| fan.request(path)).collect::<Vec<_>>());
    let (ours, baseline) = (address(&edge.url)?, address(&hello)?);
    let warm_up = bodies.split_off(total - effort.warm_up.joins);
    once_each::send(ours, CONNECTIONS, &requests("/api/v1/queue/join", &warm_up))?;
    once_each::send(baseline, CONNECTIONS, &requests("/insert", &warm_up))?;

    // The same fans' requests go to both sides: the bytes, and so the cost of sending them, are the same but for the path.
    let round_of = |round: usize| &bodies[round * joins..(round + 1) * joins];
    let rounds = alternate(
        effort.rounds,
        async |round| per_second(ours, &requests("/api/v1/queue/join", round_of(round))),
        async |round| per_second(baseline, &requests("/insert", round_of(round))),
    )
    .await?;

    all_joined(&edge, &event, total).await?;
    all_inserted(&edge, &hello, total).await?;
    Ok(BenchRow {
        measure: "join, 1 shard",
        ours_is: format!(
            "POST /api/v1/queue/join of new fans with solved challenges, {CONNECTIONS} connections, one shard object"
        ),
        baseline_is: "the same requests to a worker that has one Durable Object do one SQL insert for each".to_owned(),
        aim: 2.0,
        rounds,
    })
}

fn one_shard() -> Event {
    let mut event = Event::on_sale_in(ON_SALE_IN_MS);
    event.put.settings.shards = ShardCount::new(1).expect("a power of two");
    event
}

/// What a fan sends to join.
struct PreparedFan {
    authorization: String,
    body: String,
}

impl PreparedFan {
    fn request(&self, path: &str) -> Prepared {
        Prepared::post(path, &[("Authorization", &self.authorization)], &self.body)
    }
}

async fn solved(edge: &Arc<Edge>, event: &Event, count: usize) -> Measured<Vec<PreparedFan>> {
    let mut preparing = JoinSet::new();
    for part in 0..PREPARED_AT_ONCE {
        let (edge, event_id) = (edge.clone(), event.id.clone());
        let share = (count + part) / PREPARED_AT_ONCE;
        preparing.spawn(async move {
            let mut fans = Vec::with_capacity(share);
            for _ in 0..share {
                let fan = edge.fan();
                let captcha_token = edge.solved(&event_id, &fan).await;
                let body = json!({"event_id": event_id, "device_fingerprint": "bench", "captcha_token": captcha_token});
                fans.push(PreparedFan {
                    authorization: format!("Bearer {}", fan.token),
                    body: body.to_string(),
                });
            }
            fans
        });
    }
    let mut fans = Vec::with_capacity(count);
    while let Some(prepared) = preparing.join_next().await {
        fans.extend(prepared?);
    }
    Ok(fans)
}

fn per_second(address: SocketAddr, requests: &Arc<Vec<Prepared>>) -> Measured<f64> {
    let took = once_each::send(address, CONNECTIONS, requests)?;
    Ok(requests.len() as f64 / took.as_secs_f64())
}

fn address(url: &str) -> Measured<SocketAddr> {
    let addresses = Url::parse(url)?.socket_addrs(|| None)?;
    Ok(*addresses.first().ok_or("an address without an address")?)
}

/// The queue counts them all.
async fn all_joined(edge: &Edge, event: &Event, total: usize) -> Measured<()> {
    let counted = async {
        while edge.queue(&event.id).await.joined != total as u64 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, counted).await;
    in_time.map_err(|_| format!("the queue does not count {total} joins").into())
}

/// And so does the object beside it.
async fn all_inserted(edge: &Edge, hello: &str, total: usize) -> Measured<()> {
    let count = edge.http.get(format!("{hello}/count")).send().await?.text().await?;
    if count == total.to_string() {
        Ok(())
    } else {
        Err(format!("the baseline has {count} rows instead of {total}").into())
    }
}
