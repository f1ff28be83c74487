//! Two seats are locked: the origin's inventory module, as a request calls it, beside redis-benchmark with the same script.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use redis::Script;
use stanchion_harness::{now, variable};
use stanchion_origin::{
    inventory::{Inventory, LockRequest, LockResult, Section},
    redis_connections::{RedisConnection, identified::CONNECTIONS, reconnecting},
};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use tokio::task::JoinSet;

use crate::{
    measured::{Failure, Measured},
    options::Effort,
    redis_benchmark::{self, RANDOM, RedisLoad},
    report::BenchRow,
    rounds::alternate,
};

/// Commands under way at once, over the origin's connections; redis-benchmark sends as many in pipelines.
const IN_FLIGHT: usize = 64;
const LOCK_MS: u64 = 600_000;
const SESSION_MS: u64 = 3_600_000;
/// Seats are drawn from so many that two requests nearly never want the same one: every script locks.
const SEATS: u64 = 100_000_000;
/// Of the requests, at least so many must have locked both seats.
const LOCKED_SHARE: f64 = 0.99;
/// Redis frees what a run left in the background, which must not disturb the next.
const TIDYING: Duration = Duration::from_millis(300);
/// A cart id has 32 characters, of which redis-benchmark makes 12.
const OWNER: &str = "0123456789abcdef0123";

pub(crate) async fn measure(effort: Effort) -> Measured<BenchRow> {
    let bench = LockBench::new().await?;
    bench.ours("warm-ours", effort.warm_up.locks).await?;
    bench.baseline("warm-baseline", effort.warm_up.locks).await?;
    let rounds = alternate(
        effort.rounds,
        async |round| bench.ours(&format!("ours-{round}"), effort.locks).await,
        async |round| bench.baseline(&format!("baseline-{round}"), effort.locks).await,
    )
    .await?;
    Ok(BenchRow {
        measure: "seat lock",
        ours_is: format!(
            "the origin's inventory locks 2 seats, {IN_FLIGHT} callers at once on its {CONNECTIONS} connections"
        ),
        baseline_is: format!(
            "redis-benchmark sends the same EVALSHA, {CONNECTIONS} connections with {} commands under way on each",
            IN_FLIGHT / CONNECTIONS
        ),
        aim: 0.8,
        rounds,
    })
}

struct LockBench {
    url: String,
    event: EventId,
    inventory: Inventory,
    redis: RedisConnection,
}

impl LockBench {
    async fn new() -> Measured<LockBench> {
        let url = variable("STANCHION_REDIS_URL");
        let inventory = Inventory::new(&url)?;
        let redis = reconnecting::connect(&url).await?;
        // Rewriting the append-only file takes a core for a while, now during one side, now during the other.
        redis::cmd("CONFIG")
            .arg(&["SET", "auto-aof-rewrite-percentage", "0"])
            .exec_async(&mut redis.clone())
            .await?;
        Ok(LockBench {
            url,
            event: EventId::parse("bench-lock")?,
            inventory,
            redis,
        })
    }

