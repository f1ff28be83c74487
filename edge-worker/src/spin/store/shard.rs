//! What a person asks of their shard. One script reads what the decision depends on, [`crate::person`] decides, one script
//! writes it if nothing of that has changed meanwhile; otherwise it is decided anew.

use stanchion_shared::{
    human::ValidProof,
    identity::{Draw, EventId, Shard, Tag},
    timestamp::UnixMillis,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::ShardKeys,
    random,
    tickets::{read_person, write_person},
};
use crate::{
    event::Attempt,
    person::Person,
    platform::{Claim, ClaimOutcome, Leave, LeaveOutcome, SIGHTINGS_KEPT_MS, Sight, SightedBy, StoreError},
};

static READ: Script = script!("redis.lua", "shard/shard.lua", "shard/read.lua");
static SIGHTED: Script = script!("shard/sighted.lua");
static NOTE: Script = script!("shard/note.lua");
pub(super) static SAVE: Script = script!("redis.lua", "shard/shard.lua", "shard/save.lua");

/// How often something is decided anew. What it depends on changes seldom: the same person twice at once, a window that
/// ends, a draw that is frozen, a restart of Redis.
pub(super) const MAX_TRIES: usize = 10;

/// A shard of an event, asked by one operation.
pub(super) struct ShardOf<'a, R> {
    pub(super) store: &'a Store<'a, R>,
    pub(super) event: &'a EventId,
    pub(super) shard: Shard,
    pub(super) keys: ShardKeys,
    pub(super) attempt: Attempt,
}

/// What a decision depends on.
pub(super) struct Seen {
    pub(super) now: UnixMillis,
    pub(super) epoch: u32,
    pub(super) frozen_through: Option<Draw>,
    /// As stored, and what it says.
    pub(super) person: Option<(Vec<u8>, Person)>,
    pub(super) proof_used_by: Option<Attempt>,
}

impl Seen {
    pub(super) fn stored(&self) -> Vec<u8> {
        self.person.as_ref().map_or_else(Vec::new, |(stored, _)| stored.clone())
    }
}

pub(super) fn text(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
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

    pub(super) fn changes_too_often(&self) -> StoreError {
        StoreError(format!("shard {} changes too often", self.shard.0))
    }

    pub(super) async fn read(&self, tag: Tag, proof: Option<&ValidProof>) -> Result<Seen, StoreError> {
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

    /// Counts who used something.
    pub(super) async fn sighted(&self, sight: &Sight) -> Result<SightedBy, StoreError> {
        let keys = [self.keys.sighted(sight.sighted)];
        let arguments = vec![sight.tag.0.to_vec()];
        let mut answer = run(self.store.redis, &SIGHTED, &keys, arguments).await?;
        let others: u32 = answer.number()?;
        let noted: u32 = answer.number()?;
        let others = u16::try_from(others).unwrap_or(u16::MAX);
        Ok(SightedBy::of(others, noted == 1, sight.most))
    }

    /// Notes who used something.
    pub(super) async fn note(&self, sight: &Sight) -> Result<(), StoreError> {
        let keys = [self.keys.sighted(sight.sighted)];
        let arguments = vec![sight.tag.0.to_vec(), text(sight.most), text(SIGHTINGS_KEPT_MS)];
        run(self.store.redis, &NOTE, &keys, arguments).await.map(|_| ())
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
