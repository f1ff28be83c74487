//! What a shard decides for one person: it keeps, revives or replaces their queue ticket, and opens
//! or finds their shopping window. Pure: the shard brings what it stored, the clock and the draw,
//! and stores what comes back.
//!
//! A window may need a free slot of the event ([`super::room`]). The shard asks without one first.
//! If the outcome is that there is none, it takes a slot and asks once more.

mod walk_in;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::digest::ShardDigest,
    ids::{Draw, Serial, Tier},
    score::{BotVerdict, COOL_DOWN_MS, Millionths, Score, identifier_reuse::Identifier, sharing::NetworkReview},
    timestamp::UnixMillis,
};

use super::{
    sessions::{SessionChange, TOKEN_DEAD_MS},
    shard_tickets::CarriedTicket,
};
use crate::platform::{
    Claim, ClaimOutcome, EndOutcome, EndSession, HeldTicket, Join, JoinOutcome, KeepOutcome, KeepSession, Leave,
    LeaveOutcome, ShoppingWindow, WalkIn, WalkInOutcome,
};

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
    /// Length of the shopping window when it was claimed: a change of the setting does not move a
    /// window that runs.
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
    /// The last window that began without a turn.
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

/// Whether the person has a slot for a new window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// None was asked for.
    None,
    /// One was given.
    Given,
}

/// What a join does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JoinStep {
    /// This is the answer: the person keeps the ticket they have, or is refused.
    Answer(JoinOutcome),
    /// The person gets a new ticket of this tier in the draw that is open, and one they have is
    /// dead.
    Number(Tier),
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

/// Finds or opens the shopping window of a ticket. A person whom the shard does not know has no
/// ticket.
pub(crate) fn claim(known: Option<&Person>, claim: &Claim, slot: Slot, now: UnixMillis) -> PersonChange<ClaimOutcome> {
    PersonChange::of(known, ClaimOutcome::Dead, |person| person.claim(claim, slot, now))
}

/// Finds the shopping window of a person, or opens one without a turn. It needs a slot always.
pub(crate) fn walk_in(
    known: Option<&Person>,
    walk_in: &WalkIn,
    slot: Slot,
    now: UnixMillis,
) -> PersonChange<WalkInOutcome> {
    let stranger = Person::default();
    let before = known.unwrap_or(&stranger);
    let mut change = PersonChange::of(Some(before), WalkInOutcome::Full, |person| {
        person.walk_in(walk_in, slot, now)
    });
    change.changed = change.changed.filter(|person| Some(person) != known);
    change
}

/// Gives a ticket up, and ends its session. A person whom the shard does not know has none.
pub(crate) fn leave(known: Option<&Person>, leave: &Leave, now: UnixMillis) -> PersonChange<LeaveOutcome> {
    PersonChange::of(known, LeaveOutcome::Dead, |person| person.leave(leave, now))
}

/// Ends a session. A person whom the shard does not know has none.
pub(crate) fn end_session(known: Option<&Person>, end: &EndSession, now: UnixMillis) -> PersonChange<EndOutcome> {
    PersonChange::of(known, EndOutcome::Unknown, |person| person.end_session(end, now))
}

