//! A fan in the line asks where they stand, beside a worker that says hello.

use std::{sync::Arc, time::Duration};

use stanchion_harness::{Edge, Event, Fan};
use stanchion_shared::{
    schedule::Rate,
    wire::{PutRelease, QueueStatus},
};
use tokio::task::JoinHandle;

use crate::{hello, measured::Measured, options::Effort, report::BenchRow, rounds::alternate, wrk};

const CONNECTIONS: u32 = 32;
const WARM_UP_SECONDS: u32 = 1;
const TICKET_HEADER: &str = "queue-token";
/// So many fans stand in the line, and the last of them polls.
const FANS: usize = 64;
/// The last turn comes after more than ten minutes: every poll of the run is answered `waiting`, with a time to wait.
const RATE: Rate = Rate::from_milli(100);
const LEASE_MS: u64 = 60_000;
const RENEW_EVERY: Duration = Duration::from_secs(15);
const ON_SALE_IN_MS: u64 = 4_000;

pub(crate) async fn measure(effort: Effort) -> Measured<BenchRow> {
    let hello = hello::url()?;
    let edge = Edge::new();
    let event = Arc::new(Event::on_sale_in(ON_SALE_IN_MS));
    let releases = keep_open(event.clone()).await?;
    let (fan, ticket) = last_in_line(&edge, &event).await?;

    let header = (TICKET_HEADER, ticket.as_str());
    let poll = format!("{}/api/v1/queue/status", edge.url);
    let hello = format!("{hello}/");
    wrk::requests_per_second(&poll, header, CONNECTIONS, WARM_UP_SECONDS)?;
    wrk::requests_per_second(&hello, header, CONNECTIONS, WARM_UP_SECONDS)?;
    let rounds = alternate(
        effort.rounds,
        async |_| wrk::requests_per_second(&poll, header, CONNECTIONS, effort.seconds),
        async |_| wrk::requests_per_second(&hello, header, CONNECTIONS, effort.seconds),
    )
    .await?;

    still_waiting(&edge, &fan, &ticket).await?;
    releases.abort();
    Ok(BenchRow {
        measure: "status poll, place known",
        ours_is: format!("GET /api/v1/queue/status with Queue-Token, waiting in line; wrk, {CONNECTIONS} connections"),
        baseline_is: "GET / of a Rust worker that says hello: same workerd process, same crate, same header sent"
            .to_owned(),
        aim: 0.85,
        rounds,
    })
}

/// Puts the event, and renews its lease as an origin does. Each time over a new connection: workerd closes one that was
/// idle for five seconds, and a request that meets the close is lost.
async fn keep_open(event: Arc<Event>) -> Measured<JoinHandle<()>> {
    let mut edge = Edge::new();
    edge.http = reqwest::Client::builder().pool_max_idle_per_host(0).build()?;
    let put = edge.put_event(&event).await;
    assert!(put.status().is_success(), "the edge takes no event: {}", put.status());
    Ok(tokio::spawn(async move {
        for version in event.put.version + 1.. {
            let release = PutRelease {
                version,
                rate_per_second: RATE,
                lease_ms: LEASE_MS,
                paused: false,
                sold_out: false,
                at_once: None,
            };
            let put = edge.put_release(&event, &release).await;
            assert!(put.status().is_success(), "the edge takes no release: {}", put.status());
            tokio::time::sleep(RENEW_EVERY).await;
        }
    }))
}

/// The fan with the last place, and the ticket that holds it.
async fn last_in_line(edge: &Edge, event: &Event) -> Measured<(Fan, String)> {
    let mut joined = Vec::with_capacity(FANS);
    for _ in 0..FANS {
        let fan = edge.fan();
        let answer = edge.join(&event.id, &fan).await;
        joined.push((fan, answer.queue_token));
    }
    let mut last: Option<(Option<u64>, Fan, String)> = None;
    for (fan, ticket) in joined {
        let wanted = [QueueStatus::Waiting, QueueStatus::YourTurn];
        let answer = edge.status_until(&fan, &ticket, &wanted).await;
        if last.as_ref().is_none_or(|(place, ..)| *place < answer.position) {
            last = Some((answer.position, fan, answer.queue_token));
        }
    }
    let (_, fan, ticket) = last.ok_or("nobody joined")?;
    still_waiting(edge, &fan, &ticket).await?;
    Ok((fan, ticket))
}

/// Checks that the fan is still in the line, so that every poll of the run had the answer of a waiting fan.
async fn still_waiting(edge: &Edge, fan: &Fan, ticket: &str) -> Measured<()> {
    let answer = edge.status(fan, ticket).await;
    let in_line = answer.status == QueueStatus::Waiting && answer.position.is_some() && answer.queue_token == ticket;
    if in_line && answer.estimated_wait_seconds.is_some() {
        Ok(())
    } else {
        Err(format!("the ticket is not waiting in line: {answer:?}").into())
    }
}
