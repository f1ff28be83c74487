//! Solves proofs of work, on threads of their own, no more at once than there are cores to spare.

use std::sync::Arc;

use stanchion_fan_client::FanError;
use stanchion_shared::{proof_of_work, wire::ChallengeAnswer};
use tokio::sync::Semaphore;

/// Shared by all fans. A real fan has a processor of their own; the wait for a core is this program's, not the on-sale's.
#[derive(Clone)]
pub(crate) struct ProofSolver {
    at_once: Arc<Semaphore>,
}

impl ProofSolver {
    /// Half of the cores: the rest is for the stack, which is on the same machine.
    pub(crate) fn new() -> ProofSolver {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        ProofSolver {
            at_once: Arc::new(Semaphore::new((cores / 2).max(1))),
        }
    }

    /// The solved challenge, ready for the join.
    pub(crate) async fn solve(&self, challenge: ChallengeAnswer) -> Result<String, FanError> {
        let _permit = self.at_once.acquire().await.expect("never closed");
        tokio::task::spawn_blocking(move || proof_of_work::solve(&challenge))
            .await
            .ok()
            .flatten()
            .ok_or_else(|| FanError("challenge: it has no solution".to_owned()))
    }
}
