//! Closing draws. Whoever first sees in the snapshot that a draw is due closes it: from then on nothing is announced up to
//! it; every shard that announced it is frozen; the beacon's round is waited for where one was announced; then one script
//! stores the record, if nothing has changed meanwhile. All draws that are due are frozen together, though the first one may
//! have to wait: a draw must be frozen before its own round is out.
//!
//! Each step can be repeated and done by several at once: which shards are in the record was decided when announcements
//! ended, a frozen shard says the same for ever, a round has one signature, everything else in it is fixed or follows from records before, and only
//! the first who writes it changes anything. A crash anywhere leaves a step that the next one does again.

use futures_util::future::join_all;
use stanchion_shared::{
    draw::{beacon::VerifiedRound, digest::FrozenShard},
    identity::{Draw, EventId, Shard},
    lives::Life,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    coordinator::{Written, json},
    keys::{CoordinatorKeys, ShardKeys},
    muster::SHARDS_AT_ONCE,
    seen::{OnlyIf, Seen},
    shard::MAX_TRIES,
    tickets::Tickets,
};
use crate::{
    beacon,
    event::{AwaitedRound, FrozenDraw, has_tickets},
    platform::StoreError,
};

static FREEZE: Script = script!("redis.lua", "shard/shard.lua", "shard/freeze.lua");
static CLOSE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/close.lua");

/// All shards of a draw, frozen.
struct Frozen {
    draw: Draw,
    /// In ascending order.
    shards: Vec<(Shard, Tickets)>,
}

impl Frozen {
    fn shards(&self) -> Vec<FrozenShard> {
        let frozen = |(shard, tickets): &(Shard, Tickets)| tickets.frozen(*shard);
        self.shards.iter().map(frozen).collect()
    }
}

/// What became of a closing.
pub(super) enum Closed {
    /// The draw is closed, by this or by somebody else.
    Done,
    /// It is frozen, and its beacon's round is not out yet.
    Waits,
}

impl<R: Redis> Store<'_, R> {
    /// Closes `draw`, which is due in `seen`, unless somebody else has meanwhile.
    pub(super) async fn close(&self, event: &EventId, seen: &Seen, draw: Draw) -> Result<Closed, StoreError> {
        let Some(ended) = self.begin(event, seen.epoch, draw).await? else {
            return Ok(Closed::Done);
        };
        let frozen = Frozen {
            draw,
            shards: self.freeze_all(event, draw, ended).await?,
        };
        let round = match seen.rules.awaited(draw).filter(|_| has_tickets(&frozen.shards())) {
            None => None,
            Some(awaited) if seen.now < awaited.at => {
                self.wait_for_round(event, seen.epoch, &frozen).await?;
                return Ok(Closed::Waits);
            }
            Some(awaited) => Some(self.ask(&awaited).await?),
        };
        self.record(event, seen.epoch, &frozen, round).await?;
        Ok(Closed::Done)
    }

    /// On disk before any shard is asked: what is announced up to the draw that is returned, the last one that has ended,
    /// from now on is refused, and nothing before `draw` was announced. `None`: it is closed, or another one comes first.
    async fn begin(&self, event: &EventId, epoch: u32, draw: Draw) -> Result<Option<Draw>, StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Err(StoreError("the event is gone".to_owned()));
            };
            if seen.epoch != epoch {
                return Err(StoreError("the event was restored before a draw was closed".to_owned()));
            }
            if seen.due() != Some(draw) {
                return Ok(None);
            }
            let mut rules = seen.rules.clone();
            let ended = rules.ended(draw, seen.now);
            rules.begin_closing(ended);
            if rules == seen.rules || self.write_event(event, &seen, &rules, OnlyIf::First(draw)).await? {
                return Ok(Some(ended));
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    /// Tells what is frozen, while nobody can know the round.
    async fn wait_for_round(&self, event: &EventId, epoch: u32, frozen: &Frozen) -> Result<(), StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Err(StoreError("the event is gone".to_owned()));
            };
            if seen.epoch != epoch {
                return Err(StoreError("the event was restored while a draw was closed".to_owned()));
            }
            if seen.rules.progress.closed_through >= Some(frozen.draw) {
                return Ok(());
            }
            let mut rules = seen.rules.clone();
            rules.wait_for_round(frozen.draw, &frozen.shards());
            if rules == seen.rules || self.write_event(event, &seen, &rules, OnlyIf::Anything).await? {
                return Ok(());
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    /// Reads the round and verifies it.
    async fn ask(&self, awaited: &AwaitedRound) -> Result<VerifiedRound, StoreError> {
        let Some(source) = &self.beacon else {
            return Err(StoreError("this store was given no way to a beacon".to_owned()));
        };
        beacon::fetch(awaited, source.url, source.send).await
    }

    /// Freezes all draws up to `ended`. Returns what shards said of `draw`.
    async fn freeze_all(&self, event: &EventId, draw: Draw, ended: Draw) -> Result<Vec<(Shard, Tickets)>, StoreError> {
        let key = CoordinatorKeys::new(event).key("announced");
        let ended = ended.0.to_string();
        let range = [key.as_bytes(), b"-inf", ended.as_bytes()];
        let mut answer = plain(self.redis, "ZRANGEBYSCORE", &range).await?;
        let mut announced = Vec::new();
        while !answer.is_empty() {
            let member = answer.text()?;
            announced.push(
                announcement(&member)
                    .ok_or_else(|| StoreError(format!("an announcement is not as agreed: {member}")))?,
            );
        }
        announced.sort_unstable();
        let mut of_draw = Vec::new();
        for some in announced.chunks(SHARDS_AT_ONCE) {
            let asked = some.iter().map(|&(draw, shard)| self.freeze(event, shard, draw));
            for (&(one, shard), answer) in some.iter().zip(join_all(asked).await) {
                let tickets = answer?;
                if one == draw {
                    of_draw.push((shard, tickets));
                }
            }
        }
        Ok(of_draw)
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

    /// Every shard is frozen, and the round is there: the record, if the data is still in the life in which they were asked.
    async fn record(
        &self,
        event: &EventId,
        epoch: u32,
        frozen: &Frozen,
        round: Option<VerifiedRound>,
    ) -> Result<(), StoreError> {
        let secret = self.secret(event, frozen.draw).await?;
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Err(StoreError("the event is gone".to_owned()));
            };
            if seen.rules.progress.closed_through >= Some(frozen.draw) {
                return Ok(());
            }
            if seen.epoch != epoch || !seen.mustered || seen.rules.progress.closing < Some(frozen.draw) {
                return Err(StoreError("the event was restored while a draw was closed".to_owned()));
            }
            let mut rules = seen.rules.clone();
            let closed = FrozenDraw {
                draw: frozen.draw,
                shards: frozen.shards(),
                lives: lives(&frozen.shards),
                secret,
                beacon: round.clone(),
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

/// Reads `draw/shard`.
fn announcement(member: &str) -> Option<(Draw, Shard)> {
    let (draw, shard) = member.split_once('/')?;
    Some((Draw(draw.parse().ok()?), Shard(shard.parse().ok()?)))
}

fn lives(shards: &[(Shard, Tickets)]) -> Vec<(Shard, Life)> {
    let of_shard = |(shard, tickets): &(Shard, Tickets)| {
        let shard = *shard;
        tickets.lives_with_tickets().into_iter().map(move |life| (shard, life))
    };
    shards.iter().flat_map(of_shard).collect()
}
