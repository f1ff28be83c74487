//! What a person asks of their shard. One script reads what the decision depends on, [`crate::person`] decides, one script
//! writes it if nothing of that has changed meanwhile; otherwise it is decided anew.

use stanchion_shared::{
    draw::digest::ShardDigest,
    human::ValidProof,
    identity::{Draw, EventId, Shard, Tag},
    timestamp::UnixMillis,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    coordinator::Announced,
    keys::ShardKeys,
    random,
    tickets::{person_json, read_person, write_person},
};
use crate::{
    event::Attempt,
    person::{JoinStep, Numbered, PROOFS_KEPT_MS, Person, tier_of},
    platform::{Claim, ClaimOutcome, Join, JoinOutcome, Leave, LeaveOutcome, QueueStore, StoreError},
};

static READ: Script = script!("redis.lua", "shard/shard.lua", "shard/read.lua");
static JOIN: Script = script!("redis.lua", "sha256.lua", "shard/shard.lua", "shard/join.lua");
static SAVE: Script = script!("redis.lua", "shard/shard.lua", "shard/save.lua");
static OPEN: Script = script!("redis.lua", "shard/shard.lua", "shard/open.lua");

/// How often something is decided anew. What it depends on changes seldom: the same person twice at once, a window that
/// ends, a draw that is frozen, a restart of Redis.
pub(super) const MAX_TRIES: usize = 10;

/// A shard of an event, asked by one operation.
pub(super) struct ShardOf<'a, R> {
    store: &'a Store<'a, R>,
    event: &'a EventId,
    shard: Shard,
    keys: ShardKeys,
    attempt: Attempt,
}

/// What a decision depends on.
struct Seen {
    now: UnixMillis,
    epoch: u32,
    frozen_through: Option<Draw>,
    /// As stored, and what it says.
    person: Option<(Vec<u8>, Person)>,
    proof_used_by: Option<Attempt>,
}

impl Seen {
    fn stored(&self) -> Vec<u8> {
        self.person.as_ref().map_or_else(Vec::new, |(stored, _)| stored.clone())
    }
}

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

fn text(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
}

fn or_minus_one(draw: Option<Draw>) -> Vec<u8> {
    draw.map_or_else(|| text(-1), |draw| text(draw.0))
}

fn or_empty(instant: Option<UnixMillis>) -> Vec<u8> {
    instant.map_or_else(Vec::new, |instant| text(instant.0))
}

