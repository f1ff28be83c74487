//! A claim: a turn becomes a shopping session, after a new account's networks were looked at again.

use stanchion_shared::{
    ids::Tier,
    score::{Millionths, sharing::NetworkReview},
    timestamp::UnixMillis,
};

use super::{Person, PersonChange, Slot, newest, token_until};
use crate::platform::{Claim, ClaimOutcome, ShoppingWindow};

/// Finds or opens the shopping window of a ticket. A person whom the shard does not know has no
/// ticket.
pub(crate) fn claim(known: Option<&Person>, claim: &Claim, slot: Slot, now: UnixMillis) -> PersonChange<ClaimOutcome> {
    PersonChange::of(known, ClaimOutcome::Dead, |person| person.claim(claim, slot, now))
}

impl Person {
    /// Finds the shopping window or opens it.
    pub(super) fn claim(&mut self, claim: &Claim, slot: Slot, now: UnixMillis) -> ClaimOutcome {
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
}
