//! Closing draws. Whoever first sees in the snapshot that a draw is due closes it: from then on nothing is announced up to
//! it; every shard that announced it is frozen; then one script stores the record, if nothing has changed meanwhile.
//!
//! Each step can be repeated and done by several at once: which shards are in the record was decided when announcements
//! ended, a frozen shard says the same for ever, everything else in it is fixed or follows from records before, and only
//! the first who writes it changes anything. A crash anywhere leaves a step that the next one does again.

use futures_util::future::join_all;
use stanchion_shared::{
    identity::{Draw, EventId, Shard},
    lives::Life,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    coordinator::{Seen, Written, json},
    keys::{CoordinatorKeys, ShardKeys},
    muster::SHARDS_AT_ONCE,
    shard::MAX_TRIES,
    tickets::Tickets,
};
use crate::{event::FrozenDraw, platform::StoreError};

static FREEZE: Script = script!("redis.lua", "shard/shard.lua", "shard/freeze.lua");
static CLOSE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/close.lua");

/// All shards of a draw, frozen.
struct Frozen {
    draw: Draw,
    /// In ascending order.
    shards: Vec<(Shard, Tickets)>,
}

impl<R: Redis> Store<'_, R> {
    /// Closes `draw`, which is due in `seen`, unless somebody else has meanwhile.
    pub(super) async fn close(&self, event: &EventId, seen: &Seen, draw: Draw) -> Result<(), StoreError> {
        if !self.begin(event, seen.epoch, draw).await? {
            return Ok(());
        }
        let frozen = Frozen {
            draw,
            shards: self.freeze_all(event, draw).await?,
        };
        self.record(event, seen.epoch, &frozen).await
    }

    /// On disk before any shard is asked: what is announced up to `draw` from now on is refused, and nothing before it was
    /// announced. `false`: it is closed, or another one comes first.
    async fn begin(&self, event: &EventId, epoch: u32, draw: Draw) -> Result<bool, StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Err(StoreError("the event is gone".to_owned()));
            };
            if seen.epoch != epoch {
                return Err(StoreError("the event was restored before a draw was closed".to_owned()));
            }
            if seen.due() != Some(draw) {
                return Ok(false);
            }
            let mut rules = seen.rules.clone();
            rules.progress.closing = Some(draw);
            if rules == seen.rules || self.write_event(event, &seen, &rules, Some(draw)).await? {
                return Ok(true);
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    async fn freeze_all(&self, event: &EventId, draw: Draw) -> Result<Vec<(Shard, Tickets)>, StoreError> {
        let key = CoordinatorKeys::new(event).key("announced");
        let number = draw.0.to_string();
        let range = [key.as_bytes(), number.as_bytes(), number.as_bytes()];
        let mut answer = plain(self.redis, "ZRANGEBYSCORE", &range).await?;
        let mut announced = Vec::new();
        while !answer.is_empty() {
            let member = answer.text()?;
            let shard = member.split_once('/').and_then(|(_, shard)| shard.parse().ok());
            announced.push(Shard(shard.ok_or_else(|| {
                StoreError(format!("an announcement is not as agreed: {member}"))
            })?));
        }
        announced.sort_unstable();
        let mut frozen = Vec::with_capacity(announced.len());
        for some in announced.chunks(SHARDS_AT_ONCE) {
            let asked = some.iter().map(|&shard| self.freeze(event, shard, draw));
            for (shard, answer) in some.iter().zip(join_all(asked).await) {
                frozen.push((*shard, answer?));
            }
        }
        Ok(frozen)
    }

    /// Ends all draws up to one in a shard.
    pub(super) async fn freeze(&self, event: &EventId, shard: Shard, draw: Draw) -> Result<Tickets, StoreError> {
        let keys = ShardKeys::new(event, shard).with(&["frozen"]);
        let arguments = vec![self.candidate(), draw.0.to_string().into_bytes()];
        let mut answer = run(self.redis, &FREEZE, &keys, arguments).await?;
        // A shard may have announced a draw and then have been too late for it.
        let tickets = answer.optional_bytes()?;
        tickets.map_or(Ok(Tickets::NONE), |text| {
            Tickets::parse(&String::from_utf8_lossy(&text))
        })
    }

    /// Every shard is frozen: the record, if the data is still in the life in which they were asked.
    async fn record(&self, event: &EventId, epoch: u32, frozen: &Frozen) -> Result<(), StoreError> {
        let secret = self.secret(event, frozen.draw).await?;
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Err(StoreError("the event is gone".to_owned()));
            };
            if seen.rules.progress.closed_through >= Some(frozen.draw) {
                return Ok(());
            }
            if seen.epoch != epoch || !seen.mustered || seen.rules.progress.closing != Some(frozen.draw) {
                return Err(StoreError("the event was restored while a draw was closed".to_owned()));
            }
            let mut rules = seen.rules.clone();
            let shards = frozen
                .shards
                .iter()
                .map(|(shard, tickets)| tickets.frozen(*shard))
                .collect();
            let closed = FrozenDraw {
                draw: frozen.draw,
                shards,
                lives: lives(&frozen.shards),
                secret,
            };
            let record = rules.close(closed, self.signing_keys, seen.stamp());
            let keys = CoordinatorKeys::new(event).with(&["segments", "stops", "records"]);
            let written = Written::new(&rules, seen.stamp());
            let mut arguments = self.guard(&seen);
            arguments.extend(written.parts);
            arguments.extend([
                frozen.draw.0.to_string().into_bytes(),
                record.as_ref().map_or_else(Vec::new, json),
            ]);
            arguments.extend(written.retired);
            if run(self.redis, &CLOSE, &keys, arguments).await?.done()? {
                return Ok(());
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }
}

fn lives(shards: &[(Shard, Tickets)]) -> Vec<(Shard, Life)> {
    let of_shard = |(shard, tickets): &(Shard, Tickets)| {
        let shard = *shard;
        tickets.lives_with_tickets().into_iter().map(move |life| (shard, life))
    };
    shards.iter().flat_map(of_shard).collect()
}
