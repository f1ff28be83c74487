//! What a person asks of their shard. One script reads what the decision depends on,
//! [`crate::queue`] decides, one script writes it if nothing of that has changed meanwhile;
//! otherwise it is decided anew.

use stanchion_shared::{
    ids::{Draw, EventId, Shard, Tag},
    proof_of_work::ValidProof,
    score::{identifier_reuse::Identifier, sharing::AccountMix},
    timestamp::UnixMillis,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::ShardKeys,
    random,
    slots::GivenSlot,
    tickets::{read_person, write_person},
};
use crate::{
    platform::{
        EndOutcome, EndSession, HeldTicket, IdentifierUse, IdentifierUsers, KeepOutcome, KeepSession, Leave,
        LeaveOutcome, StoreError,
    },
    queue::{
        Attempt,
        person::{self, Person, PersonChange},
    },
};

static READ: Script = script!("redis.lua", "shard/shard.lua", "shard/read.lua");
static IDENTIFIER_USERS: Script = script!("shard/identifier_users.lua");
static NOTE_IDENTIFIERS: Script = script!("shard/note_identifiers.lua");
pub(super) static SAVE: Script = script!("redis.lua", "shard/shard.lua", "shard/save.lua");

/// A decision is made anew at most this often. What it depends on changes seldom: the same person
/// twice at once, a window that ends, a draw that is frozen, a restart of Redis.
pub(super) const MAX_TRIES: usize = 10;

/// A shard of an event, asked by one operation.
pub(super) struct ShardOf<'a, R> {
    pub(super) store: &'a Store<'a, R>,
    pub(super) event: &'a EventId,
    pub(super) shard: Shard,
    pub(super) keys: ShardKeys,
    pub(super) attempt: Attempt,
}

/// A person as they were read, with what else a decision depends on.
pub(super) struct ReadPerson {
    pub(super) now: UnixMillis,
    pub(super) epoch: u32,
    pub(super) frozen_through: Option<Draw>,
    /// As stored, and what it says.
    pub(super) person: Option<(Vec<u8>, Person)>,
    pub(super) proof_used_by: Option<Attempt>,
}

impl ReadPerson {
    pub(super) fn known(&self) -> Option<&Person> {
        self.person.as_ref().map(|(_, person)| person)
    }

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

    pub(super) async fn read(&self, tag: Tag, proof: Option<&ValidProof>) -> Result<ReadPerson, StoreError> {
        let mut keys = self.keys.with(&["people"]);
        keys.extend(proof.map(|proof| self.keys.proof(proof)));
        let arguments = vec![self.store.candidate(), tag.0.to_vec()];
        let mut reply = run(self.store.redis, &READ, &keys, arguments).await?;
        let now = UnixMillis(reply.number()?);
        let epoch = reply.number()?;
        let frozen_through = reply.optional_number()?.map(Draw);
        let person = match reply.optional_bytes()? {
            Some(stored) => {
                let person = read_person(&stored)?;
                Some((stored, person))
            }
            None => None,
        };
        let proof_used_by = match reply.optional_bytes()? {
            Some(attempt) => {
                let attempt = std::str::from_utf8(&attempt).ok().and_then(|text| text.parse().ok());
                // A mark that cannot be read is of another operation.
                Some(Attempt(attempt.unwrap_or(0)))
            }
            None => None,
        };
        Ok(ReadPerson {
            now,
            epoch,
            frozen_through,
            person,
            proof_used_by,
        })
    }

    /// Counts the people who used each of the identifiers.
    pub(super) async fn identifier_users(&self, used: &IdentifierUse) -> Result<Vec<IdentifierUsers>, StoreError> {
        let arguments = vec![used.tag.0.to_vec()];
        let mut reply = run(
            self.store.redis,
            &IDENTIFIER_USERS,
            &self.identifier_keys(used),
            arguments,
        )
        .await?;
        let mut all = Vec::with_capacity(used.identifiers.len());
        for _ in &used.identifiers {
            let noted = IdentifierUsers {
                people: reply.number()?,
                accounts: AccountMix {
                    known: reply.number()?,
                    new: reply.number()?,
                },
                is_noted: false,
            };
            let is_noted = reply.number::<u32>()? == 1;
            all.push(noted.with(used.account, is_noted));
        }
        Ok(all)
    }

