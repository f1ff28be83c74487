//! A proof, of work or of a captcha provider, is good for one join. The shard remembers which
//! operation used it, for as long as anybody could use it again.

use stanchion_shared::{proof_of_work::ValidProof, timestamp::UnixMillis};

use super::Attempt;

/// Used proofs are remembered this long after they have expired, in ms: the clocks of edges differ.
const KEPT_AFTER_EXPIRY_MS: u64 = 60_000;

/// What a proof is worth to the operation that brings it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProofUse {
    /// No operation has used it.
    First,
    /// This same operation has used it: its first answer was lost.
    Repeated,
    /// Another operation has used it, or that is not remembered any more.
    Spent,
}

/// Judges a proof that `attempt` brings, while the shard remembers that `used_by` has used it.
pub(crate) fn judge(proof: &ValidProof, used_by: Option<Attempt>, attempt: Attempt, now: UnixMillis) -> ProofUse {
    match used_by {
        _ if now > forget_at(proof) => ProofUse::Spent,
        None => ProofUse::First,
        Some(used_by) if used_by == attempt => ProofUse::Repeated,
        Some(_) => ProofUse::Spent,
    }
}

/// From then on the use of a proof need not be remembered: [`judge`] refuses the proof anyway.
pub(crate) fn forget_at(proof: &ValidProof) -> UnixMillis {
    proof.expires_at.plus(KEPT_AFTER_EXPIRY_MS)
}

/// At `now` the uses of all proofs that expired before this instant may be forgotten.
pub(crate) fn forget_expired_before(now: UnixMillis) -> UnixMillis {
    now.minus(KEPT_AFTER_EXPIRY_MS)
}

#[cfg(test)]
mod tests {
    use stanchion_shared::ids::Bytes32;

    use super::*;

    const PROOF: ValidProof = ValidProof {
        challenge: Bytes32([1; 32]),
        expires_at: UnixMillis(100_000),
    };

    #[test]
    fn a_proof_is_good_for_one_operation_however_often_that_is_repeated() {
        let judged = |used_by: Option<u64>| judge(&PROOF, used_by.map(Attempt), Attempt(7), UnixMillis(0));
        assert_eq!(judged(None), ProofUse::First);
        assert_eq!(judged(Some(7)), ProofUse::Repeated);
        assert_eq!(judged(Some(8)), ProofUse::Spent);
    }

    #[test]
    fn a_proof_whose_use_may_be_forgotten_is_spent() {
        let last = forget_at(&PROOF);
        let judged = |used_by: Option<u64>, now| judge(&PROOF, used_by.map(Attempt), Attempt(7), now);
        assert_eq!(judged(None, last), ProofUse::First);
        assert_eq!(judged(None, last.plus(1)), ProofUse::Spent);
        assert_eq!(judged(Some(7), last.plus(1)), ProofUse::Spent);
        assert!(
            PROOF.expires_at >= forget_expired_before(last),
            "it is remembered until then"
        );
        assert!(PROOF.expires_at < forget_expired_before(last.plus(1)));
    }
}
