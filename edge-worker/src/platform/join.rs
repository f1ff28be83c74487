//! A join: what a shard is asked, and what became of it.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::{digest::ShardDigest, membership::Windows},
    ids::{Draw, Serial, Tag, Tier},
    proof_of_work::ValidProof,
    score::{BotVerdict, Score, identifier_reuse::Identifier},
    timestamp::UnixMillis,
};

use super::ShoppingWindow;

/// Asks for a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Join {
    /// The person.
    pub tag: Tag,
    /// What the score or a fan pass gave. What a former score gave counts instead if it was worse,
    /// unless this is a pass.
    pub verdict: BotVerdict,
    /// The score, to be remembered and counted. `None` in the second step of one and the same join,
    /// and where nothing was scored.
    pub score: Option<Score>,
    /// The networks of a new account, the narrowest first: if it gets a human's ticket, they are
    /// looked at again at its turn. Empty for everybody else.
    #[serde(default)]
    pub reviewed_networks: Vec<Identifier>,
    /// Proof that is good for one join. `None` in the second step of one and the same join (with
    /// `replaces`), and where the event lets browsers without script in without one.
    pub proof: Option<ValidProof>,
    /// The event's windows, from the snapshot. `None` once nothing is left to queue for: a person
    /// who holds a ticket finds it, and nobody gets a new one.
    pub windows: Option<Windows>,
    /// The person's ticket is over because its turn passed: the shard gives a new one instead of
    /// it. The shard refuses if the ticket is not the newest, or has been claimed meanwhile.
    pub replaces: Option<Replaces>,
    /// When the request arrived at the edge, by the edge's clock: the join is in the draw of that
    /// instant, if its shard is asked soon enough.
    pub arrived_at: UnixMillis,
}

/// The ticket that is over, as the shard described it a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaces {
    /// Its serial.
    pub serial: Serial,
    /// Whether it was claimed.
    pub claimed: bool,
}

/// What became of a join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JoinOutcome {
    /// This join gave a number.
    Numbered(HeldTicket),
    /// The person holds this from before.
    Holds(HeldTicket),
    /// The proof was used before.
    ProofUsed,
    /// The join looks like a program's, now or when this person was last refused.
    Refused {
        /// Until then every join of this person is refused.
        until: UnixMillis,
        /// Why: the lowest score there was.
        score: Score,
    },
    /// Nothing is left to queue for, and the person holds nothing.
    Closed,
    /// The chain of secrets has ended: no draws any more.
    QueueEnded,
}

impl JoinOutcome {
    /// The outcome for a person who holds nothing and would need a draw, while there is none.
    #[must_use]
    pub fn without_draws(join: &Join) -> JoinOutcome {
        match join.windows {
            None => JoinOutcome::Closed,
            Some(_) => JoinOutcome::QueueEnded,
        }
    }
}

/// The newest queue ticket of a person, as their shard knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTicket {
    /// Epoch of the store, see [`stanchion_shared::epochs`].
    pub epoch: u32,
    /// The draw.
    pub draw: Draw,
    /// The tier.
    pub tier: Tier,
    /// From 0 within draw, tier and shard.
    pub number: u32,
    /// Counts the person's tickets, from 1.
    pub serial: Serial,
    /// The shard's digest right after this ticket.
    pub digest: ShardDigest,
    /// The shopping window, if the turn was claimed.
    pub claimed: Option<ShoppingWindow>,
    /// The turn was claimed in time, and no slot was free. It is kept until there is one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits_for_slot: bool,
}