/// Keeps a session that is used. A person whom the shard does not know has none.
pub(crate) fn keep_session(known: Option<&Person>, keep: &KeepSession, now: UnixMillis) -> PersonChange<KeepOutcome> {
    PersonChange::of(known, KeepOutcome::Over, |person| person.keep_session(keep, now))
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

    /// Judges a join while a new number would be in `draw` (`None`: there are no draws any more).
    /// Remembers the score and revives a ticket that was given up in a draw which is still open.
    pub(crate) fn join(&mut self, join: &Join, draw: Option<Draw>, now: UnixMillis) -> JoinStep {
        let tier = match self.tier(join, now) {
            Ok(tier) => tier,
            Err(refused) => return JoinStep::Answer(*refused),
        };
        let Some(held) = &self.held else {
            return self.number(join, tier);
        };
        if self.left {
            if draw != Some(held.draw) {
                return self.number(join, tier);
            }
            self.left = false;
            return JoinStep::Answer(JoinOutcome::Holds(held.clone()));
        }
        // Only a ticket of an earlier draw can be over, and only as long as it is the one that was
        // judged to be.
        let earlier = draw.is_none_or(|draw| held.draw < draw);
        let as_judged = join
            .replaces
            .is_some_and(|replaces| replaces.serial == held.serial && replaces.claimed == held.claimed.is_some());
        if earlier && as_judged {
            self.number(join, tier)
        } else {
            JoinStep::Answer(JoinOutcome::Holds(held.clone()))
        }
    }

    /// A new ticket is judged again by the networks of the join that gets it. Only a human's is: a
    /// fan pass outranks them, and a suspect is behind already.
    fn number(&mut self, join: &Join, tier: Tier) -> JoinStep {
        self.reviewed_networks = match tier {
            Tier::Human => join.reviewed_networks.clone(),
            Tier::Verified | Tier::Suspect => Vec::new(),
        };
        JoinStep::Number(tier)
    }

    /// The tier of the next ticket: the worst that a score ever gave. A score is not rolled again,
    /// so neither a better one nor a new challenge helps; a fan pass does, because the organiser
    /// vouches for it and it is no score.
    fn tier(&mut self, join: &Join, now: UnixMillis) -> Result<Tier, Box<JoinOutcome>> {
        if let Some(score) = &join.score
            && self.lowest.as_ref().is_none_or(|lowest| score.product < lowest.product)
        {
            self.lowest = Some(score.clone());
        }
        match join.verdict {
            BotVerdict::Join(Tier::Verified) => return Ok(Tier::Verified),
            BotVerdict::Join(tier) => self.worst_tier = self.worst_tier.max(tier),
            BotVerdict::Refuse => {
                self.worst_tier = Tier::Suspect;
                if self.refused_until <= now {
                    self.refused_until = now.plus(COOL_DOWN_MS);
                }
            }
        }
        match &self.lowest {
            Some(score) if now < self.refused_until => Err(Box::new(JoinOutcome::Refused {
                until: self.refused_until,
                score: score.clone(),
            })),
            _ => Ok(self.worst_tier),
        }
    }

    /// Finds the shopping window or opens it.
    fn claim(&mut self, claim: &Claim, slot: Slot, now: UnixMillis) -> ClaimOutcome {
        let newest = newest(&mut self.held, claim.epoch, claim.serial).filter(|_| !self.left);
        let Some(held) = newest else {
            return ClaimOutcome::Dead;
        };
        let has_no_slot = claim.needs_slot && slot == Slot::None;
        if let Some(window) = &mut held.claimed {
            if window.ended_at.is_some() {
                return ClaimOutcome::Window(window.clone());
            }
            // Never shorter: the stops given are those that the asking edge still knows.
            let ends_at = claim.stops.end_of(window.claimed_at, self.shopping_ms);
            // Others may have the slot of a session that was over and goes on after a stop.
            let comes_back = window.ends_at <= now && now < ends_at;
            if comes_back && has_no_slot {
                return ClaimOutcome::Full;
            }
            window.ends_at = window.ends_at.max(ends_at);
            if now < window.over_at() {
                window.use_at(now, claim.idle_ms);
            }
            return ClaimOutcome::Window(window.clone());
        }
        if claim.only_if_claimed && !held.waits_for_slot {
            return ClaimOutcome::Dead;
        }
        let mut busy_until = self.busy_until;
        if let Some(window) = &mut self.walked_in {
            if window.runs(now) {
                return ClaimOutcome::Window(window.clone());
            }
            // Its token may be good until its end: a claim makes it dead.
            window.end(now);
            busy_until = busy_until.max(token_until(window));
        }
        if busy_until > now {
            return ClaimOutcome::Busy { until: busy_until };
        }
        if !self.reviewed_networks.is_empty() {
            match claim.review {
                None => {
                    let networks = self.reviewed_networks.clone();
                    return ClaimOutcome::Review { networks };
                }
                Some(NetworkReview::Usual) => self.reviewed_networks.clear(),
                Some(NetworkReview::NewAccountsTogether(weight)) => {
                    self.withdraw(weight);
                    return ClaimOutcome::Dead;
                }
            }
        }
        held.waits_for_slot = has_no_slot;
        if has_no_slot {
            return ClaimOutcome::Full;
        }
        let claimed_at = now.max(claim.turn_at);
        let mut window = ShoppingWindow {
            session: claim.session.clone(),
            claimed_at,
            ends_at: claim.stops.end_of(claimed_at, claim.shopping_ms),
            ended_at: None,
            idle_at: None,
            walked_in: false,
        };
        window.use_at(claimed_at, claim.idle_ms);
        self.shopping_ms = claim.shopping_ms;
        held.claimed = Some(window.clone());
        ClaimOutcome::Window(window)
    }

    /// Withdraws a ticket whose turn has come, because its networks turned out to be a farm's. The
    /// next join of this person is a suspect's.
    fn withdraw(&mut self, weight: Millionths) {
        self.reviewed_networks.clear();
        self.left = true;
        self.worst_tier = Tier::Suspect;
        self.lowest = self
            .lowest
            .as_ref()
            .map(|score| score.with_new_accounts_together(weight));
    }

    /// Gives the ticket up. A session that it opened is over.
    fn leave(&mut self, leave: &Leave, now: UnixMillis) -> LeaveOutcome {
        let Some(held) = newest(&mut self.held, leave.epoch, leave.serial) else {
            return LeaveOutcome::Dead;
        };
        held.waits_for_slot = false;
        // Who leaves is out, however the session began.
        if let Some(window) = self.newest_window() {
            window.end(now);
        }
        self.left = true;
        LeaveOutcome::Left
    }

    /// Ends the newest session, if it has this name.
    fn end_session(&mut self, end: &EndSession, now: UnixMillis) -> EndOutcome {
        match self.newest_window().filter(|window| window.session == end.session) {
            Some(window) => {
                window.end(now);
                EndOutcome::Over
            }
            None => EndOutcome::Unknown,
        }
    }

    /// Keeps the newest session, if it has this name. One that became idle while this shard was silent
    /// goes on: its shopper was there.
    fn keep_session(&mut self, keep: &KeepSession, now: UnixMillis) -> KeepOutcome {
        let has_left = self.left;
        let runs = |window: &&mut ShoppingWindow| {
            window.session == keep.session && window.ended_at.is_none() && now < window.ends_at
        };
        let window = self.newest_window().filter(runs);
        // Who gave the ticket up is out, also if the store forgot that the session was ended.
        let Some(window) = window.filter(|window| window.walked_in || !has_left) else {
            return KeepOutcome::Over;
        };
        window.use_at(now, Some(keep.idle_ms));
        KeepOutcome::Kept {
            until: window.over_at(),
        }
    }

    /// The window that began last: a new one begins only when the one before is over.
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

/// Until when a gate may let the shop token of a window pass.
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
