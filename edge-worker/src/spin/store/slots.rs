//! Sessions that need a slot: the operation that begins one takes its slot from the event's
//! coordinator first, and tells the coordinator of the session right after it began.

use stanchion_shared::{
    ids::{EventId, Tag},
    room::{Room, WalkInAllowance},
    timestamp::UnixMillis,
};

use super::{
    Store,
    command::{Redis, Script, run, script},
    coordinator::{json, or_minus_one},
    keys::CoordinatorKeys,
    shard::{MAX_TRIES, ShardOf, text},
};
use crate::{
    platform::{Claim, ClaimOutcome, QueueStore, StoreError, WalkIn, WalkInOutcome},
    queue::{
        person::{self, Person, Slot},
        room::{ASKS_EVERY_MS, BEGIN_WITHIN_MS, SLOT_HELD_MS, SlotFor, SlotRequest, WAITS_FOR_SLOT_MS},
    },
};

static TAKE_SLOT: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/take_slot.lua");

/// A slot that was given.
pub(super) struct GivenSlot {
    /// The person.
    pub(super) tag: Tag,
    /// Its session begins before this instant or not at all.
    pub(super) begins_before: UnixMillis,
}

impl<R: Redis> ShardOf<'_, R> {
    pub(super) async fn claim(&self, claim: &Claim) -> Result<ClaimOutcome, StoreError> {
        let decide = |slot| move |known: Option<&Person>, now| person::claim(known, claim, slot, now);
        let first = self.change_person(claim.tag, None, decide(Slot::None)).await?;
        if first != ClaimOutcome::Full {
            return Ok(first);
        }
        let request = SlotRequest {
            of: SlotFor::Turn,
            tag: claim.tag,
        };
        match self.store.take_slot(self.event, &request).await? {
            Some(slot) => self.change_person(claim.tag, Some(&slot), decide(Slot::Given)).await,
            None => Ok(first),
        }
    }

    pub(super) async fn walk_in(&self, walk_in: &WalkIn) -> Result<WalkInOutcome, StoreError> {
        let decide = |slot| move |known: Option<&Person>, now| person::walk_in(known, walk_in, slot, now);
        let first = self.change_person(walk_in.tag, None, decide(Slot::None)).await?;
        if first != WalkInOutcome::Full || walk_in.only_if_in {
            return Ok(first);
        }
        let request = SlotRequest {
            of: SlotFor::WalkIn,
            tag: walk_in.tag,
        };
        match self.store.take_slot(self.event, &request).await? {
            Some(slot) => self.change_person(walk_in.tag, Some(&slot), decide(Slot::Given)).await,
            None => Ok(first),
        }
    }
}

impl<R: Redis> Store<'_, R> {
    /// Takes a slot, if there is one. A coordinator that is new, or may have forgotten sessions or draws,
    /// asks all shards first. It gives none before they have reported.
    async fn take_slot(&self, event: &EventId, request: &SlotRequest) -> Result<Option<GivenSlot>, StoreError> {
        let mut has_asked_shards = false;
        for _ in 0..MAX_TRIES {
            let Some(read) = self.read_event(event).await? else {
                return Ok(None);
            };
            if !read.all_reported {
                if has_asked_shards {
                    return Ok(None);
                }
                has_asked_shards = true;
                self.look_after(event).await?;
                continue;
            }
            let room = read.state.room(read.open_tickets(), &read.reported, read.now);
            let (kind, most, walk_ins) = match request.of {
                SlotFor::Turn => ("turn", room.with_turn.map(text).unwrap_or_default(), Vec::new()),
                SlotFor::WalkIn => (
                    "walk_in",
                    text(room.without_turn),
                    walk_ins_after(&read.walk_ins, &room, read.now),
                ),
            };
            let arguments = vec![
                self.candidate(),
                text(read.epoch),
                request.tag.to_string().into_bytes(),
                text(ASKS_EVERY_MS),
                kind.as_bytes().to_vec(),
                most,
                text(SLOT_HELD_MS),
                text(WAITS_FOR_SLOT_MS),
                read.walk_ins.clone(),
                walk_ins,
                text(read.revision),
                or_minus_one(read.first_declared),
            ];
            let keys = CoordinatorKeys::new(event).with(&["slots", "waiting", "waiting_since"]);
            let mut reply = run(self.redis, &TAKE_SLOT, &keys, arguments).await?;
            match reply.number::<u32>()? {
                0 => return Ok(None),
                1 => {
                    let given_at = UnixMillis(reply.number()?);
                    return Ok(Some(GivenSlot {
                        tag: request.tag,
                        begins_before: given_at.plus(BEGIN_WITHIN_MS),
                    }));
                }
                _ => {}
            }
        }
        // So many ask at once that there will hardly be room for one more.
        Ok(None)
    }
}

/// The allowance after one more walk-in; empty if there is none left.
fn walk_ins_after(stored: &[u8], room: &Room, now: UnixMillis) -> Vec<u8> {
    let mut allowance: WalkInAllowance = serde_json::from_slice(stored).unwrap_or_default();
    match allowance.take(room.most_per_second, now) {
        true => json(&allowance),
        false => Vec::new(),
    }
}
