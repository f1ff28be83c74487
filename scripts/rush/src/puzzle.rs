//! Solving proofs of work: on threads of their own, no more at once than there are cores to spare.

use std::sync::Arc;

use stanchion_shared::{human, wire::ChallengeAnswer};
use tokio::sync::Semaphore;

use crate::client::Trouble;

/// Shared by all fans. A real fan has a processor of their own; the wait here is the rush's, not the on-sale's.
#[derive(Clone)]
pub(crate) struct Solver {
    at_once: Arc<Semaphore>,
}

impl Solver {
    /// Half of the cores: the rest is for the stack, which is on the same machine.
    pub(crate) fn new() -> Solver {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Solver {
            at_once: Arc::new(Semaphore::new((cores / 2).max(1))),
        }
    }

    /// The solved challenge, ready for the join.
    pub(crate) async fn solve(&self, challenge: ChallengeAnswer) -> Result<String, Trouble> {
        let _permit = self.at_once.acquire().await.expect("never closed");
        tokio::task::spawn_blocking(move || human::solve(&challenge))
            .await
            .ok()
            .flatten()
            .ok_or_else(|| Trouble("challenge: it has no solution".to_owned()))
    }
}
