//! A join, as a shard decides it: whether the proof is unused, in which draw a new number would be,
//! and what that means for the person. Pure: the shard reads what the decision depends on, and
//! writes what it says in one step.

#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
use stanchion_shared::draw::membership::Windows;
use stanchion_shared::{
    ids::{Draw, Tier},
    proof_of_work::ValidProof,
    score::counts::counters,
    timestamp::UnixMillis,
};

use super::{
    Attempt,
    person::{JoinStep, Person},
    used_proofs::{self, ProofUse},
};
use crate::platform::{Join, JoinOutcome};

/// The closing of a draw begins this long after its window has ended, in ms: joins that arrived at
/// the edge in time are on their way to their shards.
pub(crate) const JOIN_GRACE_MS: u64 = 250;
/// A join counts from its arrival at the edge, if that was not longer ago than this, in ms, and its
/// shard has not frozen the draw of that instant. Edges' clocks are as far from a shard's at most.
pub(crate) const ARRIVAL_TOLERANCE_MS: u64 = 2_000;

/// What the decision depends on, as the shard read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JoinFacts<'a> {
    /// The shard's clock.
    pub(crate) now: UnixMillis,
    /// The shard gives no number in a draw up to this one any more.
    pub(crate) frozen_through: Option<Draw>,
    /// The person, if the shard knows them.
    pub(crate) person: Option<&'a Person>,
    /// The operation that used the join's proof, if one did.
    pub(crate) proof_used_by: Option<Attempt>,
}

/// What the shard does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JoinDecision<'a> {
    /// Answers. Nothing changes.
    Answer(JoinOutcome),
    /// Writes, then answers.
    Write(JoinWrite<'a>, JoinOutcome),
    /// Gives the next number of this tier in this draw, and writes in the same step, the person
    /// with the number. If the coordinator does not know yet that this shard has tickets in the
    /// draw, it is told first, and everything is decided anew.
    Number(Draw, Tier, JoinWrite<'a>),
}

/// What a join changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JoinWrite<'a> {
    /// The person as they are to be, but for a new number.
    pub(crate) person: Person,
    /// The proof, if this join uses it now.
    pub(crate) proof: Option<&'a ValidProof>,
    /// Counters of the score, each of which grows by one.
    pub(crate) counters: Vec<String>,
}

/// From when a join counts.
fn counts_from(join: &Join, now: UnixMillis) -> UnixMillis {
    join.arrived_at.clamp(now.minus(ARRIVAL_TOLERANCE_MS), now)
}

/// The draw of a join: by its arrival, but after everything that is frozen. `None` once there are no
/// draws any more.
fn draw_of(join: &Join, facts: &JoinFacts<'_>) -> Option<Draw> {
    join.windows?
        .draw_after(facts.frozen_through, counts_from(join, facts.now))
}

/// Where a script writes what was decided here a moment before: the clock of the shard at which a decision made at `now` ends to hold, because the join would then
/// count in a later window. `None`: it depends on no clock.
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
pub(crate) fn holds_until(join: &Join, windows: Windows, now: UnixMillis) -> Option<UnixMillis> {
    let draw = windows.draw_at(counts_from(join, now))?;
    let closed_at = windows.closed_at(draw);
    // A join of a clock that is ahead counts from now on, until it has arrived.
    Some(match join.arrived_at <= now {
        true => closed_at.plus(ARRIVAL_TOLERANCE_MS),
        false => closed_at,
    })
}

/// Decides `join`, which the operation `attempt` brings.
pub(crate) fn decide<'a>(join: &'a Join, attempt: Attempt, facts: &JoinFacts<'_>) -> JoinDecision<'a> {
    let judged = |proof| {
        (
            proof,
            used_proofs::judge(proof, facts.proof_used_by, attempt, facts.now),
        )
    };
    let new_proof = match join.proof.as_ref().map(judged) {
        Some((_, ProofUse::Spent)) => return JoinDecision::Answer(JoinOutcome::ProofUsed),
        Some((proof, ProofUse::First)) => Some(proof),
        Some((_, ProofUse::Repeated)) | None => None,
    };
    let draw = draw_of(join, facts);
    let mut person = facts.person.cloned().unwrap_or_default();
    let step = person.join(join, draw, facts.now);
    let is_known = facts.person == Some(&person);
    // A join that is repeated is not counted again.
    let scored = join.score.as_ref().filter(|_| new_proof.is_some());
    let write = JoinWrite {
        person,
        proof: new_proof,
        counters: scored.map_or_else(Vec::new, |score| counters(score, join.verdict)),
    };
    match (step, draw) {
        (JoinStep::Answer(outcome), _) if is_known && new_proof.is_none() => JoinDecision::Answer(outcome),
        (JoinStep::Answer(outcome), _) => JoinDecision::Write(write, outcome),
        // Nothing is written: the proof stays good for a join that finds a draw.
        (JoinStep::Number(_), None) => JoinDecision::Answer(JoinOutcome::without_draws(join)),
        (JoinStep::Number(tier), Some(draw)) => JoinDecision::Number(draw, tier, write),
    }
}

#[cfg(test)]
mod tests;
