//! Slots: an event whose gate is `when_busy` lets no more people in than may be at once, with a turn
//! or without one. While there is room people come in without one.
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
    timestamp::UnixMillis,
};

/// A slot of whose session nobody has told is free again after this long, in ms. A session begins
/// at most [`BEGIN_WITHIN_MS`] after its slot was given, and is told of soon after.
pub(crate) const SLOT_HELD_MS: u64 = 10_000;
/// A session with a slot has to begin within this time, in ms.
pub(crate) const BEGIN_WITHIN_MS: u64 = 5_000;
/// A fan whose turn has come and who does not ask for a slot for so long waits no more, in ms.
pub(crate) const WAITS_FOR_SLOT_MS: u64 = 10_000;
/// A fan who waits for a slot asks once a second. One who has not asked for so long, in ms, keeps the
/// next slot from nobody.
pub(crate) const ASKS_EVERY_MS: u64 = 2_500;

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
    /// The person. Nobody has two sessions, so nobody has two slots.
    pub(crate) tag: Tag,
}

/// The slots of an event that were given and whose sessions are not counted yet, and the fans who
/// found none.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Until when each counts.
    given: HashMap<Tag, UnixMillis>,
    /// Fans whose turn has come and who asked in vain.
    waiting: HashMap<Tag, Asked>,
    allowance: WalkInAllowance,
}

/// When a fan asked for a slot.
#[derive(Clone, Copy, Debug)]
struct Asked {
    first: UnixMillis,
    last: UnixMillis,
}

impl Slots {
    /// Gives a slot, if there is one: so many sessions are `counted`. Fans who have asked for longer
    /// and still ask come first.
    pub(crate) fn take(&mut self, request: &SlotRequest, room: &Room, counted: u64, now: UnixMillis) -> bool {
        self.forget(now);
        let taken = counted + self.given.len() as u64;
        let is_given = self.given.contains_key(&request.tag)
            || match request.of {
                SlotFor::Turn => {
                    let ahead = || self.ahead_of(request.tag, now);
                    room.with_turn.is_none_or(|most| taken < most && taken + ahead() < most)
                }
                SlotFor::WalkIn => {
                    self.waiting.is_empty()
                        && taken < room.without_turn
                        && self.allowance.take(room.most_per_second, now)
                }
            };
        if is_given {
            self.given.insert(request.tag, now.plus(SLOT_HELD_MS));
            self.waiting.remove(&request.tag);
        } else if request.of == SlotFor::Turn {
            let asked = self
                .waiting
                .entry(request.tag)
                .or_insert(Asked { first: now, last: now });
            asked.last = now;
        }
        is_given
    }

    /// Fans who began to wait before this one, and are there.
    fn ahead_of(&self, tag: Tag, now: UnixMillis) -> u64 {
        let first = self.waiting.get(&tag).map_or(now, |asked| asked.first);
        let is_ahead = |(other, asked): &(&Tag, &Asked)| {
            (asked.first, **other) < (first, tag) && now.since(asked.last) < ASKS_EVERY_MS
        };
        self.waiting.iter().filter(is_ahead).count() as u64
    }

    /// The sessions of these people are counted.
    pub(crate) fn note_used(&mut self, people: &[Tag]) {
        for person in people {
            self.given.remove(person);
        }
    }

    /// Slots that were given and whose sessions are not counted.
    pub(crate) fn given(&self, now: UnixMillis) -> u64 {
        self.given.values().filter(|until| **until > now).count() as u64
    }

    /// Fans whose turn has come and who lately found no slot.
    pub(crate) fn waiting(&self, now: UnixMillis) -> u64 {
        let lately = |asked: &&Asked| now.since(asked.last) < WAITS_FOR_SLOT_MS;
        self.waiting.values().filter(lately).count() as u64
    }

    fn forget(&mut self, now: UnixMillis) {
        self.given.retain(|_, until| *until > now);
        self.waiting
            .retain(|_, asked| now.since(asked.last) < WAITS_FOR_SLOT_MS);
    }
}

#[cfg(test)]
mod tests;
