//! Freezing: a shard gives no number in a draw any more, and says what it has in it, the same for
//! ever. What it says is stored with the coordinator, so that it is asked once.

use futures_util::future::join_all;
use stanchion_shared::ids::{Draw, EventId, Shard};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    coordinator::json,
    keys::{CoordinatorKeys, ShardKeys},
    read_event::ReadEvent,
    reports::SHARDS_AT_ONCE,
    tickets::read_tickets,
};
use crate::{platform::StoreError, queue::shard_tickets::ShardTickets};

static FREEZE: Script = script!("redis.lua", "shard/shard.lua", "shard/freeze.lua");
static NOTE_FROZEN: Script = script!(
    "redis.lua",
    "coordinator/coordinator.lua",
    "coordinator/note_frozen.lua"
);

/// What was declared in a range of draws.
#[derive(Debug, Default)]
pub(super) struct FreezeAnswers {
    /// What shards said, and what silent ones are entered with; by draw and shard.
    pub(super) frozen: Vec<(Draw, ShardTickets)>,
    /// Those that did not answer.
    pub(super) silent: Vec<(Draw, Shard)>,
}

impl<R: Redis> Store<'_, R> {
    /// Ends all draws up to one in a shard.
    pub(super) async fn freeze(&self, event: &EventId, shard: Shard, draw: Draw) -> Result<ShardTickets, StoreError> {
        let keys = ShardKeys::new(event, shard).with(&["frozen", "carried"]);
        let arguments = vec![self.candidate(), draw.0.to_string().into_bytes()];
        read_tickets(shard, &mut run(self.redis, &FREEZE, &keys, arguments).await?)
    }

    /// Freezes what was declared after a draw and up to another, as far as that is not known.
    pub(super) async fn freeze_declared(
        &self,
        event: &EventId,
        read: &ReadEvent,
        after: Option<Draw>,
        through: Draw,
    ) -> Result<FreezeAnswers, StoreError> {
        let mut declared = self.declared(event, after, through).await?;
        if after.is_none() {
            // What a shard declared that has not reported in this epoch may be forgotten.
            let unreported = self.unreported(event, read).await?;
            declared.extend(unreported.into_iter().map(|shard| (through, shard)));
        }
        declared.sort_unstable();
        declared.dedup();
        let mut answers = FreezeAnswers::default();
        let mut unknown = Vec::new();
        for (one, stored) in declared.iter().zip(self.stored_tickets(event, &declared).await?) {
            let &(draw, shard) = one;
            match read.state.entry_of(draw, shard).cloned().or(stored) {
                Some(tickets) => answers.frozen.push((draw, tickets)),
                None => unknown.push((draw, shard)),
            }
        }
        for some in unknown.chunks(SHARDS_AT_ONCE) {
            let asked = some.iter().map(|&(draw, shard)| self.freeze(event, shard, draw));
            let mut said = Vec::with_capacity(some.len());
            for (&(draw, shard), answered) in some.iter().zip(join_all(asked).await) {
                match answered {
                    Ok(tickets) => said.push((draw, tickets)),
                    Err(error) => {
                        eprintln!("shard {} of {event} does not answer: {error}", shard.0);
                        answers.silent.push((draw, shard));
                    }
                }
            }
            self.note_frozen_tickets(event, read, &said).await?;
            answers.frozen.extend(said);
        }
        answers
            .frozen
            .sort_unstable_by_key(|(draw, tickets)| (*draw, tickets.frozen.shard));
        Ok(answers)
    }

    async fn declared(
        &self,
        event: &EventId,
        after: Option<Draw>,
        through: Draw,
    ) -> Result<Vec<(Draw, Shard)>, StoreError> {
        let key = CoordinatorKeys::new(event).key("announced");
        let (after, through) = (after.map(|draw| format!("({}", draw.0)), through.0.to_string());
        let range = [
            key.as_bytes(),
            after.as_deref().unwrap_or("-inf").as_bytes(),
            through.as_bytes(),
        ];
        let mut reply = plain(self.redis, "ZRANGEBYSCORE", &range).await?;
        let mut declared = Vec::new();
        while !reply.is_empty() {
            let member = reply.text()?;
            declared.push(
                declaration(&member).ok_or_else(|| StoreError(format!("a declaration is not as agreed: {member}")))?,
            );
        }
        Ok(declared)
    }

    /// The shards that have not reported in the coordinator's present epoch.
    async fn unreported(&self, event: &EventId, read: &ReadEvent) -> Result<Vec<Shard>, StoreError> {
        if read.all_reported {
            return Ok(Vec::new());
        }
        let reports = self.last_reports(event).await?;
        let shards = read.state.settings.shards.all();
        Ok(shards.filter(|shard| !reports.contains_key(shard)).collect())
    }

    async fn stored_tickets(
        &self,
        event: &EventId,
        declared: &[(Draw, Shard)],
    ) -> Result<Vec<Option<ShardTickets>>, StoreError> {
        if declared.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments = vec![CoordinatorKeys::new(event).key("frozen_tickets").into_bytes()];
        arguments.extend(declared.iter().map(|&(draw, shard)| member(draw, shard)));
        let arguments: Vec<&[u8]> = arguments.iter().map(Vec::as_slice).collect();
        let mut reply = plain(self.redis, "HMGET", &arguments).await?;
        declared.iter().map(|_| reply.optional_json()).collect()
    }

    async fn note_frozen_tickets(
        &self,
        event: &EventId,
        read: &ReadEvent,
        said: &[(Draw, ShardTickets)],
    ) -> Result<(), StoreError> {
        if said.is_empty() {
            return Ok(());
        }
        let mut arguments = vec![self.candidate(), read.epoch.to_string().into_bytes()];
        for (draw, tickets) in said {
            arguments.extend([member(*draw, tickets.frozen.shard), json(tickets)]);
        }
        let keys = CoordinatorKeys::new(event).with(&[]);
        match run(self.redis, &NOTE_FROZEN, &keys, arguments).await?.done()? {
            true => Ok(()),
            false => Err(StoreError("the event was restored while a draw was frozen".to_owned())),
        }
    }
}

/// Writes `draw/shard`.
fn member(draw: Draw, shard: Shard) -> Vec<u8> {
    format!("{}/{}", draw.0, shard.0).into_bytes()
}

/// Reads `draw/shard`.
fn declaration(member: &str) -> Option<(Draw, Shard)> {
    let (draw, shard) = member.split_once('/')?;
    Some((Draw(draw.parse().ok()?), Shard(shard.parse().ok()?)))
}