    /// Notes that a person used identifiers.
    pub(super) async fn note_identifiers(&self, used: &IdentifierUse) -> Result<(), StoreError> {
        let one = AccountMix::default().with(used.account);
        let arguments = vec![
            used.tag.0.to_vec(),
            text(used.most),
            text(used.kept_ms),
            text(one.known),
            text(one.new),
        ];
        run(
            self.store.redis,
            &NOTE_IDENTIFIERS,
            &self.identifier_keys(used),
            arguments,
        )
        .await
        .map(|_| ())
    }

    /// Two keys for each identifier: who used it, and how many.
    fn identifier_keys(&self, used: &IdentifierUse) -> Vec<String> {
        let keys = |identifier: &Identifier| self.keys.identifier(*identifier);
        used.identifiers.iter().flat_map(keys).collect()
    }

    /// The newest ticket of a person.
    pub(super) async fn held_ticket(&self, tag: Tag) -> Result<Option<HeldTicket>, StoreError> {
        let read = self.read(tag, None).await?;
        Ok(read.person.and_then(|(_, person)| person.held))
    }

    pub(super) async fn leave(&self, leave: &Leave) -> Result<LeaveOutcome, StoreError> {
        let decide = |known: Option<&Person>, now| person::leave(known, leave, now);
        self.change_person(leave.tag, None, decide).await
    }

    pub(super) async fn end_session(&self, end: &EndSession) -> Result<EndOutcome, StoreError> {
        let decide = |known: Option<&Person>, now| person::end_session(known, end, now);
        self.change_person(end.tag, None, decide).await
    }

    pub(super) async fn keep_session(&self, keep: &KeepSession) -> Result<KeepOutcome, StoreError> {
        let decide = |known: Option<&Person>, now| person::keep_session(known, keep, now);
        self.change_person(keep.tag, None, decide).await
    }

    /// Does what is decided for a person, who has the slot for a session that begins.
    pub(super) async fn change_person<T>(
        &self,
        tag: Tag,
        slot: Option<&GivenSlot>,
        decide: impl Fn(Option<&Person>, UnixMillis) -> PersonChange<T>,
    ) -> Result<T, StoreError> {
        for _ in 0..MAX_TRIES {
            let read = self.read(tag, None).await?;
            let PersonChange {
                outcome,
                changed,
                session,
            } = decide(read.known(), read.now);
            let Some(person) = changed else {
                return Ok(outcome);
            };
            if let Some(change) = session {
                match self.save_session(tag, &read, &person, &change, slot).await? {
                    true => return Ok(outcome),
                    false => continue,
                }
            }
            let arguments = vec![
                self.store.candidate(),
                text(read.epoch),
                Vec::new(),
                Vec::new(),
                tag.0.to_vec(),
                read.stored(),
                write_person(&person),
            ];
            let keys = self.keys.with(&["people"]);
            if run(self.store.redis, &SAVE, &keys, arguments).await?.done()? {
                return Ok(outcome);
            }
        }
        Err(self.changes_too_often())
    }

    /// The public log of a frozen draw.
    pub(super) async fn log(&self, draw: Draw) -> Result<Option<Vec<u8>>, StoreError> {
        let frozen_through = [self.keys.key("shard").into_bytes(), b"frozen_through".to_vec()];
        let frozen_through = frozen_through.each_ref().map(Vec::as_slice);
        let mut reply = plain(self.store.redis, "HGET", &frozen_through).await?;
        let frozen_through = reply.optional_bytes()?;
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
