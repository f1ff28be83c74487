//! Slots: an event whose gate is `when_busy` lets no more people in than may be at once, with a turn
//! or without one, and whoever comes while nobody waits gets in without one.
//!
//! A shard asks the event's coordinator for a slot before it begins a session. A slot counts until
//! the coordinator has been told of its session, which counts from then on, or until it was clearly
//! not used. So the sessions that run are never more than the coordinator knows. If the coordinator
//! is silent there is no slot: people queue, and those with a turn ask again.
//!
//! The runtimes keep the slots: Cloudflare's coordinator in memory by [`Slots`], Spin in Redis by a
//! script that does the same. How much room there is says
//! [`EventState::room`](super::event::EventState::room).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    ids::Tag,
    room::{Room, WalkInAllowance},
    sessions::SessionMark,
    timestamp::UnixMillis,
};

/// A slot of whose session nobody has told is free again after this long, in ms. A session begins
/// at most [`BEGIN_WITHIN_MS`] after its slot was given, and is told of soon after.
pub(crate) const SLOT_HELD_MS: u64 = 10_000;
/// A session with a slot has to begin within this time, in ms.
pub(crate) const BEGIN_WITHIN_MS: u64 = 5_000;
/// A fan whose turn has come and who does not ask for a slot for so long waits no more, in ms.
pub(crate) const WAITS_FOR_SLOT_MS: u64 = 10_000;

/// Who asks for a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SlotFor {
    /// A fan whose turn has come.
    Turn,
    /// Somebody without a turn.
    WalkIn,
}

/// Asks for a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlotRequest {
    pub(crate) of: SlotFor,
    /// The person.
    pub(crate) tag: Tag,
    /// The session that is to begin.
    pub(crate) session: SessionMark,
}

/// The slots of an event that were given and whose sessions are not counted yet, and the fans who
/// found none.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Until when each counts.
    given: HashMap<SessionMark, UnixMillis>,
    /// When each fan whose turn has come last asked in vain.
    waiting: HashMap<Tag, UnixMillis>,
    allowance: WalkInAllowance,
}

impl Slots {
    /// Gives a slot, if there is one: so many sessions are `counted`. The same session has one slot,
    /// however often it asks.
    pub(crate) fn take(&mut self, request: &SlotRequest, room: &Room, counted: u64, now: UnixMillis) -> bool {
        self.forget(now);
        let taken = counted + self.given.len() as u64;
        let is_given = self.given.contains_key(&request.session)
            || match request.of {
                SlotFor::Turn => room.with_turn.is_none_or(|most| taken < most),
                SlotFor::WalkIn => {
                    self.waiting.is_empty()
                        && taken < room.without_turn
                        && self.allowance.take(room.most_per_second, now)
                }
            };
        if is_given {
            self.given.insert(request.session, now.plus(SLOT_HELD_MS));
            self.waiting.remove(&request.tag);
        } else if request.of == SlotFor::Turn {
            self.waiting.insert(request.tag, now);
        }
        is_given
    }

    /// The sessions with these slots are counted.
    pub(crate) fn note_used(&mut self, sessions: &[SessionMark]) {
        for session in sessions {
            self.given.remove(session);
        }
    }

    /// Slots that were given and whose sessions are not counted.
    pub(crate) fn given(&self, now: UnixMillis) -> u64 {
        self.given.values().filter(|until| **until > now).count() as u64
    }

    /// Fans whose turn has come and who lately found no slot.
    pub(crate) fn waiting(&self, now: UnixMillis) -> u64 {
        let lately = |asked: &&UnixMillis| now.since(**asked) < WAITS_FOR_SLOT_MS;
        self.waiting.values().filter(lately).count() as u64
    }

    fn forget(&mut self, now: UnixMillis) {
        self.given.retain(|_, until| *until > now);
        self.waiting.retain(|_, asked| now.since(*asked) < WAITS_FOR_SLOT_MS);
    }
}

#[cfg(test)]
mod tests;
