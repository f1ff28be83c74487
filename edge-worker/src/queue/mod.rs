//! The decisions of the queue, once for every runtime. Nothing here does any input or output: a
//! runtime reads what a decision depends on, asks, and writes what comes back, all or nothing.
//! `cloudflare` and `spin::store` are such runtimes.
//!
//! # Layout
//! Of one event, by its coordinator:
//! - [`event`]: the event, and what a put changes: its settings, its releases, its lease;
//! - [`declaration`]: which draws a shard may still give numbers in;
//! - [`closing`]: how a draw is closed, step by step, and its record;
//! - [`beacon`]: the public randomness that a draw waits for;
//! - [`site_health`]: whether a protected site can take people;
//! - [`shard_reports`], [`sessions`]: what shards tell of themselves, and of shopping sessions;
//! - [`room`]: who comes in without a turn, and that no more are in than may be;
//! - [`shard_tickets`]: what a shard has in one draw, and what a draw that missed it left over.
//!
//! Of one person, by their shard:
//! - [`join`]: a join, from its proof to the number;
//! - [`used_proofs`]: that a proof is used once;
//! - [`person`]: the person's tickets, claims and leaves.
//!
//! Of nobody: [`interval_counts`] counts what all instances share.

pub(crate) mod beacon;
pub(crate) mod closing;
pub(crate) mod declaration;
pub(crate) mod event;
pub(crate) mod interval_counts;
pub(crate) mod join;
pub(crate) mod person;
pub(crate) mod room;
pub(crate) mod sessions;
pub(crate) mod shard_reports;
pub(crate) mod shard_tickets;
pub(crate) mod site_health;
pub(crate) mod used_proofs;

use serde::{Deserialize, Serialize};

/// Marks one operation. The sending side repeats an operation whose answer was lost with the same
/// mark, and the store then answers as it did, instead of refusing what it has done already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Attempt(pub(crate) u64);
