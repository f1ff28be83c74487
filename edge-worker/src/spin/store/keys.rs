//! Names of keys. What a script touches together has one hash tag, so that it is in one slot of a
//! Redis Cluster: `{event}` for the coordinator, `{event/shard}` for a shard. Event ids have no
//! braces and no slash.

use stanchion_shared::{
    ids::{Draw, EventId, Shard},
    proof_of_work::ValidProof,
    score::identifier_reuse::Identifier,
};

/// The directory of events: a sorted set, by position.
pub(super) const DIRECTORY: &str = "stanchion:{directory}:events";

/// Keys of an event's coordinator.
pub(super) struct CoordinatorKeys(String);

impl CoordinatorKeys {
    pub(super) fn new(event: &EventId) -> CoordinatorKeys {
        CoordinatorKeys(format!("stanchion:{{{event}}}:"))
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }

    /// The six that every script of the coordinator has, then `more`.
    pub(super) fn with(&self, more: &[&str]) -> Vec<String> {
        let every = [
            "event",
            "announced",
            "shard_epochs",
            "announced_epochs",
            "reports",
            "frozen_tickets",
        ];
        every.iter().chain(more).map(|name| self.key(name)).collect()
    }
}

/// Keys of a shard.
pub(super) struct ShardKeys(String);

impl ShardKeys {
    pub(super) fn new(event: &EventId, shard: Shard) -> ShardKeys {
        ShardKeys(format!("stanchion:{{{event}/{}}}:", shard.0))
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }

    pub(super) fn log(&self, draw: Draw) -> String {
        self.key(&format!("log:{}", draw.0))
    }

    pub(super) fn proof(&self, proof: &ValidProof) -> String {
        self.key(&format!("proof:{}", hex::encode(proof.challenge.0)))
    }

    /// Who used an identifier, and how many did.
    pub(super) fn identifier(&self, identifier: Identifier) -> [String; 2] {
        let name = identifier.0;
        [format!("identifier:{name}"), format!("identifier:{name}:counts")].map(|name| self.key(&name))
    }

    /// The two that every script of a shard has, then `more`.
    pub(super) fn with(&self, more: &[&str]) -> Vec<String> {
        ["shard", "open"]
            .iter()
            .chain(more)
            .map(|name| self.key(name))
            .collect()
    }
}