    /// Locks a second through the origin's code, in a section of its own.
    async fn ours(&self, code: &str, count: usize) -> Measured<f64> {
        let section = self.section(code).await?;
        let wanted = Arc::new(requests(code, count));
        let next = Arc::new(AtomicUsize::new(0));
        let not_after = now().plus(SESSION_MS);
        let mut callers = JoinSet::new();
        let began = Instant::now();
        for _ in 0..IN_FLIGHT {
            let (section, wanted, next) = (section.clone(), wanted.clone(), next.clone());
            callers.spawn(async move {
                while let Some(request) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    lock(&section, request, not_after).await?;
                }
                Ok::<(), Failure>(())
            });
        }
        while let Some(called) = callers.join_next().await {
            called??;
        }
        let took = began.elapsed();
        self.judge_and_tidy(&section, code, count).await?;
        Ok(count as f64 / took.as_secs_f64())
    }

    /// Locks a second by redis-benchmark, in a section of its own.
    async fn baseline(&self, code: &str, count: usize) -> Measured<f64> {
        let section = self.section(code).await?;
        let command = self.command(code).await?;
        let load = RedisLoad {
            url: &self.url,
            connections: CONNECTIONS,
            pipeline: IN_FLIGHT / CONNECTIONS,
            commands: count,
            random_below: SEATS,
        };
        let per_second = redis_benchmark::commands_per_second(&load, &command)?;
        self.judge_and_tidy(&section, code, count).await?;
        Ok(per_second)
    }

    /// A section with all seats available.
    async fn section(&self, code: &str) -> Measured<Section> {
        let section = self.inventory.bare_section(&self.event, code);
        section.load(SEATS, &[]).await?;
        Ok(section)
    }

    fn keys(&self, code: &str) -> [String; 3] {
        ["meta", "held", "due"].map(|what| format!("stanchion:{{{}:{code}}}:{what}", self.event))
    }

    /// The command that the origin's code sends, with redis-benchmark's marks where each request differs.
    async fn command(&self, code: &str) -> Measured<Vec<String>> {
        let redis = self.inventory.redis();
        let run_id = redis.run(|connected| async move { Ok(connected.run_id) }).await?;
        let mut command = vec!["EVALSHA".to_owned(), self.script().await?, "3".to_owned()];
        command.extend(self.keys(code));
        command.extend([
            run_id.to_string(),
            format!("{OWNER}{RANDOM}"),
            LOCK_MS.to_string(),
            now().plus(SESSION_MS).0.to_string(),
        ]);
        command.extend([seat(code, RANDOM), seat(code, RANDOM)]);
        Ok(command)
    }

    /// The script's hash. Our side ran before, so Redis must know it; if it does not, the origin runs another script.
    async fn script(&self) -> Measured<String> {
        let script = Script::new(concat!(
            include_str!("../../../../origin/src/inventory/scripts/section.lua"),
            include_str!("../../../../origin/src/inventory/scripts/lock.lua")
        ));
        let hash = script.get_hash().to_owned();
        let known: Vec<bool> = redis::cmd("SCRIPT")
            .arg(&["EXISTS", &hash])
            .query_async(&mut self.redis.clone())
            .await?;
        if known == [true] {
            Ok(hash)
        } else {
            Err("the origin locks seats by another script than this measure knows".into())
        }
    }

    /// Whether the seats were really locked; then the section goes.
    async fn judge_and_tidy(&self, section: &Section, code: &str, count: usize) -> Measured<()> {
        let counts = section.counts().await?;
        redis::cmd("UNLINK")
            .arg(&self.keys(code))
            .exec_async(&mut self.redis.clone())
            .await?;
        tokio::time::sleep(TIDYING).await;
        if counts.locked as f64 >= 2.0 * count as f64 * LOCKED_SHARE {
            Ok(())
        } else {
            Err(format!("{code}: {count} requests locked {} seats only", counts.locked).into())
        }
    }
}

struct WantedSeats {
    owner: String,
    seats: [String; 2],
}

async fn lock(section: &Section, wanted: &WantedSeats, not_after: UnixMillis) -> Measured<()> {
    let request = LockRequest {
        owner: &wanted.owner,
        lock_ms: LOCK_MS,
        not_after,
        seats: &wanted.seats,
    };
    match section.lock(&request).await? {
        LockResult::Locked { .. } | LockResult::Taken(_) => Ok(()),
        LockResult::SessionOver => Err("the session is over".into()),
    }
}

/// Made beforehand, in the form that redis-benchmark gives its own.
fn requests(code: &str, count: usize) -> Vec<WantedSeats> {
    let mut dice = ChaCha8Rng::seed_from_u64(count as u64);
    let mut digits = || format!("{:012}", dice.next_u64() % SEATS);
    let mut wanted = || WantedSeats {
        owner: format!("{OWNER}{}", digits()),
        seats: [seat(code, &digits()), seat(code, &digits())],
    };
    (0..count).map(|_| wanted()).collect()
}

fn seat(code: &str, number: &str) -> String {
    format!("{code}-1-{number}")
}
