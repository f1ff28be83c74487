//! A join: whether the person gets a new ticket, keeps the one they have, or is refused.

use stanchion_shared::{
    ids::{Draw, Tier},
    score::{BotVerdict, COOL_DOWN_MS},
    timestamp::UnixMillis,
};

use super::Person;
use crate::platform::{Join, JoinOutcome};

/// What a join does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JoinStep {
    /// This is the answer: the person keeps the ticket they have, or is refused.
    Answer(JoinOutcome),
    /// The person gets a new ticket of this tier in the draw that is open, and one they have is
    /// dead.
    Number(Tier),
}

impl Person {
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
}
