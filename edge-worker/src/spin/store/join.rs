//! Joins: [`crate::queue::join`] decides, one script writes. Before the first number of a draw the
//! coordinator must know that this shard has tickets in it, and before the first one of the first
//! line that, too.

use stanchion_shared::{
    draw::digest::ShardDigest,
    ids::{Draw, Tier},
    timestamp::UnixMillis,
};

use super::{
    command::{Redis, Script, run, script},
    coordinator::or_minus_one,
    declaration::Declaration,
    shard::{MAX_TRIES, ReadPerson, SAVE, ShardOf, text},
    tickets::{person_json, write_person},
};
use crate::{
    platform::{Join, JoinOutcome, StoreError},
    queue::{
        declaration::DeclarationOutcome,
        event::is_first_line,
        join::{JoinDecision, JoinFacts, JoinWrite, decide, holds_until},
        person::TicketNumber,
        used_proofs,
    },
};

static JOIN: Script = script!("redis.lua", "sha256.lua", "shard/shard.lua", "shard/join.lua");
static OPEN: Script = script!("redis.lua", "shard/shard.lua", "shard/open.lua");

enum Tried {
    Answer(JoinOutcome),
    Declare { epoch: u32, draw: Draw, first_line: bool },
    Changed,
}

fn or_empty(instant: Option<UnixMillis>) -> Vec<u8> {
    instant.map_or_else(Vec::new, |instant| text(instant.0))
}

impl<R: Redis> ShardOf<'_, R> {
    pub(super) async fn join(&self, join: &Join) -> Result<JoinOutcome, StoreError> {
        for _ in 0..MAX_TRIES {
            match self.try_join(join).await? {
                Tried::Answer(outcome) => return Ok(outcome),
                Tried::Declare {
                    epoch,
                    draw,
                    first_line,
                } => self.declare(epoch, draw, first_line).await?,
                Tried::Changed => {}
            }
        }
        Err(self.changes_too_often())
    }

    async fn try_join(&self, join: &Join) -> Result<Tried, StoreError> {
        let read = self.read(join.tag, join.proof.as_ref()).await?;
        let facts = JoinFacts {
            now: read.now,
            frozen_through: read.frozen_through,
            person: read.known(),
            proof_used_by: read.proof_used_by,
        };
        let guard = self.guard(&read, join);
        match decide(join, self.attempt, &facts) {
            JoinDecision::Answer(outcome) => Ok(Tried::Answer(outcome)),
            JoinDecision::Write(write, outcome) => match self.save(guard, write).await? {
                true => Ok(Tried::Answer(outcome)),
                false => Ok(Tried::Changed),
            },
            JoinDecision::Number(draw, tier, write) => self.number(guard, read.epoch, draw, tier, write).await,
        }
    }

    /// Gives a number in `draw`, and writes what else the join changes.
    async fn number(
        &self,
        guard: Vec<Vec<u8>>,
        epoch: u32,
        draw: Draw,
        tier: Tier,
        write: JoinWrite<'_>,
    ) -> Result<Tried, StoreError> {
        let with_ticket = |number, digest| {
            let numbered = TicketNumber {
                epoch,
                draw,
                number,
                digest,
            };
            write.person.clone().with_ticket(tier, numbered)
        };
        let placeholder = with_ticket(0, ShardDigest::EMPTY);
        let mut keys = self.keys.with(&["people"]);
        keys.push(self.keys.log(draw));
        keys.extend(write.proof.map(|proof| self.keys.proof(proof)));
        let mut arguments = guard;
        arguments.extend([
            text(draw.0),
            text(u8::from(tier)),
            person_json(&placeholder).into_bytes(),
        ]);
        arguments.extend(self.proof_and_counters(&write));
        let mut reply = run(self.store.redis, &JOIN, &keys, arguments).await?;
        match reply.text()?.as_str() {
            "given" => {
                let person = with_ticket(reply.number()?, reply.digest()?);
                let held = person.held.expect("it was just given");
                Ok(Tried::Answer(JoinOutcome::Numbered(held)))
            }
            "declare" => Ok(Tried::Declare {
                epoch,
                draw,
                first_line: is_first_line(tier),
            }),
            _ => Ok(Tried::Changed),
        }
    }

    /// The first arguments of both scripts that write: what must be as it was read, and until when
    /// the decision holds by the shard's clock; there is no such limit once there are no windows any
    /// more.
    fn guard(&self, read: &ReadPerson, join: &Join) -> Vec<Vec<u8>> {
        vec![
            self.store.candidate(),
            text(read.epoch),
            or_minus_one(read.frozen_through),
            or_empty(join.windows.and_then(|windows| holds_until(join, windows, read.now))),
            join.tag.0.to_vec(),
            read.stored(),
        ]
    }

    /// The last arguments of both scripts that write.
    fn proof_and_counters(&self, write: &JoinWrite<'_>) -> Vec<Vec<u8>> {
        let mut arguments = vec![text(self.attempt.0), or_empty(write.proof.map(used_proofs::forget_at))];
        arguments.extend(write.counters.iter().map(|counter| counter.clone().into_bytes()));
        arguments
    }

    /// Writes a person who gets no new ticket. `false`: decide anew.
    async fn save(&self, guard: Vec<Vec<u8>>, write: JoinWrite<'_>) -> Result<bool, StoreError> {
        let mut keys = self.keys.with(&["people"]);
        keys.extend(write.proof.map(|proof| self.keys.proof(proof)));
        let mut arguments = guard;
        arguments.push(write_person(&write.person));
        arguments.extend(self.proof_and_counters(&write));
        run(self.store.redis, &SAVE, &keys, arguments).await?.done()
    }

    /// Tells the coordinator of a draw and opens it here, or learns that it is too late for it.
    pub(super) async fn declare(&self, epoch: u32, draw: Draw, first_line: bool) -> Result<(), StoreError> {
        let declaration = Declaration {
            shard: self.shard,
            draw,
            epoch,
            first_line,
        };
        let declared = self.store.declare(self.event, declaration).await?;
        match declared.outcome {
            DeclarationOutcome::Open => {
                let coordinator = text(declared.coordinator);
                let first_line = text(u8::from(first_line));
                let arguments = vec![
                    self.store.candidate(),
                    text(epoch),
                    text(draw.0),
                    coordinator,
                    first_line,
                ];
                let mut opened = run(self.store.redis, &OPEN, &self.keys.with(&[]), arguments).await?;
                if !opened.done()? {
                    // Frozen meanwhile, or the coordinator is in an epoch in which this shard has
                    // not reported yet.
                    self.store.current_snapshot(self.event).await?;
                }
            }
            DeclarationOutcome::Refused { frozen_through } => {
                self.store.freeze(self.event, self.shard, frozen_through).await?;
            }
        }
        Ok(())
    }
}