impl<'a, R: Redis> ShardOf<'a, R> {
    pub(super) fn new(store: &'a Store<'a, R>, event: &'a EventId, shard: Shard) -> ShardOf<'a, R> {
        ShardOf {
            store,
            event,
            shard,
            keys: ShardKeys::new(event, shard),
            attempt: Attempt(random()),
        }
    }

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

    fn changes_too_often(&self) -> StoreError {
        StoreError(format!("shard {} changes too often", self.shard.0))
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
        let mut known = seen.person.as_ref().map(|(_, person)| person.clone());
        let keeps = known
            .as_mut()
            .is_some_and(|person| person.join(join, draw) == JoinStep::Keep);
        match (known, draw) {
            (Some(person), _) if keeps => {
                let nothing_to_write = seen.person.as_ref().is_some_and(|(_, before)| *before == person)
                    && (join.proof.is_none() || seen.proof_used_by.is_some());
                if nothing_to_write || self.save(&seen, &depends, join, &person).await? {
                    return Ok(Tried::Answer(JoinOutcome::Holds(person.held)));
                }
                Ok(Tried::Changed)
            }
            (_, None) => Ok(Tried::Answer(JoinOutcome::without_draws(join))),
            (known, Some(draw)) => self.number(&seen, &depends, join, known.as_ref(), draw).await,
        }
    }

    async fn read(&self, tag: Tag, proof: Option<&ValidProof>) -> Result<Seen, StoreError> {
        let mut keys = self.keys.with(&["people"]);
        keys.extend(proof.map(|proof| self.keys.proof(proof)));
        let arguments = vec![self.store.candidate(), tag.0.to_vec()];
        let mut answer = run(self.store.redis, &READ, &keys, arguments).await?;
        let now = UnixMillis(answer.number()?);
        let epoch = answer.number()?;
        let frozen_through = answer.optional_number()?.map(Draw);
        let person = match answer.optional_bytes()? {
            Some(stored) => {
                let person = read_person(&stored)?;
                Some((stored, person))
            }
            None => None,
        };
        let proof_used_by = match answer.optional_bytes()? {
            Some(attempt) => {
                let attempt = std::str::from_utf8(&attempt).ok().and_then(|text| text.parse().ok());
                // A mark that cannot be read is somebody else's.
                Some(Attempt(attempt.unwrap_or(0)))
            }
            None => None,
        };
        Ok(Seen {
            now,
            epoch,
            frozen_through,
            person,
            proof_used_by,
        })
    }

    /// Gives a number in `draw`.
    async fn number(
        &self,
        seen: &Seen,
        depends: &Depends,
        join: &Join,
        before: Option<&Person>,
        draw: Draw,
    ) -> Result<Tried, StoreError> {
        let tier = tier_of(before, join.tier);
        let with_ticket = |number, digest| {
            let numbered = Numbered {
                epoch: seen.epoch,
                draw,
                number,
                digest,
            };
            Person::with_ticket(before, tier, numbered)
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
        let mut answer = run(self.store.redis, &JOIN, &keys, arguments).await?;
        match answer.text()?.as_str() {
            "given" => {
                let person = with_ticket(answer.number()?, answer.digest()?);
                Ok(Tried::Answer(JoinOutcome::Holds(person.held)))
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

    /// Writes a person whose ticket stays. `false`: decide anew.
    async fn save(&self, seen: &Seen, depends: &Depends, join: &Join, person: &Person) -> Result<bool, StoreError> {
        let mut keys = self.keys.with(&["people"]);
        keys.extend(join.proof.as_ref().map(|proof| self.keys.proof(proof)));
        let mut arguments = self.guard(seen, depends, join.tag);
        arguments.extend([write_person(person), text(self.attempt.0), forget_at(join)]);
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

    pub(super) async fn claim(&self, claim: &Claim) -> Result<ClaimOutcome, StoreError> {
        let decide = |person: &mut Person, now| person.claim(claim, now);
        Ok(self
            .change_person(claim.tag, decide)
            .await?
            .unwrap_or(ClaimOutcome::Dead))
    }

    pub(super) async fn leave(&self, leave: &Leave) -> Result<LeaveOutcome, StoreError> {
        let decide = |person: &mut Person, _| person.leave(leave);
        Ok(self
            .change_person(leave.tag, decide)
            .await?
            .unwrap_or(LeaveOutcome::Dead))
    }

    /// Decides for a person who is known; `None` if they are not.
    async fn change_person<T>(
        &self,
        tag: Tag,
        decide: impl Fn(&mut Person, UnixMillis) -> T,
    ) -> Result<Option<T>, StoreError> {
        for _ in 0..MAX_TRIES {
            let seen = self.read(tag, None).await?;
            let Some((stored, before)) = &seen.person else {
                return Ok(None);
            };
            let mut person = before.clone();
            let outcome = decide(&mut person, seen.now);
            let arguments = vec![
                self.store.candidate(),
                text(seen.epoch),
                Vec::new(),
                Vec::new(),
                tag.0.to_vec(),
                stored.clone(),
                write_person(&person),
            ];
            let keys = self.keys.with(&["people"]);
            if person == *before || run(self.store.redis, &SAVE, &keys, arguments).await?.done()? {
                return Ok(Some(outcome));
            }
        }
        Err(self.changes_too_often())
    }

    /// The public log of a frozen draw.
    pub(super) async fn log(&self, draw: Draw) -> Result<Option<Vec<u8>>, StoreError> {
        let frozen_through = [self.keys.key("shard").into_bytes(), b"frozen_through".to_vec()];
        let frozen_through = frozen_through.each_ref().map(Vec::as_slice);
        let mut answer = plain(self.store.redis, "HGET", &frozen_through).await?;
        let frozen_through = answer.optional_bytes()?;
        let frozen_through = frozen_through.and_then(|text| std::str::from_utf8(&text).ok()?.parse().ok());
        if frozen_through.is_none_or(|frozen: u32| frozen < draw.0) {
            return Ok(None);
        }
        let log = self.keys.log(draw);
        let log = plain(self.store.redis, "GET", &[log.as_bytes()])
            .await?
            .optional_bytes()?;
        Ok(Some(log.unwrap_or_default()))
    }
}

fn forget_at(join: &Join) -> Vec<u8> {
    or_empty(join.proof.as_ref().map(|proof| proof.expires_at.plus(PROOFS_KEPT_MS)))
}
