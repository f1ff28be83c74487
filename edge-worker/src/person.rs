//! What a shard decides for one person: keep, revive or replace a ticket; open or find a shopping window. Pure: the shard
//! brings what it stored, the clock and the draw, and stores what comes back.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::digest::ShardDigest,
    identity::{Draw, Serial, Tier},
    score::{COOL_DOWN_MS, Score, Verdict},
    timestamp::UnixMillis,
};

use crate::platform::{Claim, ClaimOutcome, Held, Join, JoinOutcome, Leave, LeaveOutcome, Window};

/// Used proofs are remembered this long after they have expired, in ms: the clocks of edges differ.
pub(crate) const PROOFS_KEPT_MS: u64 = 60_000;

/// A person as a shard remembers them, for as long as the event lives. The default: nobody knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The newest ticket; the only one that can be alive. `None`: they were refused before they had one.
    pub(crate) held: Option<Held>,
    /// It was given up.
    left: bool,
    /// The worst tier a score ever gave: a later join never improves it.
    worst_tier: Tier,
    /// Length of the shopping window when it was claimed: a change of the setting does not move a window that runs.
    shopping_ms: u64,
    /// A shop token of an earlier ticket may live until then.
    busy_until: UnixMillis,
    /// The lowest score there was, with its reasons. This is the join log.
    #[serde(default)]
    lowest: Option<Score>,
    /// Every join is refused until then.
    #[serde(default)]
    refused_until: UnixMillis,
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
        }
    }
}

/// What a join does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JoinStep {
    /// This is the answer: the ticket they have stays theirs, or they are refused.
    Answer(JoinOutcome),
    /// They get a new ticket of this tier in the draw that is open, and one they have is dead.
    Number(Tier),
}

/// A number that a draw just gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    /// Life of the store, see [`stanchion_shared::lives`].
    pub(crate) epoch: u32,
    /// The draw.
    pub(crate) draw: Draw,
    /// From 0 within draw, tier and shard.
    pub(crate) number: u32,
    /// The shard's digest with it.
    pub(crate) digest: ShardDigest,
}

impl Person {
    /// With a first ticket, or with one more: the serial says how many there were.
    pub(crate) fn with_ticket(self, tier: Tier, numbered: Numbered) -> Person {
        let claimed = self.held.as_ref().and_then(|held| held.claimed.as_ref());
        let claimed_until = claimed.map_or(UnixMillis(0), |window| window.ends_at);
        Person {
            busy_until: self.busy_until.max(claimed_until),
            held: Some(Held {
                epoch: numbered.epoch,
                draw: numbered.draw,
                tier,
                number: numbered.number,
                serial: Serial(self.held.map_or(1, |held| held.serial.0 + 1)),
                digest: numbered.digest,
                claimed: None,
            }),
            left: false,
            shopping_ms: 0,
            ..self
        }
    }

    /// Judges a join while a new number would be in `draw` (`None`: there are no draws any more). Remembers the score and
    /// revives a ticket that was given up in a draw which is still open.
    pub(crate) fn join(&mut self, join: &Join, draw: Option<Draw>, now: UnixMillis) -> JoinStep {
        let tier = match self.tier(join, now) {
            Ok(tier) => tier,
            Err(refused) => return JoinStep::Answer(refused),
        };
        let Some(held) = &self.held else {
            return JoinStep::Number(tier);
        };
        if self.left {
            if draw != Some(held.draw) {
                return JoinStep::Number(tier);
            }
            self.left = false;
            return JoinStep::Answer(JoinOutcome::Holds(held.clone()));
        }
        // Only a ticket of an earlier draw can be over, and only as long as it is the one that was judged to be.
        let earlier = draw.is_none_or(|draw| held.draw < draw);
        let as_judged = join
            .replaces
            .is_some_and(|replaces| replaces.serial == held.serial && replaces.claimed == held.claimed.is_some());
        if earlier && as_judged {
            JoinStep::Number(tier)
        } else {
            JoinStep::Answer(JoinOutcome::Holds(held.clone()))
        }
    }

    /// The tier of the next ticket: the worst that a score ever gave. A score is not rolled again, so neither a better one
    /// nor a new challenge helps; a fan pass does, because it is somebody's word and not a score.
    fn tier(&mut self, join: &Join, now: UnixMillis) -> Result<Tier, JoinOutcome> {
        if let Some(score) = &join.score
            && self.lowest.as_ref().is_none_or(|lowest| score.product < lowest.product)
        {
            self.lowest = Some(score.clone());
        }
        match join.verdict {
            Verdict::Join(Tier::Verified) => return Ok(Tier::Verified),
            Verdict::Join(tier) => self.worst_tier = self.worst_tier.max(tier),
            Verdict::Refuse => {
                self.worst_tier = Tier::Suspect;
                if self.refused_until <= now {
                    self.refused_until = now.plus(COOL_DOWN_MS);
                }
            }
        }
        match &self.lowest {
            Some(score) if now < self.refused_until => Err(JoinOutcome::Refused {
                until: self.refused_until,
                score: score.clone(),
            }),
            _ => Ok(self.worst_tier),
        }
    }

    /// Finds the shopping window or opens it.
    pub(crate) fn claim(&mut self, claim: &Claim, now: UnixMillis) -> ClaimOutcome {
        let newest = newest(&mut self.held, claim.epoch, claim.serial).filter(|_| !self.left);
        let Some(held) = newest else {
            return ClaimOutcome::Dead;
        };
        if let Some(window) = &mut held.claimed {
            // Never shorter: the stops given are those that the asking edge still knows.
            let ends_at = claim.stops.end_of(window.claimed_at, self.shopping_ms);
            window.ends_at = window.ends_at.max(ends_at);
            return ClaimOutcome::Window(window.clone());
        }
        if claim.only_if_claimed {
            return ClaimOutcome::Dead;
        }
        if self.busy_until > now {
            return ClaimOutcome::Busy { until: self.busy_until };
        }
        let claimed_at = now.max(claim.turn_at);
        let window = Window {
            session: claim.session.clone(),
            claimed_at,
            ends_at: claim.stops.end_of(claimed_at, claim.shopping_ms),
        };
        self.shopping_ms = claim.shopping_ms;
        held.claimed = Some(window.clone());
        ClaimOutcome::Window(window)
    }

    /// Gives the ticket up.
    pub(crate) fn leave(&mut self, leave: &Leave) -> LeaveOutcome {
        if newest(&mut self.held, leave.epoch, leave.serial).is_none() {
            return LeaveOutcome::Dead;
        }
        self.left = true;
        LeaveOutcome::Left
    }
}

/// The ticket, if it is the one that is named. A serial alone does not tell: a life that was lost may have given it to the
/// same person.
fn newest(held: &mut Option<Held>, epoch: u32, serial: Serial) -> Option<&mut Held> {
    held.as_mut()
        .filter(|held| (held.epoch, held.serial) == (epoch, serial))
}

#[cfg(test)]
#[path = "person_tests.rs"]
mod tests;
