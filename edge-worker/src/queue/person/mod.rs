//! What a shard decides for one person: it keeps, revives or replaces their queue ticket, and opens
//! or finds their shopping window. Pure: the shard brings what it stored, the clock and the draw,
//! and stores what comes back.
//!
//! A shopping window may need a free slot of the event ([`super::room`]). The shard asks without
//! one first. If the outcome is that there is none, it takes a slot and asks once more.
//!
//! # Layout
//! - this file: what a shard remembers of a person, and their tickets;
//! - [`join`](Person::join): whether a join gets a ticket, and of which tier;
//! - [`claim()`], [`walk_in()`]: a shopping window is found or opened, with a turn and without one;
//! - [`leave()`], [`end_session()`], [`keep_session()`]: a session is over, or goes on.

mod claim;
mod end_session;
mod join;
mod keep_session;
mod leave;
mod walk_in;

pub(crate) use self::{
    claim::claim, end_session::end_session, join::JoinStep, keep_session::keep_session, leave::leave, walk_in::walk_in,
};

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::digest::ShardDigest,
    ids::{Draw, Serial, Tier},
    score::{Score, identifier_reuse::Identifier},
    timestamp::UnixMillis,
};

use super::{
    sessions::{SessionChange, TOKEN_DEAD_MS},
    shard_tickets::CarriedTicket,
};
use crate::platform::{HeldTicket, ShoppingWindow};

/// A person as a shard remembers them, for as long as the event exists. The default is a person
/// whom the shard does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The newest queue ticket, the only one that can be alive. `None`: the person was refused
    /// before they had one.
    pub(crate) held: Option<HeldTicket>,
    /// The ticket was given up, or withdrawn at its turn.
    left: bool,
    /// The worst tier a score ever gave: a later join never improves it.
    worst_tier: Tier,
    /// Length of the shopping window when it was claimed: a change of the setting does not move one
    /// that runs.
    shopping_ms: u64,
    /// A shop token of an earlier ticket may live until then: until its end or, if the session was
    /// ended before, until every gate knows it.
    busy_until: UnixMillis,
    /// The lowest score there was, with its reasons.
    #[serde(default)]
    lowest: Option<Score>,
    /// Every join is refused until then.
    #[serde(default)]
    refused_until: UnixMillis,
    /// The last session that began without a turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    walked_in: Option<ShoppingWindow>,
    /// The networks from which a new account asked for the newest ticket, until they were looked at
    /// again at its turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reviewed_networks: Vec<Identifier>,
}

impl Default for Person {
    fn default() -> Self {
        Person {
            held: None,
            left: false,
            worst_tier: Tier::Verified,
            shopping_ms: 0,
            busy_until: UnixMillis(0),
            lowest: None,
            refused_until: UnixMillis(0),
            walked_in: None,
            reviewed_networks: Vec::new(),
        }
    }
}

/// Whether the person has a slot for a new session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// None was asked for.
    None,
    /// One was given.
    Given,
}

/// A number that a draw just gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TicketNumber {
    /// Epoch of the store, see [`stanchion_shared::epochs`].
    pub(crate) epoch: u32,
    /// The draw.
    pub(crate) draw: Draw,
    /// From 0 within draw, tier and shard.
    pub(crate) number: u32,
    /// The shard's digest right after it.
    pub(crate) digest: ShardDigest,
}

/// What a person asked for, and the person as they are to be written; `None` if nothing has
/// changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonChange<T> {
    pub(crate) outcome: T,
    pub(crate) changed: Option<Person>,
    /// What the shard's count of sessions has to learn of it.
    pub(crate) session: Option<SessionChange>,
}

impl<T> PersonChange<T> {
    /// Lets `decide` change a copy of `known`; a person whom the shard does not know gets
    /// `unknown`.
    fn of(known: Option<&Person>, unknown: T, decide: impl FnOnce(&mut Person) -> T) -> PersonChange<T> {
        let Some(before) = known else {
            return PersonChange {
                outcome: unknown,
                changed: None,
                session: None,
            };
        };
        let mut person = before.clone();
        let outcome = decide(&mut person);
        let session = SessionChange::between(before.window(), person.window());
        let changed = (person != *before).then_some(person);
        PersonChange {
            outcome,
            changed,
            session,
        }
    }
}

impl Person {
    /// With a first ticket, or with one more: the serial says how many there were.
    pub(crate) fn with_ticket(self, tier: Tier, numbered: TicketNumber) -> Person {
        // A session that began without a turn stays known by itself.
        let claimed = self.held.as_ref().and_then(|held| held.claimed.as_ref());
        let token_until = claimed.map_or(UnixMillis(0), token_until);
        Person {
            busy_until: self.busy_until.max(token_until),
            held: Some(HeldTicket {
                epoch: numbered.epoch,
                draw: numbered.draw,
                tier,
                number: numbered.number,
                serial: Serial(self.held.map_or(1, |held| held.serial.0 + 1)),
                digest: numbered.digest,
                claimed: None,
                waits_for_slot: false,
            }),
            left: false,
            shopping_ms: 0,
            ..self
        }
    }

    /// The person with a ticket that is carried to another draw of the shard: `None` if the ticket is
    /// not the one that they hold. It stays the same ticket, so its serial does, too.
    pub(crate) fn carried(&self, ticket: &CarriedTicket, draw: Draw, epoch: u32) -> Option<Person> {
        let held = self.held.as_ref()?;
        if (held.draw, held.tier, held.number) != (ticket.from, ticket.tier, ticket.old_number) {
            return None;
        }
        let held = HeldTicket {
            epoch,
            draw,
            number: ticket.number,
            digest: ticket.digest,
            ..held.clone()
        };
        Some(Person {
            held: Some(held),
            ..self.clone()
        })
    }

    /// The session that began last: a new one begins only when the one before is over.
    fn window(&self) -> Option<&ShoppingWindow> {
        let claimed = self.held.as_ref().and_then(|held| held.claimed.as_ref());
        let windows = [claimed, self.walked_in.as_ref()].into_iter().flatten();
        windows.max_by_key(|window| window.claimed_at)
    }

    /// The same, to be changed.
    fn newest_window(&mut self) -> Option<&mut ShoppingWindow> {
        let claimed = self.held.as_mut().and_then(|held| held.claimed.as_mut());
        let windows = [claimed, self.walked_in.as_mut()].into_iter().flatten();
        windows.max_by_key(|window| window.claimed_at)
    }
}

/// Until when a gate may let the shop token of a session pass.
fn token_until(window: &ShoppingWindow) -> UnixMillis {
    let dead_at = window.ended_at.map(|ended_at| ended_at.plus(TOKEN_DEAD_MS));
    dead_at.map_or(window.ends_at, |dead_at| dead_at.min(window.ends_at))
}

/// The ticket, if it is the one that is named. A serial alone does not tell: an epoch that was lost
/// may have given the same serial to the same person.
fn newest(held: &mut Option<HeldTicket>, epoch: u32, serial: Serial) -> Option<&mut HeldTicket> {
    held.as_mut()
        .filter(|held| (held.epoch, held.serial) == (epoch, serial))
}

#[cfg(test)]
mod tests;
