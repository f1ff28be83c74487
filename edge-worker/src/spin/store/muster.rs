//! The muster: all shards are asked how many have joined, in which life they are, and what they have in draws that are not
//! closed. Whoever reads the snapshot does it, every two seconds, so that joins need not report.
//!
//! After a coordinator's data began a new life it may have forgotten what shards announced; so no draw is closed before
//! a muster has told it again.

use futures_util::future::join_all;
use stanchion_shared::{
    identity::{Draw, EventId, Shard},
    lives::{LivesInDraw, ShardLives},
    score::counts::ScoreCounts,
};

use super::{
    Store,
    answer::Answer,
    command::{Redis, Script, run, script},
    coordinator::json,
    keys::{CoordinatorKeys, ShardKeys},
    seen::Seen,
    tickets::Tickets,
};
use crate::{event::joins_per_second, platform::StoreError};

static MUSTER: Script = script!("redis.lua", "shard/shard.lua", "shard/muster.lua");
static MUSTERED: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/mustered.lua");

/// Shards are asked this often, in ms.
const MUSTER_EVERY_MS: u64 = 2_000;
/// Shards that are asked at once.
pub(super) const SHARDS_AT_ONCE: usize = 64;

/// What one shard said.
struct Said {
    joined: u64,
    scores: ScoreCounts,
    lives: ShardLives,
    /// Draws in which it has tickets or may give some.
    draws: Vec<Draw>,
}

impl<R: Redis> Store<'_, R> {
    /// Whether shards have to be asked now.
    pub(super) fn muster_is_due(&self, seen: &Seen) -> bool {
        !seen.mustered || seen.now.since(seen.mustered_at) >= MUSTER_EVERY_MS
    }

    /// Asks all shards. Every one must answer: one that was left out might have tickets that nobody knows of.
    pub(super) async fn muster(&self, event: &EventId, seen: &Seen) -> Result<(), StoreError> {
        let shards: Vec<Shard> = seen.rules.put.put.shards.all().collect();
        let mut all = Vec::with_capacity(shards.len());
        for some in shards.chunks(SHARDS_AT_ONCE) {
            let asked = some.iter().map(|&shard| self.muster_shard(event, shard, seen));
            for said in join_all(asked).await {
                all.push(said?);
            }
        }
        let joined: u64 = all.iter().map(|said| said.joined).sum();
        let mut scores = ScoreCounts::default();
        all.iter().for_each(|said| scores.merge(&said.scores));
        let mut arguments = vec![self.candidate()];
        let numbers = [u64::from(seen.epoch), seen.lives_revision, joined, all.len() as u64];
        arguments.extend(numbers.map(|number| number.to_string().into_bytes()));
        arguments.push(json(&scores));
        let before = (seen.reported.scores.joins(), seen.mustered_at);
        let pace = joins_per_second(before, (scores.joins(), seen.now));
        arguments.push(json(&pace));
        for said in &all {
            arguments.extend([said.lives.shard.0.to_string().into_bytes(), json(&said.lives)]);
        }
        for said in &all {
            for draw in &said.draws {
                let both = [draw.0.to_string(), said.lives.shard.0.to_string()];
                arguments.extend(both.map(String::into_bytes));
            }
        }
        let keys = CoordinatorKeys::new(event).with(&[]);
        run(self.redis, &MUSTERED, &keys, arguments).await?.done()?;
        Ok(())
    }

    async fn muster_shard(&self, event: &EventId, shard: Shard, seen: &Seen) -> Result<Said, StoreError> {
        let closed_through = seen.rules.progress.closed_through.map_or(-1, |draw| i64::from(draw.0));
        let keys = ShardKeys::new(event, shard).with(&["frozen"]);
        let arguments = vec![
            self.candidate(),
            closed_through.to_string().into_bytes(),
            seen.epoch.to_string().into_bytes(),
        ];
        let mut answer = run(self.redis, &MUSTER, &keys, arguments).await?;
        let epoch = answer.number()?;
        let mut said = Said {
            joined: answer.number()?,
            scores: scores(&mut answer)?,
            lives: ShardLives {
                shard,
                epoch,
                draws: Vec::new(),
            },
            draws: Vec::new(),
        };
        while !answer.is_empty() {
            let draw = Draw(answer.number()?);
            let tickets = Tickets::parse(&answer.text()?)?;
            said.draws.push(draw);
            let lives = tickets.lives_with_tickets();
            // Where all tickets are of the present life there is nothing to judge.
            if lives.iter().any(|life| life.epoch != epoch) {
                said.lives.draws.push(LivesInDraw {
                    draw,
                    counts: tickets.counts,
                    lives,
                });
            }
        }
        Ok(said)
    }
}

fn scores(answer: &mut Answer) -> Result<ScoreCounts, StoreError> {
    let mut scores = ScoreCounts::default();
    for _ in 0..answer.number::<u32>()? {
        let counter = answer.text()?;
        scores.add(&counter, answer.number()?);
    }
    Ok(scores)
}
