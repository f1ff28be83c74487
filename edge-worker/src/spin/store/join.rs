//! Joins: a number for a person, in the draw that is open by Redis's clock. Before the first number of a draw the
//! coordinator must know that this shard has tickets in it.

use stanchion_shared::{
    draw::digest::ShardDigest,
    identity::{Draw, Tag, Tier},
    score::counts::counters,
    timestamp::UnixMillis,
};

use super::{
    command::{Redis, Script, run, script},
    coordinator::Announced,
    shard::{MAX_TRIES, SAVE, Seen, ShardOf, text},
    tickets::{person_json, write_person},
};
use crate::{
    person::{JoinStep, Numbered, PROOFS_KEPT_MS, Person},
    platform::{Join, JoinOutcome, QueueStore, StoreError},
};

static JOIN: Script = script!("redis.lua", "sha256.lua", "shard/shard.lua", "shard/join.lua");
static OPEN: Script = script!("redis.lua", "shard/shard.lua", "shard/open.lua");

/// A decision that holds as long as this does, besides the person and the life.
struct Depends {
    frozen_through: Option<Draw>,
    /// The clock is in the window that was decided for before this instant; `None` once there are no windows any more.
    until: Option<UnixMillis>,
}

enum Tried {
    Answer(JoinOutcome),
    Announce { epoch: u32, draw: Draw },
    Changed,
}

fn or_minus_one(draw: Option<Draw>) -> Vec<u8> {
    draw.map_or_else(|| text(-1), |draw| text(draw.0))
}

fn or_empty(instant: Option<UnixMillis>) -> Vec<u8> {
    instant.map_or_else(Vec::new, |instant| text(instant.0))
}

fn forget_at(join: &Join) -> Vec<u8> {
    or_empty(join.proof.as_ref().map(|proof| proof.expires_at.plus(PROOFS_KEPT_MS)))
}

fn score_counters(join: &Join) -> impl Iterator<Item = Vec<u8>> {
    let score = join.score.iter();
    score.flat_map(|score| counters(score, join.verdict).into_iter().map(String::into_bytes))
}

impl<R: Redis> ShardOf<'_, R> {
    pub(super) async fn join(&self, join: &Join) -> Result<JoinOutcome, StoreError> {
        for _ in 0..MAX_TRIES {
            match self.try_join(join).await? {
                Tried::Answer(outcome) => return Ok(outcome),
                Tried::Announce { epoch, draw } => self.announce(epoch, draw).await?,
                Tried::Changed => {}
            }
        }
        Err(self.changes_too_often())
    }

    async fn try_join(&self, join: &Join) -> Result<Tried, StoreError> {
        let seen = self.read(join.tag, join.proof.as_ref()).await?;
        if let Some(proof) = &join.proof {
            // Whether it was used is not remembered any more.
            let forgotten = seen.now > proof.expires_at.plus(PROOFS_KEPT_MS);
            if forgotten || seen.proof_used_by.is_some_and(|used_by| used_by != self.attempt) {
                return Ok(Tried::Answer(JoinOutcome::ProofUsed));
            }
        }
        let draw = join
            .windows
            .and_then(|windows| windows.draw_after(seen.frozen_through, seen.now));
        let depends = Depends {
            frozen_through: seen.frozen_through,
            until: join
                .windows
                .and_then(|windows| windows.draw_at(seen.now).map(|by_clock| windows.closed_at(by_clock))),
        };
        let known = seen.person.as_ref().map(|(_, person)| person);
        let mut person = known.cloned().unwrap_or_default();
        match (person.join(join, draw, seen.now), draw) {
            (JoinStep::Answer(outcome), _) => {
                let nothing_to_write = known == Some(&person) && (join.proof.is_none() || seen.proof_used_by.is_some());
                if nothing_to_write || self.save(&seen, &depends, join, &person).await? {
                    return Ok(Tried::Answer(outcome));
                }
                Ok(Tried::Changed)
            }
            (JoinStep::Number(_), None) => Ok(Tried::Answer(JoinOutcome::without_draws(join))),
            (JoinStep::Number(tier), Some(draw)) => self.number(&seen, &depends, join, person, (draw, tier)).await,
        }
    }

    /// Gives a number in `draw`.
    async fn number(
        &self,
        seen: &Seen,
        depends: &Depends,
        join: &Join,
        before: Person,
        (draw, tier): (Draw, Tier),
    ) -> Result<Tried, StoreError> {
        let with_ticket = |number, digest| {
            let numbered = Numbered {
                epoch: seen.epoch,
                draw,
                number,
                digest,
            };
            before.clone().with_ticket(tier, numbered)
        };
        let placeholder = with_ticket(0, ShardDigest::EMPTY);
        let mut keys = self.keys.with(&["people"]);
        keys.push(self.keys.log(draw));
        keys.extend(join.proof.as_ref().map(|proof| self.keys.proof(proof)));
        let mut arguments = self.guard(seen, depends, join.tag);
        arguments.extend([
            text(draw.0),
            text(u8::from(tier)),
            person_json(&placeholder).into_bytes(),
            text(self.attempt.0),
            forget_at(join),
        ]);
        arguments.extend(score_counters(join));
        let mut answer = run(self.store.redis, &JOIN, &keys, arguments).await?;
        match answer.text()?.as_str() {
            "given" => {
                let person = with_ticket(answer.number()?, answer.digest()?);
                let held = person.held.expect("it was just given");
                Ok(Tried::Answer(JoinOutcome::Numbered(held)))
            }
            "announce" => Ok(Tried::Announce {
                epoch: seen.epoch,
                draw,
            }),
            _ => Ok(Tried::Changed),
        }
    }

    /// The first arguments of both scripts that write.
    fn guard(&self, seen: &Seen, depends: &Depends, tag: Tag) -> Vec<Vec<u8>> {
        vec![
            self.store.candidate(),
            text(seen.epoch),
            or_minus_one(depends.frozen_through),
            or_empty(depends.until),
            tag.0.to_vec(),
            seen.stored(),
        ]
    }

    /// Writes a person who gets no new ticket. `false`: decide anew.
    async fn save(&self, seen: &Seen, depends: &Depends, join: &Join, person: &Person) -> Result<bool, StoreError> {
        let mut keys = self.keys.with(&["people"]);
        keys.extend(join.proof.as_ref().map(|proof| self.keys.proof(proof)));
        let mut arguments = self.guard(seen, depends, join.tag);
        arguments.extend([write_person(person), text(self.attempt.0), forget_at(join)]);
        arguments.extend(score_counters(join));
        run(self.store.redis, &SAVE, &keys, arguments).await?.done()
    }

    /// Tells the coordinator of a draw and opens it here, or learns that it is too late for it.
    async fn announce(&self, epoch: u32, draw: Draw) -> Result<(), StoreError> {
        match self.store.announce(self.event, self.shard, draw, epoch).await? {
            Announced::Open { coordinator } => {
                let arguments = vec![self.store.candidate(), text(epoch), text(draw.0), text(coordinator)];
                let mut opened = run(self.store.redis, &OPEN, &self.keys.with(&[]), arguments).await?;
                if !opened.done()? {
                    // Frozen meanwhile, or the coordinator is in a life that has not mustered this shard yet.
                    self.store.snapshot(self.event).await?;
                }
            }
            Announced::Refused { frozen_through } => {
                self.store.freeze(self.event, self.shard, frozen_through).await?;
            }
        }
        Ok(())
    }
}
