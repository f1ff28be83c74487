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
    event::{AwaitedRound, Event, FrozenDraw, has_tickets},
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

/// A draw that is being closed.
struct Begun {
    draw: Draw,
    /// The last draw that has ended.
    ended: Draw,
    /// `draw` waits for its round, and what is frozen is told: up to here shards are frozen.
    told: Option<Draw>,
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
        let Some(begun) = self.begin(event, seen.epoch, draw).await? else {
            return Ok(Closed::Done);
        };
        // However long its beacon is silent, what is frozen is not frozen again: the shards are asked once more when the
        // round is there, for what is in the record.
        if let Some(so_far) = begun.told {
            self.freeze_later(event, seen.epoch, so_far, &begun).await?;
            let Some(awaited) = seen.rules.awaited(draw).filter(|awaited| seen.now >= awaited.at) else {
                return Ok(Closed::Waits);
            };
            let round = self.ask(&awaited).await?;
            let frozen = self.frozen(event, draw, draw).await?;
            self.record(event, seen.epoch, &frozen, Some(round)).await?;
            return Ok(Closed::Done);
        }
        let frozen = self.frozen(event, draw, begun.ended).await?;
        let round = match seen.rules.awaited(draw).filter(|_| has_tickets(&frozen.shards())) {
            None => None,
            Some(awaited) => {
                let tell = |rules: &mut Event| {
                    rules.wait_for_round(draw, &frozen.shards());
                    frozen_through(rules, begun.ended);
                };
                self.note(event, seen.epoch, draw, tell).await?;
                if seen.now < awaited.at {
                    return Ok(Closed::Waits);
                }
                Some(self.ask(&awaited).await?)
            }
        };
        self.record(event, seen.epoch, &frozen, round).await?;
        Ok(Closed::Done)
    }

    /// On disk before any shard is asked: what is announced up to the last draw that has ended from now on is refused, and
    /// nothing before `draw` was announced. `None`: it is closed, or another one comes first.
    async fn begin(&self, event: &EventId, epoch: u32, draw: Draw) -> Result<Option<Begun>, StoreError> {
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
                let told = rules.progress.frozen.is_some_and(|frozen| frozen.draw == draw);
                let through = rules.progress.frozen_through;
                let told = through.filter(|&through| told && through >= draw);
                return Ok(Some(Begun { draw, ended, told }));
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    /// While `draw` waits: freezes what has ended since. A shard whose data went back meanwhile is no matter: draws by its
    /// clock are later ones by now, and the record is of what it says in the end.
    async fn freeze_later(&self, event: &EventId, epoch: u32, so_far: Draw, begun: &Begun) -> Result<(), StoreError> {
        if begun.ended <= so_far {
            return Ok(());
        }
        self.freeze_announced(event, Some(so_far), begun.ended).await?;
        let note = |rules: &mut Event| frozen_through(rules, begun.ended);
        self.note(event, epoch, begun.draw, note).await
    }

    /// Changes what is told of `draw` while it waits, unless it is closed meanwhile.
    async fn note(
        &self,
        event: &EventId,
        epoch: u32,
        draw: Draw,
        change: impl Fn(&mut Event),
    ) -> Result<(), StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Err(StoreError("the event is gone".to_owned()));
            };
            if seen.epoch != epoch {
                return Err(StoreError("the event was restored while a draw was closed".to_owned()));
            }
            if seen.rules.progress.closed_through >= Some(draw) {
                return Ok(());
            }
            let mut rules = seen.rules.clone();
            change(&mut rules);
            if rules == seen.rules || self.write_event(event, &seen, &rules, OnlyIf::Anything).await? {
                return Ok(());
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    /// Reads the round and verifies it.
    async fn ask(&self, awaited: &AwaitedRound) -> Result<VerifiedRound, StoreError> {
        let Some(outside) = &self.outside else {
            return Err(StoreError("this store was given no way to a beacon".to_owned()));
        };
        beacon::fetch(awaited, outside.beacon_url, outside.send).await
    }

    /// `draw`, frozen, and with it all that was announced up to `through`.
    async fn frozen(&self, event: &EventId, draw: Draw, through: Draw) -> Result<Frozen, StoreError> {
        let all = self.freeze_announced(event, None, through).await?;
        let of_draw = all.into_iter().filter(|(one, ..)| *one == draw);
        Ok(Frozen {
            draw,
            shards: of_draw.map(|(_, shard, tickets)| (shard, tickets)).collect(),
        })
    }

    /// Freezes all that was announced after a draw and up to another, and returns what shards said.
    async fn freeze_announced(
        &self,
        event: &EventId,
        after: Option<Draw>,
        through: Draw,
    ) -> Result<Vec<(Draw, Shard, Tickets)>, StoreError> {
        let key = CoordinatorKeys::new(event).key("announced");
        let (after, through) = (after.map(|draw| format!("({}", draw.0)), through.0.to_string());
        let range = [
            key.as_bytes(),
            after.as_deref().unwrap_or("-inf").as_bytes(),
            through.as_bytes(),
        ];
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
        let mut frozen = Vec::with_capacity(announced.len());
        for some in announced.chunks(SHARDS_AT_ONCE) {
            let asked = some.iter().map(|&(draw, shard)| self.freeze(event, shard, draw));
            for (&(draw, shard), answer) in some.iter().zip(join_all(asked).await) {
                frozen.push((draw, shard, answer?));
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

/// Notes that every shard is frozen in all draws up to this one.
fn frozen_through(rules: &mut Event, draw: Draw) {
    rules.progress.frozen_through = rules.progress.frozen_through.max(Some(draw));
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
